"""Truth of several findings from a table: a row a case, a column a finding, by its code or its label."""

from collections.abc import Collection, Mapping, Sequence

from core.errors import InvalidInput
from core.study.findings import ABSENT, PRESENT, Finding
from core.study.tables import Table
from core.study.truth_csv import Fault, TruthRow, TruthSheet, case_number, text_faults

YES = {"1", "1.0", "yes", "y", "true", "pos", "positive", "+"}
NO = {"0", "0.0", "no", "n", "false", "neg", "negative", "-"}
OURS = ("case", "source", "reason")


def findings_template(case_numbers: Collection[int], findings: Sequence[Finding]) -> str:
    """Return an empty CSV to fill in, one row a case."""
    names = ["case", *(finding.code for finding in findings), "source", "reason"]
    rest = "," * (len(names) - 1)
    return "\n".join([",".join(names), *(f"{number}{rest}" for number in sorted(case_numbers))]) + "\n"


def read_findings(
    table: Table,
    *,
    findings: Sequence[Finding],
    labels: Mapping[str, str],
    case_numbers: Collection[int],
    source: str,
) -> TruthSheet:
    """Return the rows and every fault of a table of findings.

    A cell holds the code or label of a level, or 1 and 0 (yes and no) for present and absent; none may be empty.
    Raises InvalidInput when the table has not a column for the case and for each finding.
    """
    places = _places(table, findings, labels)
    rows: list[TruthRow] = []
    faults: list[Fault] = []
    seen: dict[int, int] = {}
    for line, cells in table.rows:
        given = {name: cells[at].strip() if at < len(cells) else "" for name, at in places.items()}
        number, wrong = case_number(given["case"], line, case_numbers, seen)
        levels = {}
        for finding in findings:
            level = _level(finding, given[finding.code])
            if level is None:
                said = f"“{given[finding.code][:40]}” is none of {', '.join(finding.codes)}."
                wrong = [*wrong, Fault(line, finding.code, said)]
            else:
                levels[finding.code] = level
        rests_on = given.get("source", "") or source.strip()
        wrong = [*wrong, *text_faults(line, rests_on, given.get("reason", ""))]
        faults += wrong
        if not wrong and number is not None:
            rows.append(TruthRow(line, number, "", rests_on, given.get("reason", ""), levels))
    if not rows and not faults:
        raise InvalidInput("The file has a header but no rows.")
    used = set(places.values())
    return TruthSheet(
        tuple(rows), tuple(faults), (), tuple(n for at, n in enumerate(table.header) if n and at not in used)
    )


def _places(table: Table, findings: Sequence[Finding], labels: Mapping[str, str]) -> dict[str, int]:
    header = [name.strip().casefold() for name in table.header]
    found = {name: header.index(name) for name in OURS if name in header}
    for finding in findings:
        for name in (finding.code, labels.get(finding.code, finding.code)):
            if name.casefold() in header:
                found.setdefault(finding.code, header.index(name.casefold()))
    missing = [name for name in ("case", *(finding.code for finding in findings)) if name not in found]
    if missing:
        raise InvalidInput(f"The first row must name the columns; {', '.join(missing)} not found there.")
    return found


def _level(finding: Finding, text: str) -> str | None:
    plain = text.casefold()
    for option in finding.options:
        if plain in (option.code.casefold(), option.label.casefold()):
            return option.code
    if finding.graded:
        return None
    return PRESENT if plain in YES else ABSENT if plain in NO else None
