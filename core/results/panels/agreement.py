"""How far readers agree with each other, by chance-corrected figures."""

from collections.abc import Iterator

import numpy as np
import plotly.graph_objects as go

from core.results import gaps
from core.results.blocks import Block, Chart, Choice, Gap, Heading, Row, Surface, Table
from core.results.draw.chart import DEMONSTRATION, SHADES, dress
from core.results.draw.matrices import write_in_cells
from core.results.draw.text import many, number, p_text, percent, plain
from core.results.panels.panel import Panel
from core.results.study_results import StudyResults
from core.results.truth_panel import TruthPanel, truth_panel
from core.stats.ai_agreement import CONSENSUS, AiAgreement, ai_agreement
from core.stats.analyse import Analysis, NamedAgreement
from core.stats.estimate import Floats

SIDE = 600  # pixels; a matrix stretched over a wide screen is hard to read
FEW = 14  # readers; with more of them no numbers are written into the matrix, and pairs are left out of the report
METHOD = (
    "Undecided reads are a category of their own. Intervals: Fleiss and AC1 by Gwet's linearised variance. Cochran's Q "
    "tests that all are right equally often, on cases all of them read."
)
INTRA = (
    "Cohen's kappa of the same reader's calls of the same cases in the two arms. What changed between the arms, such "
    "as seeing the AI, lowers it too."
)
WITH_AI = (
    "Cohen's kappa on cases that both called. Most readers: what more than half of those who read the case called it; "
    "cases without a majority are left out. Alike is not right: the truth plays no part."
)
PANEL_METHOD = (
    "Cases that two experts or more labelled. Share agreeing: of pairs of experts, mean over cases. Labels of members "
    "who left do not count. Each expert labelled a case once, so agreement with oneself is not known."
)
PAIRS = "Cohen's kappa with its 95 % interval (Fleiss, Cohen & Everitt 1969)."


def blocks(results: StudyResults, surface: Surface) -> Iterator[Block]:
    """Yield the coefficients of groups, then the kappas of pairs, then how far the experts behind the truth agreed."""
    found = agreement_gaps(results.analysis)
    yield from found
    if results.analysis.agreement and gaps.ONE_CASE not in found:
        yield from _readers(results.analysis, surface)
    yield from _ai(results, surface)
    yield from _experts(results)


def _readers(analysis: Analysis, surface: Surface) -> Iterator[Block]:
    yield Table("agreement", agreement_table(analysis), method=METHOD)
    if analysis.intra_reader:
        yield Table("intra", intra_table(analysis), "Each reader with themselves, in two arms.", INTRA)
    arms = tuple(dict.fromkeys(agreement.arm for agreement in analysis.agreement))
    choice = Choice("agreement_arm", "Arm", arms, arms[:1], on_paper=arms, shared=False)
    for arm in surface.choose(choice) if len(arms) > 1 else arms:
        largest = largest_set(analysis, arm)
        names, kappas, counted = kappa_matrix(analysis, arm)
        of_arm = f", {arm}" if len(arms) > 1 else ""
        yield Heading(f"Pairs{of_arm}")
        yield kappa_chart(names, kappas, n=counted, key=f"kappa-{arm}" if of_arm else "kappa")
        if not surface.paper or len(names) <= FEW:
            yield Table(f"pairs-{arm}" if of_arm else "pairs", pair_table(largest), f"{largest.group}{of_arm}.", PAIRS)


def _ai(results: StudyResults, surface: Surface) -> Iterator[Block]:
    """Each AI with the readers of the arm that is compared with it."""
    if not results.reads.has_ai:
        return
    found = ai_agreement(results.reads, results.listed)
    if surface.paper and len(results.reads.names) > FEW:
        found = tuple(one for one in found if one.reader == CONSENSUS)
    if not found:
        return
    yield Heading("The AI and the readers")
    arm = f"{results.reads.arm.capitalize()} reads. " if len(results.rows.arms) > 1 else ""
    yield Table("ai-agreement", ai_table(found), f"{arm}{DEMONSTRATION}", WITH_AI)


def ai_table(found: tuple[AiAgreement, ...]) -> list[Row]:
    """Return Cohen's kappa of each AI with what most readers called, and with each reader."""
    several = len({pair.ai for pair in found}) > 1
    return [
        {
            **({"AI": pair.ai} if several else {}),
            "with": pair.reader,
            "group": pair.group or "–",
            "kappa": number(pair.kappa),
            "share alike": percent(pair.observed),
            "cases": pair.kappa.n,
        }
        for pair in found
    ]


def _experts(results: StudyResults) -> Iterator[Block]:
    """The experts who set the truth, where a panel did."""
    found = truth_panel(results)
    if found is None:
        if results.study.protocol.reference.panel:
            yield Gap("The truth panel's agreement is not known.", "It needs two members' labels of the same case.")
        return
    yield Heading("The experts who set the truth")
    yield Table("truth-panel", [panel_row(found)], panel_note(found), PANEL_METHOD)
    if len(found.agreement.readers) > 2:
        rows = pair_table(NamedAgreement("", "", found.agreement))
        yield Table("truth-panel-pairs", rows, "Each pair of experts.", PAIRS)


def panel_row(found: TruthPanel) -> Row:
    """Return percent agreement and coefficients of the truth panel, and how its labels fell."""
    own = found.agreement
    return {
        "experts": len(own.readers),
        "cases": found.cases,
        "share agreeing": percent(own.observed),
        "Cohen's kappa" if len(own.readers) == 2 else "Fleiss' kappa": number(
            own.pairs[0].kappa if len(own.readers) == 2 else own.fleiss
        ),
        "Gwet's AC1": number(own.ac1),
        "Krippendorff's alpha": number(own.alpha),
        "all alike": found.unanimous,
        "majority": found.majority,
        "no majority": found.split,
    }


def panel_note(found: TruthPanel) -> str:
    """Return what the table of the truth panel counts."""
    said = f"Own labels of {many(len(found.agreement.readers), 'expert')}, made before any was shown to another."
    if found.split:
        said += f" {many(found.split, 'case')} without a majority: an adjudicator or the coordinator decided."
    if found.against:
        said += f" In {many(found.against, 'case')} the truth was set otherwise than most experts said."
    return said


def agreement_gaps(analysis: Analysis) -> list[Gap]:
    """Return what agreement lacks: a second reader, cases read by two, reads that differ."""
    if not analysis.agreement:
        remedy = "Loosen the filters, or plan for a second reader in the next study."
        return [Gap("Agreement needs two readers of the same cases.", remedy)]
    if max(agreement.result.n for agreement in analysis.agreement) == 1:
        return [gaps.ONE_CASE]
    without: dict[str, list[str]] = {}
    for agreement in analysis.agreement:
        if agreement.result.fleiss.value is None:
            name = f"{agreement.group} ({agreement.arm})" if agreement.arm else agreement.group
            without.setdefault(agreement.result.fleiss.reason or "it does not exist", []).append(name)
    remedy = "Kappa needs cases that two readers read, and reads of more than one category."
    return [Gap(f"No kappa of {', '.join(names)}: {reason}.", remedy) for reason, names in without.items()]


def agreement_table(analysis: Analysis) -> list[Row]:
    """Return Fleiss' kappa, AC1, alpha and Cochran's Q by group and arm."""
    return [
        {
            "group": agreement.group,
            "arm": agreement.arm or "–",
            "Fleiss' kappa": number(agreement.result.fleiss),
            "Gwet's AC1": number(agreement.result.ac1),
            "Krippendorff's alpha": number(agreement.result.alpha),
            "mean pairwise kappa": plain(agreement.result.light),
            "share agreeing": percent(agreement.result.observed),
            "Cochran's Q": plain(agreement.result.cochran_q.q, digits=2),
            "p": p_text(agreement.result.cochran_q.p)
            if agreement.result.cochran_q.p is not None
            else agreement.result.cochran_q.reason,
            "readers": len(agreement.result.readers),
            "cases": agreement.result.n,
        }
        for agreement in analysis.agreement
    ]


def pair_table(named: NamedAgreement) -> list[Row]:
    """Return Cohen's kappa of every pair of readers."""
    return [
        {"reader": pair.a, "and": pair.b, "kappa": number(pair.kappa), "cases": pair.kappa.n}
        for pair in named.result.pairs
    ]


def intra_table(analysis: Analysis) -> list[Row]:
    """Return Cohen's kappa of each reader's calls in two arms."""
    return [
        {"reader": reader.reader, "arms": f"{reader.a}, {reader.b}", "kappa": number(reader.kappa),
         "share alike": percent(reader.observed), "cases": reader.kappa.n}
        for reader in analysis.intra_reader
    ]  # fmt: skip


def largest_set(analysis: Analysis, arm: str) -> NamedAgreement:
    """Return the agreement of the most readers of an arm; there must be one."""
    return max(
        (agreement for agreement in analysis.agreement if agreement.arm == arm),
        key=lambda agreement: len(agreement.result.readers),
    )


def kappa_matrix(analysis: Analysis, arm: str) -> tuple[list[str], Floats, int]:
    """Return names, pairwise kappas (m, m; NaN where none) and the most cases a pair shares, of the largest set."""
    largest = largest_set(analysis, arm)
    names = list(largest.result.readers)
    place = {name: at for at, name in enumerate(names)}
    kappas = np.full((len(names), len(names)), np.nan)
    np.fill_diagonal(kappas, 1.0)
    for pair in largest.result.pairs:
        if pair.kappa.value is not None:
            kappas[place[pair.a], place[pair.b]] = kappas[place[pair.b], place[pair.a]] = pair.kappa.value
    return names, kappas, max((pair.kappa.n for pair in largest.result.pairs), default=0)


def kappa_chart(names: list[str], kappas: Floats, *, n: int, key: str = "kappa") -> Chart:
    """Draw pairwise kappa (m, m), NaN where it does not exist."""
    text = [["" if np.isnan(v) else f"{v:.2f}".replace("-", "−") for v in line] for line in kappas]
    figure = go.Figure(
        go.Heatmap(
            z=kappas,
            x=names,
            y=names,
            colorscale=SHADES,
            zmin=0,
            zmax=1,
            xgap=1,
            ygap=1,
            colorbar={"title": "kappa", "thickness": 12},
            hovertemplate="%{y} and %{x}<br>kappa %{z:.3f}<extra></extra>",
        )
    )
    if len(names) <= FEW:
        write_in_cells(figure, names, names, text, np.nan_to_num(kappas))
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(showgrid=False)
    note = f"Cohen's kappa of each pair on the cases both read (up to {n})."
    data = [
        {"a": names[i], "b": names[j], "kappa": None if np.isnan(kappas[i, j]) else float(kappas[i, j])}
        for i in range(len(names))
        for j in range(i + 1, len(names))
    ]
    height = min(SIDE, max(320, 120 + 26 * len(names)))
    return Chart(key, "Pairwise agreement", dress(figure, height=height), note, data, width=SIDE)


PANEL = Panel(
    address="agreement",
    title="Agreement",
    lead="Readers with each other, with the AI, and the experts behind the truth with each other.",
    icon=":material/handshake:",
    group="Readers",
    blocks=blocks,
)
