"""One stored series, read by the AI and stored again: what the worker does for each job. Loads torch."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import structlog

from core import __version__, clock
from core.ai.parameters import CLASSES
from core.ai.pipeline import CaseResult, read_volume
from core.ai.rule import RULES, patient_call
from core.ai.model_files import available_models
from core.ai.weights import Model, load_model
from core.errors import ParallaxError
from core.imaging.identity import Identity
from core.imaging.storage import VolumeStore
from core.imaging.volume import Attributes, Volume
from core.settings import settings
from db import ai_reads, cases
from db.ai_reads import NewCall
from db.engine import Session, open_session, open_view

log = structlog.get_logger()

StageProgress = Callable[[str, int, int], None]


@lru_cache(maxsize=2)
def _model(name: str, device: str) -> Model:
    return load_model(name, device=device or None)


def read_stored_series(series_id: int, model_name: str, model_version: str, *, on_progress: StageProgress) -> None:
    """Read a stored series with a model under every rule and store scores, masks, heat maps and calls.

    Raises ParallaxError when the series cannot be read.
    """
    with open_view() as session:
        case = cases.by_series(session, series_id)
    on_progress("opening", 0, 1)
    store = VolumeStore(settings().storage)
    volume = Volume(
        hu=store.hu(case.storage_key),
        spacing_mm=case.spacing_mm,
        z_mm=case.z_mm,
        affine=(),
        attributes=Attributes(**case.attributes),
        content_hash=case.storage_key,
    )
    model = _model(f"{model_name}/{model_version}", settings().device)
    result = read_volume(volume, model, on_progress=lambda done, total: on_progress("reading slices", done, total))
    on_progress("storing", 0, 1)
    store.put_array(case.storage_key, f"lungs-{model.sha256[:12]}", result.lungs)
    if result.heat is not None:
        store.put_array(case.storage_key, f"heat-{model.sha256[:12]}", result.heat)
    _store(series_id, model, result)
    on_progress("storing", 1, 1)


def register_shipped_models() -> None:
    """Make every model whose weights are on this machine known to the database."""
    with open_session() as session:
        for model in available_models():
            try:
                _register(session, model.name, model.version, model.sha256, model.card)
            except ParallaxError as error:  # one model out of order must not keep the others from working
                log.warning("model not registered", model=model.name, version=model.version, reason=str(error))


def training_keys(card: dict[str, Any]) -> list[str]:
    """Return this installation's keys of the patients a model card says trained or tuned the model."""
    manifest = card.get("manifest", {})
    names = [*manifest.get("trained", []), *manifest.get("tuned", [])]
    secret = settings().secret_bytes()
    return [Identity("patient", "", str(name)).key(secret) for name in names]


def _register(session: Session, name: str, version: str, sha256: str, card: dict[str, Any]) -> int:
    return ai_reads.register_model(
        session,
        name=name,
        version=version,
        kind="networks",
        sha256=sha256,
        classes=list(CLASSES),
        card=card,
        manifest=training_keys(card),
        at=clock.now(),
    ).id


def _store(series_id: int, model: Model, result: CaseResult) -> None:
    probabilities = [slice_.probabilities for slice_ in result.slices]
    scores = ai_reads.NewScores(
        parameters=result.parameters,
        probabilities=[list(p) if p is not None else None for p in probabilities],
        heat_slices=list(result.heat_slices),
        lung_volume_ml=result.lung_volume_ml,
        device=result.device,
        timings=result.timings,
        code_version=__version__,
    )
    with open_session() as session:
        ai_reads.store(
            session,
            series_id=series_id,
            model_id=_register(session, model.name, model.version, model.sha256, model.card),
            parameters_hash=model.parameters.hash(),
            scores=scores,
            calls=[_call(rule, result) for rule in RULES],
            at=clock.now(),
        )


def _call(rule: str, result: CaseResult) -> NewCall:
    made = patient_call([slice_.probabilities for slice_ in result.slices], rule=rule)
    return NewCall(
        rule=rule,
        call=made.label,
        failure=None,
        probabilities=result.probabilities,
        counts=made.counts,
        deciding_slices=list(made.deciding_slices),
        abnormal_share=made.abnormal_share,
        seconds=result.timings["total"],
    )
