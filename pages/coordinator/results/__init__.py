"""The results of an unblinded study, one file a panel."""

PAGES = [  # path below pages/, title, address, icon; for the navigation
    ("coordinator/results/comparison.py", "Comparison", "comparison", ":material/compare_arrows:"),
    ("coordinator/results/confusion.py", "Confusion", "confusion", ":material/grid_on:"),
    ("coordinator/results/metrics.py", "Metrics", "metrics", ":material/table_chart:"),
    ("coordinator/results/roc.py", "ROC", "roc", ":material/show_chart:"),
    ("coordinator/results/mrmc.py", "MRMC", "mrmc", ":material/functions:"),
    ("coordinator/results/agreement.py", "Agreement", "agreement", ":material/handshake:"),
    ("coordinator/results/bias.py", "Automation bias", "bias", ":material/swap_horiz:"),
    ("coordinator/results/times.py", "Time and fatigue", "times", ":material/timer:"),
    ("coordinator/results/subgroups.py", "Subgroups", "subgroups", ":material/account_tree:"),
    ("coordinator/results/characteristics.py", "Characteristics", "characteristics", ":material/groups:"),
    ("coordinator/results/heat.py", "Cases and readers", "heat", ":material/view_comfy:"),
    ("coordinator/results/case.py", "Case", "case", ":material/person_search:"),
    ("coordinator/results/next_study.py", "Next study", "next", ":material/straighten:"),
    ("coordinator/results/exports.py", "Export", "export", ":material/download:"),
    ("coordinator/published.py", "Published study", "published", ":material/menu_book:"),
]
