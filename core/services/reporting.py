"""Make the report of a study, and note that it was made, with the hash of the very file."""

from core import clock
from core.report.document import made_now, report_html
from core.report.record import sha256
from core.results.findings import asked_of
from core.results.study_results import StudyResults
from db import chain
from db.engine import open_session, open_view
from db.permissions import Actor
from db.results import rows as analysis
from db.results import taken


def report_of(study_id: int, *, by: Actor) -> str:
    """Return the report as HTML; raises as db.results.rows.rows does. The head printed is that of just before."""
    with open_view() as session:
        rows = asked_of(analysis.rows(session, study_id=study_id, by=by, detail=True))
        story = analysis.story(session, study_id=study_id, by=by)
        runs = analysis.ai_runs(session, study_id=study_id, by=by)
        head = chain.head(session)
    now = clock.now()
    text = report_html(StudyResults(rows, runs=lambda: runs), story, made=made_now(rows, at=now, head=head))
    with open_session() as session:
        taken.results(session, study_id, "report", by=by, at=now, sha256=sha256(text.encode()))
    return text
