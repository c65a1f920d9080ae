"""Clinical information of a case: what it holds, when readers see it, and how a table of it is read."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict

from core.errors import InvalidInput
from core.study.identifiers import identifying
from core.study.questions.question import NOTHING_ELSE
from core.study.tables import Table
from core.study.truth_csv import Fault, case_number
from core.study.words import Look

SEXES = {"f": "F", "female": "F", "w": "F", "m": "M", "male": "M", "o": "O", "other": "O", "d": "O"}
OLDEST = 89  # years; it stands for 89 and above
MOST_TEXT, MOST_PRIOR = 2000, 10_000  # characters
USUAL = {
    "case": {"case", "case number", "case no", "case id", "number", "fall", "fallnummer"},
    "age": {"age", "age years", "patient age", "alter"},
    "sex": {"sex", "gender", "patient sex", "geschlecht"},
    "text": {"text", "information", "clinical information", "indication", "history", "clinical history", "anamnese"},
    "prior": {"prior", "prior report", "previous report", "report", "vorbefund"},
}


SAID: dict[Look, str] = {
    Look.NEVER: "not shown",
    Look.BEFORE: "from the start",
    Look.AFTER: "after a first diagnosis",
}


@dataclass(frozen=True, slots=True)
class Clinical:
    """The part of a protocol that says when readers see the clinical information of a case, arm by arm."""

    __pydantic_config__: ClassVar[ConfigDict] = NOTHING_ELSE

    unaided: Look = Look.NEVER
    aided: Look = Look.NEVER

    def said(self) -> str:
        """Say it in words, for the report."""
        return f"without the AI {SAID[self.unaided]}, with the AI {SAID[self.aided]}"

    @property
    def used(self) -> bool:
        """Whether readers see it in any arm."""
        return (self.unaided, self.aided) != (Look.NEVER, Look.NEVER)


@dataclass(frozen=True, slots=True)
class ClinicalNote:
    """What is known of the patient of a case beside its images. Age in years, 89 stands for 89 and above."""

    age: int | None = None
    sex: str | None = None
    text: str = ""
    prior: str = ""


@dataclass(frozen=True, slots=True)
class ClinicalRow:
    """One row of a table: the information of one case, by number."""

    line: int
    case_number: int
    note: ClinicalNote


@dataclass(frozen=True, slots=True)
class ClinicalSheet:
    """What a table says; it may be taken only when `faults` is empty. `ignored` are columns that are not read."""

    rows: tuple[ClinicalRow, ...]
    faults: tuple[Fault, ...]
    ignored: tuple[str, ...]


def template(case_numbers: Collection[int]) -> str:
    """Return an empty CSV to fill in, one row a case."""
    return "\n".join([",".join(USUAL), *(f"{number},,,," for number in sorted(case_numbers))]) + "\n"


def read_clinical(table: Table, *, case_numbers: Collection[int]) -> ClinicalSheet:
    """Return the rows and every fault of a table with the columns case, age, sex, text and prior, by usual names.

    Raises InvalidInput where the column case, or every other, is not there.
    """
    places = {
        ours: place
        for ours, usual in USUAL.items()
        for place, name in enumerate(table.header)
        if " ".join(re.split(r"[\s_.]+", name.strip().lower())) in usual
    }
    if "case" not in places or len(places) < 2:
        raise InvalidInput(
            "The first row must name the columns: case, and one or more of age, sex, text and prior. "
            f"It has {', '.join(name for name in table.header if name) or 'no names'}."
        )
    rows: list[ClinicalRow] = []
    faults: list[Fault] = []
    seen: dict[int, int] = {}
    for line, cells in table.rows:
        given = {ours: cells[place].strip() if place < len(cells) else "" for ours, place in places.items()}
        number, wrong = case_number(given["case"], line, case_numbers, seen)
        age, fault = _age(given.get("age", ""), line)
        wrong += fault
        sex = SEXES.get(given.get("sex", "").lower())
        if given.get("sex") and sex is None:
            wrong.append(Fault(line, "sex", f"“{given['sex']}” is none of F, M and O."))
        for column, most in (("text", MOST_TEXT), ("prior", MOST_PRIOR)):
            words = given.get(column, "")
            if len(words) > most:
                wrong.append(Fault(line, column, f"has {len(words)} characters; {most} are the most."))
            if what := identifying(words, names=False):
                wrong.append(Fault(line, column, f"looks as if it held {what}; readers would see it."))
        note = ClinicalNote(age, sex, given.get("text", ""), given.get("prior", ""))
        if not wrong and note == ClinicalNote():
            continue  # a row of the empty table that was left empty
        faults += wrong
        if not wrong and number is not None:
            rows.append(ClinicalRow(line, number, note))
    if not rows and not faults:
        raise InvalidInput("Every row of the table is empty; fill in age, sex, text or prior of one case or more.")
    used = set(places.values())
    ignored = tuple(name for place, name in enumerate(table.header) if name and place not in used)
    return ClinicalSheet(tuple(rows), tuple(faults), ignored)


def _age(text: str, line: int) -> tuple[int | None, list[Fault]]:
    if not text:
        return None, []
    plain = re.sub(r"^0*(\d{1,3})([.,]0*|[Yy])?$", r"\1", text)  # 067Y is how DICOM writes it
    if not (plain.isascii() and plain.isdigit()) or int(plain) > 120:
        return None, [Fault(line, "age", f"“{text}” is no age in years from 0 to 120.")]
    return min(int(plain), OLDEST), []
