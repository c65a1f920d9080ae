"""The results of an unblinded study, one file a panel."""

PAGES = [  # path below pages/, title, address, icon; for the navigation
    ("coordinator/results/comparison.py", "Comparison", "comparison", ":material/compare_arrows:"),
    ("coordinator/results/confusion.py", "Confusion", "confusion", ":material/grid_on:"),
]
