"""The results of an unblinded study: one page for every panel, and those that are no panel."""

from collections.abc import Callable

from pages.coordinator.results.panel import pages

Page = tuple[str | Callable[[], None], str, str, str]
PAGES: list[Page] = [  # path below pages/ or function, title, address, icon; for the navigation
    *pages(),
    ("coordinator/results/case.py", "Case", "case", ":material/person_search:"),
    ("coordinator/results/exports.py", "Report and export", "export", ":material/description:"),
    ("coordinator/published.py", "Published study", "published", ":material/menu_book:"),
]
