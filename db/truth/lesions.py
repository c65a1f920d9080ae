"""The places of lesions, which go with the truth of the cases they lie in."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from core.errors import InvalidInput
from core.study.lesions import Place
from db.truth.records import current, sheet_of, write


def take_lesions(
    session: Session, study_id: int, places: Mapping[int, Sequence[Place]], *, reason: str = "", by: int, at: datetime
) -> int:
    """Store the places of lesions of these cases by number, all or none; return how many said something new.

    They go with the truth that the case has; a case that has lesions already needs a reason. Raises InvalidInput where
    a case has no truth yet, or a lesion of a finding that is absent there.
    """
    known = {info.case_number: info for info in current(session, study_id, by=by).values()}
    if unknown := [number for number in places if number not in known]:
        raise InvalidInput(f"Case {unknown[0]} has no truth yet; say first which findings are present.")
    sheet = sheet_of(session, study_id, by, [known[number].case_id for number in places])
    before = {case_id: truth.version for case_id, truth in sheet.newest.items()}
    for number, mine in places.items():
        there = known[number]
        levels = there.findings or {}
        for finding in sheet.study.protocol.findings:
            if any(place.finding == finding.code for place in mine) and not finding.present(levels.get(finding.code)):
                label = sheet.labels.get(finding.code, finding.code)
                raise InvalidInput(f"Case {number} has a place of {label}, which is absent there; correct one of them.")
        why = reason or ("" if there.lesions else "places of lesions added")
        said: dict[str, Any] = {
            "class_code": there.class_code,
            "source": there.source,
            "reason": why,
            "findings": levels,
        }
        write(session, sheet, there.case_id, **said, lesions=mine, by=by, at=at)
    session.flush()
    return sum(truth.version != before.get(case_id) for case_id, truth in sheet.newest.items())
