"""Adding and handing on models from the web process, which loads no torch: the command line does it, in a process."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import structlog

from core.ai.model_files import named
from core.ai.model_zip import pack
from core.ai.new_model import NewModel
from core.errors import InvalidInput, ParallaxError
from core.services import model_shelf
from core.services.model_registry import Added
from core.services.processes import ROOT, environment

log = structlog.get_logger()

PATIENCE_S = 600.0  # a model is added in seconds; a machine under load may take longer
SUFFIXES = ("safetensors", "pt", "pth", "onnx", "ts", "json", "zip")
CHUNK = 2**20


def add_uploaded(files: Sequence[tuple[str, BinaryIO]], new: NewModel, *, by: int) -> Added:
    """Add a model from uploaded files (name, stream); return what its trial read came to. Raises ParallaxError.

    Of a file's name only its ending is used.
    """
    if not files:
        raise InvalidInput("Choose the weight files, or the zip of a model.")
    with tempfile.TemporaryDirectory(dir=model_shelf.incoming()) as place:
        paths = []
        for number, (name, stream) in enumerate(files, start=1):
            ending = name.rpartition(".")[2].lower()
            if ending not in SUFFIXES:
                raise InvalidInput(f"File {number} is no weights file; its name must end in .{', .'.join(SUFFIXES)}.")
            paths.append(Path(place) / f"{number}.{ending}")
            with paths[-1].open("wb") as file:
                while chunk := stream.read(CHUNK):
                    file.write(chunk)
        return Added(**_command(paths, {**asdict(new), "by": by}))


def zip_of(name: str, version: str) -> bytes:
    """Return a model as the bytes of one zip, for a download; raises ParallaxError."""
    model_shelf.check_there(name, version)
    with tempfile.TemporaryDirectory(dir=model_shelf.incoming()) as place:
        target = Path(place) / "model.zip"
        pack(named(f"{name}/{version}"), target)
        return target.read_bytes()


def _command(paths: list[Path], request: dict[str, Any]) -> dict[str, Any]:
    """Run `python -m core models add` with the request on its standard input; return the object it prints."""
    command = [sys.executable, "-m", "core", "models", "add", *map(str, paths), "--request", "--json"]
    try:
        done = subprocess.run(  # noqa: S603 - our own command; paths are numbers in a folder of ours
            command,
            cwd=ROOT,
            env=environment(),
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ParallaxError("The check of the weights took more than ten minutes and was stopped; try again.") from None
    if done.returncode == 0:
        made: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return made
    if done.returncode == 2 and done.stderr.strip():  # a sentence for a person
        raise InvalidInput(done.stderr.strip().splitlines()[-1])
    log.error("adding a model failed", code=done.returncode, error=done.stderr[-2000:])
    raise ParallaxError(
        "The weights could not be checked: the process that reads them ended. Look into the log, or free memory."
    )
