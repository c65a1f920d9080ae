"""The row of a read in the long export: who, what, when, what was shown and with which software."""

import json
from datetime import datetime

from core import __version__
from core.study.words import Design
from db.engine import open_session
from tests.reading.build import MODEL, answers, study
from tests.reading.client import Wall, sign_in
from tests.reading.test_routes_day import exported


def test_every_field_of_a_read_is_in_its_row(db_url: str, wall: Wall) -> None:
    with open_session(db_url) as session:
        built = study(session, wall.now, design=Design.SEQUENTIAL, cases=1)
        ada = sign_in(session, built.readers[0], wall.now)
    start = wall.now
    for phase, code in (("unaided", "cap"), ("aided", "covid")):
        found = ada.next(built.study_id)
        token, revision = found["read"]["token"], found["draft"]["revision"]
        ada.events(token, "painted", slices_seen=7, scrolls=5, window_changes=2, screen="1366x768@1 of 1366x768")
        wall.forward(5)
        ada.events(token, "action", slices_seen=9, scrolls=8, window_changes=3)
        ada.save(token, revision, answers(code))
        wall.forward(4)
        ada.events(token, "pause")
        wall.forward(60)
        ada.events(token, "resume")
        assert ada.lock(token, revision + 1, answers(code)).status_code == 200, phase
    first, second = sorted(exported(db_url, built, wall), key=lambda row: row["locked_at"])
    assert (first["reader"], first["group"], first["years"]) == ("R1", "novice", "2.0")
    assert (first["study"], first["arm"], first["session"], first["position"]) == ("Study", "unaided", "1", "1")
    assert (first["practice"], first["case"], first["truth_version"]) == ("0", str(built.orders[0][0]), "1")
    assert [float(first[f"rating_{code}"]) for code in ("normal", "cap", "covid")] == [10, 80, 10]
    assert [row["prediction"] for row in (first, second)] == ["cap", "covid"]
    times = [
        datetime.fromisoformat(first[name])
        for name in ("shown_at", "first_action_at", "diagnosis_changed_at", "locked_at")
    ]
    assert [(time - start).total_seconds() for time in times] == [0, 5, 5, 69]
    assert (float(first["seconds"]), float(first["raw_seconds"])) == (9, 69)
    assert [first[name] for name in ("slices_seen", "scrolls", "window_changes")] == ["9", "8", "3"]
    assert (first["screen"], first["app_version"]) == ("1366x768@1 of 1366x768", __version__)
    assert not any(first[name] for name in ("ai_shown_at", "ai_model", "ai_weights_sha256", "began_with"))
    assert json.loads(first["ai_output"]) == {}
    assert second["ai_shown_at"] == first["locked_at"]
    assert (second["ai_model"], second["ai_weights_sha256"]) == (f"{MODEL} 9.9", "f" * 64)
    assert json.loads(second["ai_output"])["call"] == second["ai_call_shown"] == "covid"
    assert second["began_with"] == "filled"
