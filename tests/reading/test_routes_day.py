"""The routes over a whole day: every kind of answer, breaks, the end, a study that closes."""

import csv
import io
import json
from typing import Any

from core.study.words import StudyState
from db.engine import open_session
from db.models import Study
from tests.reading.build import Built, answers, study
from tests.reading.client import Client, Wall, reads_in, sign_in


def test_the_end_says_so(ada: Client, built: Built, wall: Wall) -> None:
    for _ in range(3):
        token = ada.next(built.study_id)["read"]["token"]
        ada.events(token, "painted")
        wall.forward(2)
        last = ada.lock(token, 0, answers()).json()
    assert last["next"]["done"]
    assert last["next"]["message"]
    assert ada.next(built.study_id) == last["next"]


def test_answers_of_every_kind_survive_draft_reload_lock_and_export_with_their_labels(db_url: str, wall: Wall) -> None:
    options = [{"code": "l", "label": "Left"}, {"code": "r", "label": "Right"}]
    kinds: list[tuple[str, dict[str, Any], Any]] = [
        ("choice", {"options": options}, "r"),
        ("choices", {"options": options}, ["r", "l"]),
        ("number", {"min": 0, "max": 90, "step": 0.5, "unit": "mm"}, 12.5),
        ("text", {"max_length": 80, "pattern": "[^0-9]*"}, "Ground glass,\nboth “lungs”"),
        ("scale", {"anchors": ["poor", "good"]}, 0),
    ]
    questions = [
        {"id": f"{kind}_{need}", "kind": kind, "label": f"{kind} {need}?", "required": need == "must", **more}
        for kind, more, _ in kinds
        for need in ("must", "may")
    ]
    for mark in ("point", "box", "length"):
        questions.append({"id": mark, "kind": "mark", "label": f"A {mark}?", "mark": mark})
        questions.append({"id": f"{mark}_may", "kind": "mark", "label": f"{mark}?", "mark": mark, "required": False})
    with open_session(db_url) as session:
        built = study(session, wall.now, questions=questions, indeterminate=True)
        ada = sign_in(session, built.readers[0], wall.now)
    points = {"point": [[3.0, 4.0]], "box": [[1.5, 2.0], [30.0, 40.0]], "length": [[0.0, 0.0], [47.0, 63.0]]}
    marks = [
        {"id": f"m{kind}", "kind": kind, "plane": "axial", "slice": 9, "points": at, "question": kind, "label": "x"}
        for kind, at in points.items()
    ]
    given = answers(answers={f"{kind}_must": value for kind, _, value in kinds}, marks=marks, key_slices=[0, 9])
    found = ada.next(built.study_id)
    token = found["read"]["token"]
    assert [question["label"] for question in found["form"]["questions"]] == [q["label"] for q in questions]
    ada.events(token, "painted")
    ada.save(token, 0, given)
    none = {"finding": None, "rating": None}  # of no finding
    shown = given | {"findings": {}, "marks": [mark | none for mark in marks]}
    assert ada.next(built.study_id)["draft"]["content"] == shown
    missing = ada.lock(token, 1, answers("indeterminate"))
    assert set(missing.json()["fields"]) == {f"answers.{kind}_must" for kind, _, _ in kinds} | {
        f"answers.{mark}" for mark in points
    }
    assert ada.lock(token, 1, given).status_code == 200
    assert reads_in(db_url)[0].content == given
    # the next case answers what is optional as well
    everything = given | {"answers": {q["id"]: value for q, value in zip(questions, _twice(kinds), strict=False)}}
    everything["marks"] = [
        *marks,
        *({**mark, "id": f"{mark['id']}2", "question": f"{mark['kind']}_may"} for mark in marks),
    ]
    token = ada.next(built.study_id)["read"]["token"]
    ada.events(token, "painted")
    assert ada.save(token, 0, everything).status_code == 200
    assert ada.lock(token, 1, everything).status_code == 200
    row, full = exported(db_url, built, wall)
    assert [row[f"answer: {kind} must?"] for kind, _, _ in kinds] == [
        "Right",
        "Right; Left",
        "12.5",
        "Ground glass,\nboth “lungs”",
        "0",
    ]
    assert {row[f"answer: {kind} may?"] for kind, _, _ in kinds} == {""}
    assert [(mark["question"], mark["points"]) for mark in json.loads(row["marks"])] == list(points.items())
    for kind, at in points.items():
        assert json.loads(row[f"answer: A {kind}?"]) == [{"slice": 9, "points": at}]
    assert row["key_slices"] == "[0, 9]"
    for kind, _, _ in kinds:
        assert full[f"answer: {kind} may?"] == full[f"answer: {kind} must?"] == row[f"answer: {kind} must?"]
    for kind, at in points.items():
        assert row[f"answer: {kind}?"] == ""
        assert json.loads(full[f"answer: {kind}?"]) == [{"slice": 9, "points": at}]


def _twice(kinds: list[tuple[str, dict[str, Any], Any]]) -> list[Any]:
    return [value for _, _, value in kinds for _ in ("must", "may")]


def exported(db_url: str, built: Built, wall: Wall) -> list[dict[str, str]]:
    """The readers' rows of the long CSV by position, as its route gives them once the study is unblinded."""
    with open_session(db_url) as session:
        session.get_one(Study, built.study_id).state = StudyState.UNBLINDED
        coordinator = sign_in(session, built.coordinator, wall.now)
    answer = coordinator.ask("GET", f"/api/studies/{built.study_id}/export/csv")
    assert answer.status_code == 200
    lines = csv.DictReader(io.StringIO(answer.text, newline=""))
    return sorted((line for line in lines if line["reader"] != "AI"), key=lambda line: int(line["position"]))


def test_a_break_is_suggested_after_so_many_cases_or_minutes(db_url: str, wall: Wall) -> None:
    with open_session(db_url) as session:
        built = study(session, wall.now, cases=8, break_after_cases=3, break_after_minutes=9)
        ada = sign_in(session, built.readers[0], wall.now)
    said = []
    for minutes in (1, 1, 1, 4, 4, 11, 1):
        token = ada.next(built.study_id)["read"]["token"]
        ada.events(token, "painted")
        wall.forward(60 * minutes)
        said.append(ada.lock(token, 0, answers()).json()["next"]["break"] is not None)
    # after the third; after 10 minutes in a row; none after eleven minutes' pause between two locks
    assert said == [False, False, True, False, True, False, False]


def test_a_closed_study_is_refused_in_the_middle_of_a_case(ada: Client, built: Built, db_url: str) -> None:
    token = ada.next(built.study_id)["read"]["token"]
    ada.events(token, "painted")
    with open_session(db_url) as session:
        session.connection().exec_driver_sql("UPDATE studies SET state = 'closed'")
    assert ada.save(token, 0, answers()).status_code == 403
    assert ada.lock(token, 0, answers()).status_code == 403
    assert [row.state for row in reads_in(db_url)] == ["open"]


def test_keys_are_kept_for_the_reader(ada: Client, built: Built) -> None:
    assert ada.ask("PUT", "/api/preferences/bindings", {"bindings": {"invert": "v"}}).status_code == 200
    assert ada.next(built.study_id)["viewer"]["bindings"] == {"invert": "v"}
    wrong: Any
    for wrong in (None, [], {"invert": 3}, {"invert": "v" * 100}, {str(n): "v" for n in range(200)}):
        assert ada.ask("PUT", "/api/preferences/bindings", {"bindings": wrong}).status_code == 422
