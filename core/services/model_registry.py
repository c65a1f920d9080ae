"""Models of one's own: added whole or not at all, handed on as one file, and removed. Loads torch to add one."""

import shutil
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import structlog

from core import clock
from core.ai.card import KEYS
from core.ai.model_files import Weights, available_models, named, own_models
from core.ai.model_zip import pack, write_card
from core.ai.new_model import NewModel
from core.ai.parameters import CLASSES
from core.errors import Conflict, NotFound, ParallaxError
from core.imaging.identity import Identity
from core.services import model_shelf
from core.settings import settings
from db import permissions
from db.ai import models as ai_models
from db.ai.models import ModelInfo
from db.engine import Session, open_session, open_view
from db.permissions import SYSTEM, Actor, Task

log = structlog.get_logger()

ABANDONED_S = 3600.0  # age of a half-made model that a killed process left behind


@dataclass(frozen=True, slots=True)
class Added:
    """A model that was added, with what its trial read came to."""

    name: str
    version: str
    sha256: str
    trial: dict[str, Any]


def add(files: Sequence[Path], new: NewModel, *, by: Actor) -> Added:
    """Check weights, try them on procedural chests, and make them a model that studies can pin.

    Whatever fails, nothing of it stays. Raises ParallaxError saying what to mend; Conflict where name and version are
    taken.
    """
    with open_view() as session:
        permissions.require_task(session, by, Task.MODELS)
    register_all()  # a shipped model is known, and the default, before an own one comes beside it
    if new.name and new.version:
        _check_free(new.name, new.version)  # before any work; asked again at the end
    from core.ai.adding import lay_out
    from core.ai.weights import load_weights
    from core.training.trial import trial

    place = _place()
    try:
        weights = lay_out(files, new, place, secret=settings().secret_bytes())
        _check_free(weights.name, weights.version, weights.sha256)
        card = weights.card
        if not weights.brought:  # such a one ran when it was laid out
            card = {**card, "trial": trial(load_weights(weights))}
            write_card(weights.slices.parent, card)
        _take_in(weights, card, by)
    except OSError as error:
        raise ParallaxError(f"The model could not be stored ({error.strerror}); check the disk.") from None
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return Added(weights.name, weights.version, weights.sha256, card["trial"])


def find(name: str) -> ModelInfo:
    """Return the registered model NAME/VERSION; raises NotFound."""
    model, _, version = name.partition("/")
    with open_view() as session:
        known = ai_models.by_name(session, model, version)
    if known is None:
        raise NotFound(f"No model {name} is registered; `python -m core models list` shows those that are.")
    return known


def remove(model_id: int, *, by: Actor) -> ModelInfo:
    """Take an own model from the registry and its weights from this machine and the shared storage.

    Raises ParallaxError where a study pins it or it was shipped.
    """
    with open_session() as session:
        gone = ai_models.remove(session, model_id, by=by, at=clock.now())
    model_shelf.delete(gone.name, gone.version)
    folder = own_models() / gone.name / gone.version
    if folder.is_dir():
        leaving = _place()
        folder.rename(leaving)  # at once out of sight; deleting takes longer
        shutil.rmtree(leaving, ignore_errors=True)
        if not any(folder.parent.iterdir()):
            folder.parent.rmdir()
    return gone


def export(name: str, target: Path) -> Weights:
    """Write a model of this machine, NAME or NAME/VERSION, to a zip; raises ParallaxError."""
    weights = on_disk(name)
    pack(weights, target)
    return weights


def on_disk(name: str) -> Weights:
    """Return a model's files, fetched from the shared storage where this machine lacks them; raises NotFound."""
    model, _, version = name.partition("/")
    if version:
        model_shelf.check_there(model, version)
    return named(name)


def register_all() -> None:
    """Make every model whose weights are on this machine known to the database."""
    with open_session() as session:
        for weights in available_models():
            try:
                register(session, weights)
            except ParallaxError as error:  # one model out of order must not keep the others from working
                log.warning("model not registered", model=weights.name, version=weights.version, reason=str(error))


def register(session: Session, weights: Weights, *, by: Actor = SYSTEM, added: bool = False) -> ModelInfo:
    """Make a model known to the database; a removed one only when somebody `added` it again.

    Raises Conflict for other weights under its name and version.
    """
    return ai_models.register_model(
        session,
        name=weights.name,
        version=weights.version,
        kind="networks",
        sha256=weights.sha256,
        classes=list(weights.card["classes"] if weights.brought else CLASSES),
        card=weights.card,
        manifest=training_keys(weights.card),
        at=clock.now(),
        by=by,
        added=added,
        origin="shipped" if weights.shipped else "own",
    )


def training_keys(card: dict[str, Any]) -> list[str]:
    """Return this installation's keys of the patients a model card says trained or tuned the model."""
    manifest = card.get("manifest", {})
    names = [*manifest.get("trained", []), *manifest.get("tuned", [])]
    secret = settings().secret_bytes()
    keys = [*(Identity("patient", "", str(name)).key(secret) for name in names), *manifest.get(KEYS, [])]
    return list(dict.fromkeys(keys))


def _check_free(name: str, version: str, sha256: str | None = None) -> None:
    taken = Conflict(f"There is a model {name} {version} already; a version is frozen, so give this one a new version.")
    wanted = (name.casefold(), version.casefold())  # some file systems know no difference
    if wanted in {(model.name.casefold(), model.version.casefold()) for model in available_models()}:
        raise taken
    with open_view() as session:
        known = ai_models.by_name(session, name, version)
        listed = known is not None and known.id in {model.id for model in ai_models.models(session)}
    if known is not None and (listed or sha256 not in (None, known.sha256)):
        raise taken


def _take_in(weights: Weights, card: dict[str, Any], by: Actor) -> None:
    """Register the model and put its folder in place: both, or neither."""
    final = own_models() / weights.name / weights.version
    final.parent.mkdir(parents=True, exist_ok=True)
    placed = False
    try:
        with open_session() as session:
            register(session, replace(weights, card=card), by=by, added=True)
            try:
                weights.slices.parent.rename(final)
            except OSError:
                raise Conflict(f"{weights.name} {weights.version} was just added by somebody else.") from None
            placed = True
            model_shelf.put(weights.name, weights.version)
    except BaseException:
        if placed:
            shutil.rmtree(final, ignore_errors=True)
        raise


def _place() -> Path:
    """Return a place to make a model in; what killed processes left behind is deleted."""
    folder = model_shelf.incoming()
    for left in folder.iterdir():
        if time.time() - left.stat().st_mtime > ABANDONED_S:
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)
    return folder / uuid.uuid4().hex
