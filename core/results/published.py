"""The published study as charts and tables: what is printed, what follows from it, and what was not reported."""

from collections.abc import Iterator

import numpy as np
import plotly.graph_objects as go

from core.results.blocks import Beside, Block, Chart, Heading, Note, Row, Table
from core.results.comparison import Dot
from core.results.draw.chart import colour_of, dress
from core.results.draw.dots import comparison_chart
from core.results.draw.text import number, percent, with_interval
from core.results.panels.confusion import confusion_chart
from core.results.rows import AI, ClassFacts, Participant, StudyFacts
from core.stats import published
from core.stats.estimate import Estimate
from core.stats.intervals import proportion
from core.study.protocol import Protocol
from core.study.words import Design, StudyState

CODES = ("normal", "CAP", "COVID-19")
NAMES = ("sensitivity", "specificity", "fpr", "fnr", "fdr", "f1")
OFF = 0.00006  # a printed figure further from the recomputed one than rounding to four decimals allows


def blocks() -> Iterator[Block]:
    """Yield the paper's figures and tables, and what does not agree or was not reported."""
    yield Heading("Figure 4: AI and readers")
    yield figure_4()
    yield minutes()
    yield Table("published-readers", readers_table(), "Wilson intervals are computed here.")
    yield Heading("Figure 2: the AI on 98 validation cases")
    yield Beside((ai_matrix(),), 440)
    yield Heading("Table 3, printed and recomputed")
    yield Table("published-3", table_3(), "⚠: the printed figure does not follow from the matrix.")
    yield Heading("Table 3 recomputed, with Wilson intervals")
    yield Table("published-3b", table_3_intervals(), "From the reconstructed matrix.")
    yield Heading("Figure 3: the readers on the same cases")
    note = "Counts nearest to the printed shares. The matrices' cells are not reported, nor normal and CAP apart."
    yield Table("published-margins", readers_margins(), note)
    yield Heading("Table 2: ablation")
    yield Table("published-2", table_2(), "As printed, 98 validation cases.")
    yield Heading("Figure 5: the AI on 130 test cases")
    note = "Another centre; readers never read these cases. Cells off the diagonal are not reported."
    yield Table("published-test", test_set(), note)
    yield Heading("Figures that do not agree")
    yield Table("published-contradictions", contradictions(), "Checked over all whole-number matrices.")
    yield Heading("Not reported")
    for sentence in published.NOT_PRINTED:
        yield Note(sentence)


def study() -> StudyFacts:
    """Return the published study as facts, so that the same figures draw it. It has no rows: cells were not printed."""
    people = tuple(Participant(reader.name, reader.group) for reader in published.READERS)
    classes = tuple(ClassFacts(code, code, "#808a96", code == "COVID-19") for code in CODES)
    return StudyFacts(
        id=0,
        title=published.SOURCE,
        design=Design.INDEPENDENT,
        state=StudyState.UNBLINDED,
        classes=classes,
        groups=("novice", "expert"),
        participants=(*(person for person in people if not person.is_ai), Participant(AI, AI)),
        cases=(),
        protocol=Protocol(),
        ais=(),
        seed=None,
        opened_at=None,
        unblinded_at=None,
    )


def figure_4() -> Chart:
    """Draw the paper's figure 4: accuracy and COVID-19 sensitivity as printed, with intervals that follow from n."""
    found: dict[str, dict[str, Estimate]] = {}
    for figure in published.recomputed():
        found.setdefault(figure.name, {})[figure.figure] = figure.estimate
    groups = {reader.name: reader.group for reader in published.READERS}
    dots = [
        Dot(name, groups[name], "ai" if groups[name] == AI else "reader", figures) for name, figures in found.items()
    ]
    columns = {name: f"{name} ({n} cases)" for name, n in (("accuracy", 98), ("COVID-19 sensitivity", 55))}
    chart = comparison_chart(study(), dots, columns, title="Figure 4 of the paper", key="published-figure-4")
    note = (
        "98 validation cases (24 normal, 19 CAP, 55 COVID-19). Points: counts nearest to print. Intervals: "
        "Wilson 95 %, computed here; the paper prints none. No test is run: which cases each got wrong is not reported."
    )
    return Chart(chart.key, chart.title, chart.figure, note, chart.data)


def minutes() -> Chart:
    """Draw the printed total times of the 98 cases."""
    readers = published.READERS
    shown = study()
    figure = go.Figure(
        go.Bar(
            x=[reader.minutes for reader in readers],
            y=[reader.name for reader in readers],
            orientation="h",
            marker={"color": [colour_of(shown, reader.group) for reader in readers]},
            text=[f"{reader.minutes:g} min ({60 * reader.minutes / 98:.1f} s a case)" for reader in readers],
            hoverinfo="skip",
        )
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(title="minutes for 98 cases")
    data = [
        {"reader": reader.name, "minutes": reader.minutes, "seconds_a_case": 60 * reader.minutes / 98}
        for reader in readers
    ]
    note = "Totals as printed; seconds a case are totals over 98. Times of single cases are not reported."
    return Chart("published-minutes", "Total time", dress(figure, height=280), note, data)


def ai_matrix() -> Chart:
    """Draw the AI's matrix on the validation cases, reconstructed from the printed figures."""
    counts = np.array(published.AI_VALIDATION, np.int64)
    reads = (
        "Reconstructed, not printed here as cells: the one whole-number matrix that meets 17 of the 21 printed figures"
    )
    return confusion_chart(study(), counts, name="AI, validation (reconstructed)", reads=reads, key="published-matrix")


def table_3() -> list[Row]:
    """Return table 3 as printed; where the reconstructed matrix says otherwise, both, marked."""
    matrix = np.array(published.AI_VALIDATION)
    made: list[Row] = []
    for place, each in enumerate(published.ai_figures()):
        printed = published.TABLE_3[each.label]
        negatives = matrix.sum() - matrix[place].sum() - matrix[:, place].sum() + matrix[place, place]
        accuracy = float((matrix[place, place] + negatives) / matrix.sum())
        values: list[float | None] = [accuracy, *(getattr(each, name).value for name in NAMES)]
        row: Row = {"class": each.label}
        for name, shown, value in zip(("Acc", "Sens", "Spe", "FPR", "FNR", "FDR", "F1"), printed, values, strict=True):
            row[name] = printed_and_recomputed(shown, value)
        made.append(row)
    return made


def printed_and_recomputed(shown: float, value: float | None) -> str:
    """Return the printed figure, and the recomputed one where the two do not agree."""
    if value is None or abs(shown - value) <= OFF:
        return f"{shown:.4f}"
    return f"{shown:.4f} ⚠ recomputed {value:.4f}"


def table_3_intervals() -> list[Row]:
    """Return the recomputed figures of the AI with Wilson intervals."""
    return [
        {"class": each.label, "cases": each.positives} | {name: number(getattr(each, name)) for name in NAMES}
        for each in published.ai_figures()
    ]


def table_2() -> list[Row]:
    """Return the ablation as printed."""
    made: list[Row] = []
    for name, row in published.ABLATION.items():
        each = {f"sensitivity {code}": percent(value, 2) for code, value in zip(CODES, row[:3], strict=True)}
        made.append({"variant": name, **each, "accuracy": percent(row[3], 2)})
    return made


def readers_table() -> list[Row]:
    """Return what is printed of each reader and what follows from it; the rest is not reported."""
    made: list[Row] = []
    for reader in published.READERS:
        figures = {each.figure: each for each in published.recomputed() if each.name == reader.name}
        made.append(
            {
                "reader": reader.name,
                "accuracy, printed": percent(reader.accuracy, 2),
                "accuracy, Wilson": with_interval(figures["accuracy"].estimate),
                "COVID-19 sensitivity, printed": percent(reader.covid_sensitivity, 2),
                "COVID-19 sensitivity, Wilson": with_interval(figures["COVID-19 sensitivity"].estimate),
                "other sensitivities": "not reported" if reader.group != AI else "see table 3",
                "confusion matrix": "not reported" if reader.group != AI else "reconstructed",
                "total time, min": reader.minutes,
                "time of single cases": "not reported",
            }
        )
    return made


def readers_margins() -> list[Row]:
    """Return what is known of figure 3, the readers' matrices: how many they got right, by two groups of truth."""
    covid, n = published.VALIDATION_CASES[2], sum(published.VALIDATION_CASES)
    made: list[Row] = []
    for reader in published.READERS:
        if reader.group == AI:
            continue
        right = round(reader.covid_sensitivity * covid)
        for truth, cases, good in (
            ("COVID-19", covid, right),
            ("normal and CAP together", n - covid, round(reader.accuracy * n) - right),
        ):
            row: Row = {"reader": reader.name, "truth": truth, "cases": cases, "right": good, "wrong": cases - good}
            made.append({**row, "what wrong ones were called": "not reported"})
    return made


def test_set() -> list[Row]:
    """Return the test set's figures as printed, with the counts and Wilson intervals that follow."""
    made: list[Row] = []
    parts = zip(CODES, published.AI_TEST_CORRECT, published.TEST_CASES, strict=True)
    rows = [("accuracy", sum(published.AI_TEST_CORRECT), sum(published.TEST_CASES)), *parts]
    for name, right, n in rows:
        label = name if name == "accuracy" else f"sensitivity {name}"
        made.append(
            {
                "figure": label,
                "printed": f"{published.TEST[name]:.4f}",
                "count": f"{right} of {n}",
                "recomputed, Wilson": with_interval(proportion(right, n), digits=2),
                "readers": "not reported",
            }
        )
    return made


def contradictions() -> list[Row]:
    """Return the printed figures and sentences that do not agree with others."""
    return [
        {
            "where": contradiction.where,
            "printed": contradiction.printed,
            "should read": contradiction.should_read,
            "why": contradiction.why,
        }
        for contradiction in published.CONTRADICTIONS
    ]
