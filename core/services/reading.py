"""One stored series, read by the AI and stored again: what the worker does for each job."""

from collections.abc import Callable
from functools import lru_cache

from core import __version__, clock
from core.ai.brought.contract import is_brought, parameters_hash
from core.ai.brought.reading import Brought
from core.ai.model_files import Weights
from core.ai.pipeline import read_volume
from core.ai.quality import hanging
from core.ai.result import CaseResult
from core.ai.rule import RULES, patient_call
from core.ai.weights import Model
from core.errors import NotFound
from core.imaging.storage import VolumeStore
from core.imaging.volume import Attributes, Volume
from core.services.engines import ready
from core.services.model_registry import on_disk
from core.settings import settings
from db import cases
from db.ai import models as ai_models
from db.ai import reads as ai_reads
from db.ai.reads import NewCall
from db.cases import CaseInfo
from db.engine import Session, open_session, open_view
from db.permissions import SYSTEM

Readable = Model | Brought | Weights
StageProgress = Callable[[str, int, int], None]


@lru_cache(maxsize=2)
def _loaded(name: str, sha256: str, device: str) -> Model | Brought:
    return ready(name, device=device or None)


def _model(name: str) -> Model | Brought:
    """Return a model ready to read; what was removed and added again under its name is loaded again."""
    return _loaded(name, on_disk(name).sha256, settings().device)


def read_stored_series(series_id: int, model_name: str, model_version: str, *, on_progress: StageProgress) -> None:
    """Read a stored series with a model under every rule and store scores, masks, heat maps and calls.

    Raises ParallaxError when the series cannot be read.
    """
    with open_view() as session:
        case = cases.by_series(session, series_id, by=SYSTEM)
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
    model = _model(f"{model_name}/{model_version}")
    result = read_volume(volume, model, on_progress=lambda done, total: on_progress("reading slices", done, total))
    on_progress("storing", 0, 1)
    keep(case, result, model, store)
    on_progress("storing", 1, 1)


def keep(case: CaseInfo, result: CaseResult, model: Readable, store: VolumeStore) -> None:
    """Store a read of a case, once: masks and heat maps beside the volume, scores and the call of every rule.

    Raises NotFound where the model is not registered, or not any more.
    """
    store.put_array(case.storage_key, f"lungs-{model.sha256[:12]}", result.lungs)
    if result.heat is not None:
        store.put_array(case.storage_key, f"heat-{model.sha256[:12]}", result.heat)
    _store(case.series_id, model, result)


def _registered(session: Session, model: Readable) -> int:
    """Return the registered model's id; raises ParallaxError where these weights are not, or not any more, it."""
    known = ai_models.by_name(session, model.name, model.version)
    if known is None or known.sha256 != model.sha256:
        raise NotFound(f"{model.name} {model.version} was removed or replaced while it read; let it read again.")
    return known.id


def _store(series_id: int, model: Readable, result: CaseResult) -> None:
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
            model_id=_registered(session, model),
            parameters_hash=parameters_hash(model.card),
            scores=scores,
            calls=[_own_call(result)] if is_brought(model.card) else [_call(rule, result) for rule in RULES],
            at=clock.now(),
            by=SYSTEM,
        )


def _own_call(result: CaseResult) -> NewCall:
    """Return a brought model's call, by the rule its card names."""
    return NewCall(
        rule=result.rule,
        call=result.call,
        failure=None,
        probabilities=result.probabilities,
        counts=result.counts,
        deciding_slices=list(result.deciding_slices),
        abnormal_share=result.abnormal_share,
        seconds=result.timings["total"],
        warnings=result.warnings,
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
        warnings=(*result.doubts, *hanging(made)),
    )
