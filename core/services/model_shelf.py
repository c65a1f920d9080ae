"""Own models on the storage that several machines share, so that a worker elsewhere can read with them.

Where the storage is the data folder's own, as on one machine, there is nothing to share and nothing happens.
"""

import shutil
import uuid
from pathlib import Path
from typing import Any

import obstore
import structlog
from obstore.store import LocalStore, from_url

from core.ai.model_files import check_part, named, own_models
from core.ai.model_zip import pack, unpack, write_card
from core.errors import NotFound, ParallaxError
from core.settings import settings

log = structlog.get_logger()


def incoming() -> Path:
    """Return the folder where models are made, beside the finished ones, so that they can be renamed into place."""
    folder = settings().data_dir / "models-incoming"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def put(name: str, version: str) -> None:
    """Put a model of this machine on the shared storage; raises ParallaxError where that does not answer."""
    if not settings().storage_url:
        return
    scratch = incoming() / f"{uuid.uuid4().hex}.zip"
    try:
        pack(named(f"{name}/{version}"), scratch, keys=True)
        obstore.put(_store(), _path(name, version), scratch)
    except (obstore.exceptions.BaseError, OSError, ValueError) as error:
        log.warning("shared storage failed", error=type(error).__name__)
        raise ParallaxError("The shared storage did not take the model; check its address and try again.") from None
    finally:
        scratch.unlink(missing_ok=True)


def fetch(name: str, version: str) -> bool:
    """Bring a model from the shared storage to this machine; return whether it was there."""
    if not settings().storage_url:
        return False
    place = incoming() / uuid.uuid4().hex
    folder = place / check_part("name", name) / check_part("version", version)
    folder.mkdir(parents=True)
    try:
        with (place / "model.zip").open("wb") as file:
            for chunk in obstore.get(_store(), _path(name, version)).stream():
                file.write(chunk)
        write_card(folder, dict(unpack(place / "model.zip", folder)))
        final = own_models() / name / version
        final.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(final)
    except FileNotFoundError:
        return False
    except (obstore.exceptions.BaseError, OSError, ValueError) as error:
        log.warning("shared storage failed", error=type(error).__name__)
        raise ParallaxError("The shared storage did not give the model; check its address and try again.") from None
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return True


def delete(name: str, version: str) -> None:
    """Take a model from the shared storage; nothing happens where it is not there."""
    if not settings().storage_url:
        return
    try:
        obstore.delete(_store(), _path(name, version))
    except FileNotFoundError:
        return
    except (obstore.exceptions.BaseError, OSError, ValueError) as error:
        log.warning("model left on the shared storage", error=type(error).__name__)


def check_there(name: str, version: str) -> None:
    """Make sure that a model is on this machine, fetched if need be; raises NotFound."""
    try:
        named(f"{name}/{version}")
    except NotFound:
        if not fetch(name, version):
            raise


def _store() -> Any:
    url = settings().storage_url
    return from_url(url) if "://" in url else LocalStore(Path(url), mkdir=True)


def _path(name: str, version: str) -> str:
    return f"models/{name}/{version}.zip"
