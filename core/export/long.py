"""A study's rows as long CSV and as JSON, in pieces, so that 100,000 reads never stand in memory as text."""

import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np

from core import __version__
from core.results.rows import ARMS, StudyFacts, StudyRows
from core.spreadsheet import write_rows
from core.study.questions.question import Cell, Question

CHUNK = 2000  # rows a piece


def columns(rows: StudyRows) -> list[str]:
    """Return the header: what `python -m core analyse` reads first, then the rest of the row of a read."""
    codes = rows.study.codes
    first = ["reader", "group", "case", "truth", "prediction", *(f"prob_{code}" for code in codes), "seconds"]
    second = ["arm", "session", "attempt", "practice", *(f"rating_{code}" for code in codes)]
    third = ["study", "years", "position", "truth_version", "truth_source", "raw_seconds", "ai_call_shown", "patient"]
    third += [] if rows.assigned is None else ["assigned"]
    if not rows.extra:
        return first + second + third
    return first + second + third + list(PLAIN) + _counters(rows) + _question_headers(rows) + ["marks", "key_slices"]


PLAIN = {
    "shown_at": "shown_at",
    "loaded_at": "loaded_at",
    "first_action_at": "first_action_at",
    "diagnosis_changed_at": "diagnosis_changed_at",
    "locked_at": "locked_at",
    "attempt_reason": "attempt_reason",
    "began_with": "began_with",
    "ai_shown_at": "ai_shown_at",
    "clinical_shown_at": "clinical_shown_at",
    "first_diagnosis": "first_diagnosis",
    "ai_model": "ai_model",
    "ai_weights_sha256": "ai_weights",
    "ai_output": "ai_output",
    "app_version": "app_version",
    "screen": "screen",
}


def records(rows: StudyRows) -> Iterator[list[Cell]]:
    """Yield every row's cells in the order of `columns`. Unknown is None; times are ISO 8601 in UTC, durations s.

    In an incomplete design the reads it asks for that were not made follow, with an empty prediction.
    """
    study = rows.study
    outcomes = (*study.outcomes, None)
    counters, questions = _counters(rows) if rows.extra else [], _questions(rows)
    patients = patient_numbers(study)
    for at in range(len(rows)):
        person = study.participants[rows.participant[at]]
        case = study.cases[rows.case[at]]
        row: list[Cell] = [person.name, person.group, case.number, case.truth, outcomes[rows.call[at]]]
        row += [_number(p) for p in rows.probabilities[at]]
        row += [_number(rows.seconds[at]), "" if person.is_ai else ARMS[rows.arm[at]], int(rows.session[at])]
        row += [int(rows.attempt[at]), int(rows.practice[at]), *(_number(r) for r in rows.ratings[at])]
        row += [study.title, person.years, int(rows.position[at]), case.truth_version, case.truth_source]
        row += [_number(rows.raw_seconds[at]), outcomes[rows.ai_call[at]], patients[case.patient]]
        row += [] if rows.assigned is None else [1]
        if rows.extra:
            row += [rows.extra[name][at] for name in PLAIN.values()]
            row += _rest(rows, at, counters, questions)
        yield row
    names = columns(rows)
    for participant, case_place, arm in rows.unread():
        person, case = study.participants[participant], study.cases[case_place]
        known: dict[str, Cell] = {
            "reader": person.name,
            "group": person.group,
            "case": case.number,
            "truth": case.truth,
            "arm": ARMS[arm],
            "study": study.title,
            "years": person.years,
            "truth_version": case.truth_version,
            "truth_source": case.truth_source,
            "patient": patients[case.patient],
            "assigned": 1,
        }
        yield [known.get(name) for name in names]


def patient_numbers(study: StudyFacts) -> dict[int, int]:
    """Return a number of each patient of the study, 1 for that of its first case; cases of one patient share it."""
    return {patient: n for n, patient in enumerate(dict.fromkeys(case.patient for case in study.cases), start=1)}


def csv_pieces(rows: StudyRows) -> Iterator[str]:
    """Yield the long CSV: UTF-8, comma, quotes where needed; texts that a spreadsheet would run get a leading '."""
    buffer = io.StringIO()
    write_rows(buffer, [columns(rows)])
    for count, row in enumerate(records(rows), start=1):
        write_rows(buffer, [row])
        if count % CHUNK == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def json_pieces(rows: StudyRows) -> Iterator[str]:
    """Yield one JSON object: the study with its classes, readers, cases, protocol and AI, then `rows` as objects."""
    header = json.dumps(study_json(rows), ensure_ascii=False)
    yield f'{header[:-1]}, "rows": ['
    names = columns(rows)
    piece: list[str] = []
    for count, row in enumerate(records(rows), start=1):
        text = json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False)
        piece.append(text if count == 1 else ",\n" + text)
        if count % CHUNK == 0:
            yield "".join(piece)
            piece = []
    yield "".join(piece) + "]}\n"


def study_json(rows: StudyRows) -> dict[str, Any]:
    """Return what is known of the study beside its rows, ready for JSON. No database ids."""
    study, patients = rows.study, patient_numbers(rows.study)
    ais = [
        {"reader": ai.reader, "name": ai.name, "version": ai.version, "sha256": ai.sha256, "rule": ai.rule}
        | {"device": ai.device, "classes": ai.classes, "parameters": ai.parameters}
        | {"note": "research demonstration, not a medical device"}
        for ai in study.ais
    ]
    return {
        "software": f"Parallax {__version__}",
        "study": study.title,
        "design": study.design,
        "seed": study.seed,
        "opened_at": study.opened_at.isoformat() if study.opened_at else None,
        "unblinded_at": study.unblinded_at.isoformat() if study.unblinded_at else None,
        "classes": [
            {"code": study_class.code, "label": study_class.label, "positive": study_class.positive}
            for study_class in study.classes
        ],
        "groups": list(study.groups),
        "readers": [
            {
                "reader": participant.name,
                "group": participant.group,
                "years": participant.years,
                "withdrawn": participant.withdrawn,
            }
            for participant in study.participants
            if not participant.is_ai
        ],
        "cases": [
            {"case": case.number, "truth": case.truth, "truth_version": case.truth_version, "source": case.truth_source}
            | ({} if case.clinical is None else {"clinical": asdict(case.clinical)})
            | {
                "patient": patients[case.patient],
                "tags": list(case.tags),
                "practice": case.practice,
                "attributes": asdict(case.about),
                "panel_labels": list(case.labels),
            }
            for case in study.cases
        ],
        "protocol": study.protocol.to_json(),
        "ai": ais[0] if ais else None,  # the one that aided readers were shown
        "ais": ais,
    }


def _number(value: Any) -> float | None:
    # every digit: rounded scores would tie, and the analysis of the file would differ from the panels
    return None if np.isnan(value) else float(value)


def _counters(rows: StudyRows) -> list[str]:
    names: set[str] = set()
    for text in set(rows.extra["counters"].tolist()) - {None}:
        names |= json.loads(text).keys()
    return sorted(names)


def _questions(rows: StudyRows) -> tuple[Question, ...]:
    return rows.study.protocol.questions if rows.extra else ()


def _question_headers(rows: StudyRows) -> list[str]:
    labels = [question.label or question.id for question in _questions(rows)]
    names = [text if labels.count(text) == 1 else f"{text} ({n})" for n, text in enumerate(labels, start=1)]
    return [
        f"answer: {name}" + (f", {column}" if column else "")
        for name, question in zip(names, _questions(rows), strict=True)
        for column in question.columns
    ]


def _rest(rows: StudyRows, at: int, counters: list[str], questions: tuple[Question, ...]) -> list[Cell]:
    content = json.loads(rows.extra["content"][at] or "{}")
    counted = json.loads(rows.extra["counters"][at] or "{}")
    return [
        *(_cell(counted.get(name)) for name in counters),
        *(_cell(cell) for question in questions for cell in question.cells(question.answer(content))),
        _cell(content.get("marks") or None),
        _cell(content.get("key_slices") or None),
    ]


def _cell(value: Any) -> Cell:
    return value if value is None or isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False)
