"""The AIs of a study beside each other: what they are, AI against AI, each against groups, and where they differ."""

from collections.abc import Iterator

import numpy as np

from core.results.blocks import Block, Heading, Note, Row, Table
from core.results.draw.text import p_text, plain, points, points_between, span
from core.results.grids import outcome_labels
from core.results.rows import AiFacts, StudyFacts
from core.results.study_results import StudyResults
from core.stats.ai_pairs import AiContest
from core.stats.confusion import MISSING

METHOD = (
    "AI minus AI, the later one minus the earlier as the study lists them: Tango's interval and score test for "
    "proportions, DeLong for areas, else jackknife over cases. AI minus a group as in the comparison with readers. "
    "Holm over all comparisons of the figure: every pair of AIs, and every AI with every group and all readers. "
    "Exploratory unless prespecified."
)
DIFFER = "Cases on which the AIs do not say the same. Right: the call is the truth."


def ai_blocks(results: StudyResults, *, links: bool) -> Iterator[Block]:
    """Yield the comparison of the AIs; nothing where there is one. `links` gives each case the address of its page."""
    study = results.study
    if len(study.ais) < 2:
        return
    yield Heading("AI against AI")
    if len(results.rows.arms) > 1 or "aided" in results.rows.arms:
        yield Note(f"Aided readers were shown {study.ais[0].title} and no other AI.")
    yield Table("ais", ais_table(results), "The AIs as the study froze them.")
    yield Table("ais-compared", contest_table(study, results.analysis.ais_compared), method=METHOD)
    rows = differing_cases(results, links=links)
    if rows:
        yield Table("ais-differ", rows, DIFFER, links=("open",) if links else ())
    else:
        yield Note("The AIs say the same of every case.")


def ais_table(results: StudyResults) -> list[Row]:
    """Return one row an AI: version, weights, rule, what its classes count as, reads and failures."""
    counted = {reader.reader: reader for reader in results.analysis.readers}
    return [
        {
            "AI": ai.reader,
            "rule": ai.rule,
            "SHA-256": ai.sha256[:12],
            "classes": classes_in_words(results.study, ai),
            "reads": counted[ai.reader].n if ai.reader in counted else 0,
            "failures": counted[ai.reader].failures if ai.reader in counted else 0,
        }
        for ai in results.study.ais
    ]


def classes_in_words(study: StudyFacts, ai: AiFacts) -> str:
    """Return what an AI's classes count as: "cap and covid count as Pneumonia; other is left out"."""
    said = []
    for study_class in study.classes:
        names = [name for name, code in ai.classes.items() if code == study_class.code]
        if names:
            said.append(f"{' and '.join(names)} count{'s' * (len(names) == 1)} as {study_class.label}")
    left = [name for name, code in ai.classes.items() if code is None]
    if left:
        said.append(f"{' and '.join(left)} {'is' if len(left) == 1 else 'are'} left out")
    return "; ".join(said)


def contest_table(study: StudyFacts, contests: tuple[AiContest, ...]) -> list[Row]:
    """Return AI minus AI and AI minus group, figure by figure, with p by Holm; areas in their own units."""
    rows: list[Row] = []
    for contest in contests:
        one, test = contest.comparison, contest.comparison.result
        whole = one.figure.startswith(("AUC", "macro", "kappa"))
        ci = test.ci if test else None
        rows.append(
            {
                "figure": study.figure_label(one.figure),
                "AI": one.ai,
                "minus": one.group,
                "arm": one.arm or "–",
                "difference": f"– ({one.reason})"
                if test is None
                else plain(test.difference)
                if whole
                else points(test.difference),
                "95 % interval": span(ci) if whole else points_between(ci),
                "p": p_text(test.p) if test else "–",
                "p (Holm)": p_text(contest.p_holm),
                "cases": one.cases,
            }
        )
    return rows


def differing_cases(results: StudyResults, *, links: bool) -> list[Row]:
    """Return the cases on which AIs say different things: truth, and what each says."""
    study, table = results.study, results.table
    if len(table.ais) < 2:
        return []
    calls = np.stack([ai.prediction for ai in table.ais])
    words = {MISSING: "not read", **outcome_labels(study)}
    rows: list[Row] = []
    for at in np.flatnonzero((calls != calls[0]).any(axis=0)).tolist():
        truth = int(table.truth[at])
        row: Row = {"case": int(table.cases[at]), "truth": study.classes[truth].label}
        for ai in table.ais:
            call = int(ai.prediction[at])
            row[ai.name] = words[call] + (", right" if call == truth else "")
        if links:
            row["open"] = f"case?study={study.id}&case={table.cases[at]}"
        rows.append(row)
    return rows
