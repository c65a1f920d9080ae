"""A worker whose AI is a stand-in that takes its time, so that a test can kill it in mid-case.

usage: python slow_worker.py NAME STARTS_FILE SECONDS
"""

import sys
import time
import types
from pathlib import Path

NAME, STARTS, SECONDS = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])


def read_stored_series(series_id: int, model_name: str, model_version: str, *, on_progress: object) -> None:
    from core import clock
    from db.ai import models as ai_models
    from db.ai import reads as ai_reads
    from db.engine import open_session
    from db.permissions import SYSTEM

    with STARTS.open("a") as file:
        file.write(f"{series_id}\n")
    for step in range(10):
        on_progress("reading slices", step, 10)  # type: ignore[operator]
        time.sleep(SECONDS / 10)
    call = ai_reads.NewCall("paper", "covid", None, {"covid": 1.0}, {}, [], 1.0, SECONDS)
    with open_session() as session:
        model = next(m for m in ai_models.models(session) if m.name == model_name)
        scores = ai_reads.NewScores({}, [[0.0, 0.0, 1.0]], [0], 1.0, "cpu", {}, "test")
        ai_reads.store(
            session,
            series_id=series_id,
            model_id=model.id,
            parameters_hash="h",
            scores=scores,
            calls=[call],
            by=SYSTEM,
            at=clock.now(),
        )


stand_in = types.ModuleType("core.services.reading")
stand_in.read_stored_series = read_stored_series  # type: ignore[attr-defined]
sys.modules["core.services.reading"] = stand_in

from core.jobs.worker import run  # noqa: E402 - only after its stand-in
from core.services import model_registry  # noqa: E402 - as above

model_registry.register_all = lambda: None
run(NAME)
