"""A simulated study as the pages have it, and what the statistics command says of its own long export."""

import csv
import io
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from core.__main__ import build_app
from core.export.files import file_of
from core.results.rows import StudyRows
from core.results.story import AiRun
from core.results.study_results import StudyResults
from core.stats.analyse import Analysis
from core.stats.estimate import Estimate
from core.study.words import Design
from db.engine import engine_for, open_session
from db.permissions import SYSTEM
from db.results import rows as analysis
from db.simulated import Plan, seed_study

PLANS = {
    "sequential": Plan(novices=3, experts=4, cases=50, design=Design.SEQUENTIAL, missing=0.02, indeterminate=0.03),
    "independent": Plan(cases=40, missing=0.04, indeterminate=0.03, ai_failures=2, seed=3),
    "people only": Plan(cases=24, ai=False, design=Design.SEQUENTIAL, missing=0.0, indeterminate=0.0, seed=4),
    "no ratings": Plan(cases=24, ratings=False, seed=5),
}
SHORTEST = 20.0  # seconds; some simulated reads are shorter


@dataclass
class Case:
    """A study as the pages have it, and what the command says of its file."""

    results: StudyResults
    said: dict[str, Any]
    file: list[dict[str, str]]
    runs: list[AiRun]

    @property
    def rows(self) -> StudyRows:
        return self.results.rows

    @property
    def found(self) -> Analysis:
        return self.results.analysis

    @property
    def arm(self) -> str:
        """The arm that pages of one arm show."""
        return self.results.shown.arms[0]

    def of(self, key: str, **wanted: object) -> list[dict[str, Any]]:
        """What the command lists under a key, with these values."""
        return [one for one in self.said[key] if all(one[name] == value for name, value in wanted.items())]

    def one(self, key: str, **wanted: object) -> dict[str, Any]:
        (found,) = self.of(key, **wanted)
        return found

    def reader_names(self) -> list[str]:
        """Everybody who read in the arm that is shown, the AI among them."""
        return [one["reader"] for one in self.said["readers"] if one["arm"] in ("", self.arm)]

    def reader(self, name: str) -> dict[str, Any]:
        return self.one("readers", reader=name, arm="" if name == "AI" else self.arm)


@pytest.fixture(scope="session", params=list(PLANS))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Case:
    folder = tmp_path_factory.mktemp("panels")
    shutil.copy(migrated_sqlite, folder / "parallax.db")
    url = f"sqlite:///{folder}/parallax.db"
    plan = PLANS[request.param]
    with open_session(url) as session:
        protocol = (("min_plausible_s", int(SHORTEST)),)
        study = seed_study(session, replace(plan, protocol=protocol))
        rows = analysis.rows(session, study_id=study, by=SYSTEM, detail=True)
        runs = analysis.ai_runs(session, study_id=study, by=SYSTEM)
    engine_for(url).dispose()
    text = "".join(file_of(rows, "csv").pieces)
    (folder / "study.csv").write_text(text)
    command = ["analyse", str(folder / "study.csv"), "--json", "--shortest", str(SHORTEST)]
    ran = CliRunner().invoke(build_app(), command, catch_exceptions=False)
    assert ran.exit_code == 0
    return Case(
        StudyResults(rows, runs=lambda: runs), json.loads(ran.stdout), list(csv.DictReader(io.StringIO(text))), runs
    )


def estimate(said: dict[str, Any]) -> Estimate:
    """What the command wrote of a figure, as pages format it."""
    return Estimate(**{**said, "ci": tuple(said["ci"]) if said["ci"] else None})


def point(said: dict[str, Any], code: str) -> tuple[float, float]:
    figures = next(each for each in said["classes"] if each["label"] == code)
    return figures["fpr"]["value"], figures["sensitivity"]["value"]


def pair(ci: list[float] | None) -> tuple[float, float] | None:
    return None if ci is None else (ci[0], ci[1])


def arm_of(row: dict[str, object]) -> str:
    return str(row["arm"]).replace("–", "")


def minus(text: str) -> str:
    return text.replace("-", "−")


def plain(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else minus(f"{value:.{digits}f}")
