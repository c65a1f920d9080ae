"""Draw the blocks of a results panel, and ask for what somebody can choose."""

from collections.abc import Iterable
from typing import Any, Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.results.blocks import (
    Beside,
    Block,
    Chart,
    Choice,
    Code,
    Facts,
    Gap,
    Heading,
    Note,
    Number,
    OpenCase,
    Table,
)
from pages.components.charts import show_chart
from pages.components.tables import missing, show_table

CONTROL = 260  # pixels


class Screen:
    """A page as a surface: choices become widgets, beside each other where nothing is drawn between them."""

    paper = False

    def __init__(self, *, narrow: bool) -> None:
        self.narrow = narrow
        self._row: DeltaGenerator | None = None

    def show(self, blocks: Iterable[Block]) -> None:
        """Draw blocks from the top down as they are made."""
        for block in blocks:
            self._row = None
            show_block(block)

    def choose(self, choice: Choice) -> tuple[str, ...]:
        """Return the options chosen in a widget whose value is part of the address if it is shared."""
        bind: Literal["query-params"] | None = "query-params" if choice.shared else None
        with self._controls():
            if choice.look == "many":
                return tuple(
                    st.multiselect(
                        choice.label,
                        choice.options,
                        default=choice.default,
                        format_func=choice.named,
                        key=choice.key,
                        placeholder="choose",
                        bind=bind,
                    )
                )
            if choice.look == "list":
                place = choice.options.index(choice.default[0])
                return (
                    st.selectbox(
                        choice.label,
                        choice.options,
                        index=place,
                        format_func=choice.named,
                        key=choice.key,
                        width=CONTROL,
                        bind=bind,
                    ),
                )
            return (
                st.segmented_control(
                    choice.label,
                    choice.options,
                    default=choice.default[0],
                    required=True,
                    format_func=choice.named,
                    key=choice.key,
                    bind=bind,
                ),
            )

    def number(self, number: Number) -> float | None:
        """Return the number given in a widget."""
        whole = all(value is None or float(value).is_integer() for value in (number.value, number.step, number.low))
        kind: Any = int if whole else float  # the widget takes numbers of one kind
        with self._controls():
            given: Any = st.number_input(
                number.label,
                kind(number.low),
                kind(number.high),
                None if number.value is None else kind(number.value),
                kind(number.step),
                key=number.key,
                help=number.help or None,
                placeholder=number.placeholder or None,
                width=CONTROL,
            )
        return None if given is None else float(given)

    def _controls(self) -> DeltaGenerator:
        if self._row is None:
            self._row = st.container(horizontal=True)
        return self._row


def show_block(block: Block) -> None:
    """Draw one block."""
    match block:
        case Heading():
            st.subheader(block.text)
        case Note(kind="verdict"):
            st.markdown(f"**{block.text}**")
        case Note(kind="said"):
            st.markdown(block.text)
        case Note(kind="warn"):
            st.warning(block.text)
        case Note():
            st.caption(block.text)
        case Gap():
            missing(block.what, block.remedy)
        case Table():
            show_table(block)
        case Chart():
            _chart(block)
        case Beside():
            with st.container(horizontal=True, gap="large"):
                for chart in block.charts:
                    with st.container(width=block.width):
                        _chart(chart)
        case OpenCase():
            st.page_link(
                "coordinator/results/case.py",
                label=f"Open case {block.number}",
                icon=":material/open_in_new:",
                query_params={"case": str(block.number), "study": str(block.study_id)},
            )
        case Code():
            st.code(block.text, language="sh", wrap_lines=True)
        case Facts():
            show_table(Table("facts", [{"": name, " ": str(value)} for name, value in block.pairs.items()]))


def _chart(chart: Chart) -> None:
    with st.container(width=chart.width or "stretch"):
        place = show_chart(chart)
        if place is not None and chart.picked is not None:
            for block in chart.picked(place):
                show_block(block)
