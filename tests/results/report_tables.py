"""The tables of a study's report as plain lists: what tests/golden/report holds.

Write the goldens again, and look at what changed in them, with `python -m tests.results.report_tables`.
"""

import json
import sys
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy.orm import Session

from core.report.document import made_now, report_html
from core.results.study_results import StudyResults
from core.study.words import Design
from db.engine import engine_for, open_session
from db.migrate import migrate
from db.permissions import SYSTEM
from db.results import rows as analysis
from db.simulated import Plan, seed_study
from tests.conftest import NOW

GOLDEN = Path(__file__).parents[1] / "golden" / "report"
AGAINST_NOVICES = {"hypothesis": "superiority", "comparator": "novice", "subgroups": ["sex", "age"], "age_cut": 60}
OF_READING_WITH_AI = {
    "hypothesis": "superiority", "comparison": "aided_vs_unaided", "comparator": "all", "multiplicity": "holm",
    "family": ["sensitivity covid", "macro_f1"],
}  # fmt: skip
PLANS = {
    "independent": Plan(cases=40, missing=0.04, indeterminate=0.03, ai_failures=2, seed=3,
                        protocol=(("prespecification", AGAINST_NOVICES),)),
    "sequential": Plan(cases=36, novices=3, experts=3, design=Design.SEQUENTIAL, missing=0.02, indeterminate=0.03,
                       seed=4, protocol=(("prespecification", OF_READING_WITH_AI), ("min_plausible_s", 15))),
    "thin": Plan(cases=3, novices=1, experts=0, practice=0, missing=0.0, indeterminate=0.0, ai_failures=0, seed=5),
}  # fmt: skip
NO_RESULTS = ("Protocol", "Checklists")  # sections that repeat what was entered
Content = list[dict[str, Any]]


class Tables(HTMLParser):
    """Collects tables, verdicts and the texts of drawings, each under the headings it stands below."""

    def __init__(self) -> None:
        super().__init__()
        self.content: Content = []
        self.section, self.below = "", ""
        self.row: list[str] = []
        self.text: list[str] | None = None
        self.head = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        verdict = tag == "p" and dict(attrs).get("class") == "verdict"
        if tag in ("h2", "h3", "th", "td", "text") or verdict:
            self.text = []
        if tag in ("thead", "tbody"):
            self.head = tag == "thead"
        if tag == "table":
            self.content.append({"section": self.section, "below": self.below, "columns": [], "rows": []})
        if tag == "svg":
            self.content.append({"section": self.section, "texts": []})

    def handle_data(self, data: str) -> None:
        if self.text is not None:
            self.text.append(data)

    def handle_endtag(self, tag: str) -> None:
        text = " ".join("".join(self.text or []).split())
        if tag == "h2":
            self.section, self.below = text, ""
        elif tag == "h3":
            self.below = text
        elif tag in ("th", "td"):
            (self.content[-1]["columns"] if self.head else self.row).append(text)
        elif tag == "tr" and self.row:
            self.content[-1]["rows"].append(self.row)
            self.row = []
        elif tag == "text" and self.text is not None:
            self.content[-1]["texts"].append(text)
        elif tag == "p" and self.text is not None:
            self.content.append({"section": self.section, "texts": [text]})
        if tag in ("h2", "h3", "th", "td", "text", "p"):
            self.text = None


def content_of(html: str) -> Content:
    """Every table, verdict and drawing with results in a report."""
    parser = Tables()
    parser.feed(html)
    return [one for one in parser.content if one["section"] not in NO_RESULTS]


def report_content(session: Session, plan: Plan) -> Content:
    """The same of the report of a simulated study."""
    study = seed_study(session, plan)
    rows = analysis.rows(session, study_id=study, by=SYSTEM, detail=True)
    runs = analysis.ai_runs(session, study_id=study, by=SYSTEM)
    story = analysis.story(session, study_id=study, by=SYSTEM)
    return content_of(report_html(StudyResults(rows, runs=lambda: runs), story, made=made_now(rows, at=NOW, head="")))


def as_text(content: Content) -> str:
    """JSON with a row a line, so that a change shows as one line."""
    parts = []
    for one in content:
        lines = one.get("rows", [])
        head = json.dumps({name: value for name, value in one.items() if name != "rows"}, ensure_ascii=False)
        rows = ",\n".join(f"  {json.dumps(line, ensure_ascii=False)}" for line in lines)
        parts.append(f'{head[:-1]}, "rows": [\n{rows}\n]}}' if lines else head)
    return "[\n" + ",\n".join(parts) + "\n]\n"


def main(folder: Path) -> None:
    """Write every golden."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, plan in PLANS.items():
        with TemporaryDirectory() as place:
            url = f"sqlite:///{place}/study.db"
            migrate(url)
            with open_session(url) as session:
                text = as_text(report_content(session, plan))
            engine_for(url).dispose()
        (folder / f"{name}.json").write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else GOLDEN)
