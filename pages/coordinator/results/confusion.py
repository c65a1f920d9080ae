"""Who called what: the paper's figures 2, 3 and 5 for this study. A click on a cell lists its cases."""

import streamlit as st

from core.results.draw.chart import many, plural
from core.results.draw.matrices import confusion_chart
from core.results.gaps import confusion_gaps
from core.results.grids import Grid, cases_in_cell, cases_read, confusion, grid_of
from core.results.rows import StudyFacts
from pages.components.charts import show
from pages.components.filters import results_view
from pages.components.tables import say, show_table

FIRST = 3  # readers shown before any is chosen
SIDE = 440  # pixels; matrices wrap on a narrow screen


def page() -> None:
    """Draw a matrix for the AI, each group pooled, and the reader chosen."""
    view = results_view("Confusion", "Truth in rows, what was called in columns. Click a cell to see its cases.")
    study, grid = view.study, grid_of(view.rows)
    shown = [("AI", [grid.ai])] if grid.ai is not None and grid.members("AI") else []
    say(confusion_gaps(view.rows))
    groups = [(group, members) for group in study.groups if len(members := grid.members(group)) > 1]
    shown += [(f"{plural(group)}, pooled", members) for group, members in groups]
    arms = len(view.rows.arms)
    if arms > 1:
        st.caption(f"Readers' {grid.arm} reads; choose the other arm under Filters.")
    _matrices(study, grid, shown, arms)
    names = {grid.people[at].name: at for at in grid.readers}
    if not names:
        return
    st.subheader("Single readers")
    chosen = st.multiselect(
        "Readers", list(names), default=list(names)[:FIRST], key="reader", bind="query-params", placeholder="choose"
    )
    _matrices(study, grid, [(name, [names[name]]) for name in chosen], arms)


def _matrices(study: StudyFacts, grid: Grid, shown: list[tuple[str, list[int]]], arms: int) -> None:
    with st.container(horizontal=True, gap="large"):
        for name, members in shown:
            with st.container(width=SIDE):
                _matrix(study, grid, name, members, arms)


def _matrix(study: StudyFacts, grid: Grid, name: str, members: list[int], arms: int) -> None:
    counts = confusion(grid, members, classes=len(study.codes))
    arm = f"{grid.arm} " if name != "AI" and arms > 1 else ""
    reads = f"{many(int(counts.sum()), f'{arm}read')} of {many(cases_read(grid, members), 'case')}"
    if len(members) > 1:
        reads += f" by {len(members)} readers, pooled: no interval, reads of one case are not independent"
    key = f"confusion-{name}"
    picked = show(confusion_chart(study, counts, name=name, reads=reads, key=key), selectable=True)
    points = picked["selection"]["points"] if picked else []
    if points:
        truth, called = points[0]["customdata"]
        _cell_cases(study, grid, members, int(truth), str(called), key)


def _cell_cases(study: StudyFacts, grid: Grid, members: list[int], truth: int, called: str, key: str) -> None:
    found = cases_in_cell(study, grid, members, truth=truth, called=called)
    rows = [
        {"case": number, "read so by": ", ".join(readers), "open": f"case?study={study.id}&case={number}"}
        for number, readers in found
    ]
    st.caption(f"Truth {study.classes[truth].label}, read as {called}: {many(len(rows), 'case')}.")
    show_table(rows, key=f"cell-{key}", links=("open",))


page()
