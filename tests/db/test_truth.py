import pytest
from sqlalchemy import delete, event, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.errors import Forbidden, InvalidInput
from core.study.protocol import Protocol
from core.study.truth_csv import TruthRow, read_truth_csv
from db import audit
from db.models import Truth
from db.permissions import SYSTEM
from db.study import design as study_design
from db.study import info as study_info
from db.study import readers as study_readers
from db.truth import members as panel_members
from db.truth import records as truth
from tests.study import builder
from tests.study.builder import AT


def test_a_correction_is_a_new_version_with_author_and_reason(session: Session):
    made, me = builder.study(session), builder.coordinator(session)
    case = study_info.cases(session, made.id, by=SYSTEM)[0].case.id
    truth.record(session, made.id, case, class_code="cap", source="CT", by=me, at=AT)
    truth.record(session, made.id, case, class_code="cap", source="CT", by=me, at=AT)
    with pytest.raises(InvalidInput, match="reason"):
        truth.record(session, made.id, case, class_code="covid", source="PCR", by=me, at=AT)
    truth.record(session, made.id, case, class_code="covid", source="PCR", reason="late PCR", by=me, at=AT)
    newest, oldest = truth.history(session, made.id, case, by=SYSTEM)
    assert (newest.version, newest.class_code, newest.reason, newest.author) == (2, "covid", "late PCR", "Coordinator")
    assert (oldest.version, oldest.class_code) == (1, "cap")
    assert truth.current(session, made.id, by=SYSTEM)[case] == newest
    trail = str([event.detail for event in audit.events(session, study_id=made.id, by=SYSTEM)])
    assert not any(word in trail for word in ("covid", "late PCR"))  # who reads here may see the trail


def test_no_version_of_a_truth_can_be_changed_or_removed(session: Session):
    made, me = builder.study(session), builder.coordinator(session)
    case = study_info.cases(session, made.id, by=SYSTEM)[0].case.id
    truth.record(session, made.id, case, class_code="cap", source="CT", by=me, at=AT)
    for statement in (update(Truth).values(class_code="covid"), delete(Truth)):
        with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
            session.execute(statement)


def test_a_reader_of_the_study_authors_truth_only_where_the_protocol_says_so(session: Session):
    made, me = builder.study(session, readers=0), builder.coordinator(session)
    other = builder.account(session, "reading_coordinator", role="coordinator")
    builder.share(session, made.id, other)
    study_readers.add_reader(session, made.id, other, group="Experts", by=me, at=AT)
    case = study_info.cases(session, made.id, by=SYSTEM)[0].case.id
    with pytest.raises(Forbidden, match="reads in this study"):
        truth.record(session, made.id, case, class_code="cap", source="CT", by=other, at=AT)
    with pytest.raises(Forbidden, match="reads in this study"):
        panel_members.add_member(session, made.id, other, by=me, at=AT)
    study_design.save_protocol(session, made.id, Protocol(readers_may_author_truth=True), by=me, at=AT)
    assert truth.record(session, made.id, case, class_code="cap", source="CT", by=other, at=AT).version == 1


def test_readers_never_enter_truth(session: Session):
    made = builder.study(session)
    case = study_info.cases(session, made.id, by=SYSTEM)[0].case.id
    outsider = builder.account(session, "outsider")
    with pytest.raises(Forbidden, match="not shared"):
        truth.record(session, made.id, case, class_code="cap", source="CT", by=outsider, at=AT)


def test_a_sheet_is_taken_whole_or_not_at_all(session: Session):
    made, me = builder.study(session, cases_=3), builder.coordinator(session)
    numbers = [case.case.number for case in study_info.cases(session, made.id, by=SYSTEM)]
    rows = [TruthRow(2 + n, number, "cap", "CT", "") for n, number in enumerate(numbers)]
    assert truth.take(session, made.id, rows, by=me, at=AT) == 3
    assert truth.take(session, made.id, rows, by=me, at=AT) == 0
    changed = [TruthRow(2, numbers[0], "covid", "PCR", "late PCR"), TruthRow(3, numbers[1], "covid", "PCR", "")]
    changes, faults = truth.preview(session, made.id, changed, by=SYSTEM)
    assert [(change.kind, change.before) for change in changes] == [("correction", "cap")] * 2
    assert [(fault.row, fault.column) for fault in faults] == [(3, "reason")]
    with pytest.raises(InvalidInput, match="Row 3, reason"):
        truth.take(session, made.id, changed, by=me, at=AT)
    assert {info.class_code for info in truth.current(session, made.id, by=SYSTEM).values()} == {"cap"}


@pytest.mark.parametrize("text", ["PCR of 2021-03-04", "PCR, patient 1234567", "see DOE^JANE", "scan_17.dcm"])
def test_what_looks_like_an_identifier_is_never_kept_as_source_or_reason(session: Session, text: str):
    made, me = builder.study(session), builder.coordinator(session)
    case = study_info.cases(session, made.id, by=SYSTEM)[0].case
    with pytest.raises(InvalidInput, match="kept for good"):
        truth.record(session, made.id, case.id, class_code="cap", source=text, by=me, at=AT)
    with pytest.raises(InvalidInput, match="kept for good"):
        truth.record(session, made.id, case.id, class_code="cap", source="PCR", reason=text, by=me, at=AT)
    sheet = read_truth_csv(
        f'case,diagnosis,source\n{case.number},cap,"{text}"\n'.encode(),
        classes={"cap": "Pneumonia"},
        case_numbers={case.number},
        source="",
    )
    assert [(fault.row, fault.column) for fault in sheet.faults] == [(2, "source")]


def test_taking_a_table_asks_the_database_once_for_all_rows_not_for_each(session: Session):
    made, me = builder.study(session, cases_=30), builder.coordinator(session)
    numbers = [case.case.number for case in study_info.cases(session, made.id, by=SYSTEM)]
    rows = [TruthRow(line, number, "cap", "CT", "") for line, number in enumerate(numbers, start=2)]
    said: list[str] = []
    bind = session.get_bind()
    event.listen(bind, "before_cursor_execute", lambda *given: said.append(given[2]))
    assert truth.take(session, made.id, rows, by=me, at=AT) == 30
    written = [text for text in said if text.startswith("INSERT")]
    assert len(written) <= 2 * len(rows)  # its version and its event in the trail
    assert len(said) - len(written) < 30
