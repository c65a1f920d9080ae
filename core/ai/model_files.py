"""Models on disk: the folders NAME/VERSION, shipped or own, and what their cards say. Imports no torch.

A model is a folder NAME/VERSION, shipped in core/ai/weights or added to the folder `models` of the data folder. In it:
- slices.safetensors, or slices.pt with a state dict: a ResNet-50 with torchvision's keys, trained on the inputs of
  core.ai.preprocess (a three-channel first convolution is summed to one channel);
- lungs.safetensors or lungs.pt: this project's U-Net; without it the shipped lungs are used;
- or, instead of both, model.onnx or model.ts of somebody else's (core.ai.brought);
- card.json, which may name `classes` in another order, a `temperature`, the `manifest` of the patients it was trained
  on, `"parameters": {"slice_size": 224}` for the pixels a side it was trained at, and `"lungs": "R231"` for the lungs
  of the lungmask package.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.errors import InvalidInput, NotFound, ParallaxError
from core.settings import settings

FROZEN = ("network", "classes", "input", "output", "rule", "top_k", "normal", "threshold", "lungs_from")
SHIPPED = Path(__file__).parent / "weights"
R231 = "R231"  # lungs by the lungmask package instead of this project's U-Net
KINDS = (".safetensors", ".pt")
BROUGHT = ("model.onnx", "model.ts")  # the one file of a model of somebody else's
PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,59}")  # a name or a version; no separator, so no way out of the folder


@dataclass(frozen=True, slots=True)
class Weights:
    """One version on disk. `lungs` is None where the lungmask package finds them; `sha256` covers the files used."""

    name: str
    version: str
    slices: Path
    lungs: Path | None
    sha256: str
    card: dict[str, Any]

    @property
    def shipped(self) -> bool:
        """Whether it came with Parallax."""
        return self.slices.is_relative_to(SHIPPED)

    @property
    def brought(self) -> bool:
        """Whether it is a model of somebody else's, with a card that says how to feed it (core.ai.brought)."""
        return self.slices.name in BROUGHT

    @property
    def portable(self) -> bool:
        """Whether it lies there in the form that can be handed on as one file."""
        return self.brought or all(file is None or file.suffix == KINDS[0] for file in (self.slices, self.lungs))


class WeightsError(ParallaxError):
    """Weights are missing, damaged or of another network."""


def own_models() -> Path:
    """Return the folder of this installation's own models."""
    return settings().data_dir / "models"


def available_models() -> tuple[Weights, ...]:
    """Return every model whose weights are on this machine; shipped ones first, newest version first."""
    shipped = [_described(folder, None) for folder in _folders(SHIPPED)]
    lungs = shipped[0].lungs if shipped else None
    return tuple(shipped + [_described(folder, lungs) for folder in _folders(own_models())])


def described(folder: Path) -> Weights:
    """Return the model in a folder NAME/VERSION that holds all its files; raises WeightsError where one is missing."""
    return _described(folder, None)


def named(name: str | None) -> Weights:
    """Return a model by "name" or "name/version", or the first there is; raises NotFound with those there are."""
    known = available_models()
    matching = [w for w in known if name in (None, w.name, f"{w.name}/{w.version}")]
    if not matching:
        names = ", ".join(f"{w.name}/{w.version}" for w in known) or "none"
        raise NotFound(f"No AI model{f' named {name}' if name else ''} is on this machine; there is {names}.")
    return matching[0]


def check_part(what: str, text: str) -> str:
    """Return a model's name or version as it becomes a folder's name; raises InvalidInput for anything else."""
    if not PART.fullmatch(text):
        raise InvalidInput(
            f"The {what} of a model begins with a letter or digit and goes on with letters, digits, points, hyphens, "
            "underscores or plus signs, 60 at most."
        )
    return text


def _folders(root: Path) -> list[Path]:
    """Return the folders NAME/VERSION with slice weights, names in order, versions newest first."""
    found = [folder for folder in root.glob("*/*") if _file(folder, "slices") or _brought(folder)]
    found.sort(key=lambda folder: [int(n) for n in re.findall(r"\d+", folder.name)], reverse=True)
    return sorted(found, key=lambda folder: folder.parent.name)


def _file(folder: Path, network: str) -> Path | None:
    return next((path for kind in KINDS if (path := folder / f"{network}{kind}").is_file()), None)


def _brought(folder: Path) -> Path | None:
    return next((path for name in BROUGHT if (path := folder / name).is_file()), None)


def _described(folder: Path, shipped_lungs: Path | None) -> Weights:
    name, version, path = folder.parent.name, folder.name, folder / "card.json"
    try:
        card = json.loads(path.read_text()) if path.exists() else {}
    except ValueError:
        raise WeightsError(f"The card.json of model {name}/{version} is damaged; restore the file.") from None
    brought = _brought(folder)
    if brought is not None:
        said = json.dumps({key: card.get(key) for key in FROZEN}, sort_keys=True)
        return Weights(name, version, brought, None, _sha256_brought(*_stamped(brought), said), card)
    slices = _file(folder, "slices")
    lungs = None if card.get("lungs") == R231 else _file(folder, "lungs") or shipped_lungs
    if slices is None or (lungs is None and card.get("lungs") != R231):
        raise WeightsError(f"The model {name}/{version} lacks its lung weights; restore the files.")
    return Weights(name, version, slices, lungs, _sha256(*_stamped(slices), *_stamped(lungs)), card)


def _stamped(file: Path | None) -> tuple[Path | None, int]:
    return file, file.stat().st_mtime_ns if file else 0


@lru_cache(maxsize=32)
def _sha256_brought(file: Path, _at: int, said: str) -> str:
    """Return the hash of a brought model: its file, and what its card says of inputs, outputs and rule."""
    return hashlib.sha256(hashlib.sha256(file.read_bytes()).digest() + said.encode()).hexdigest()


@lru_cache(maxsize=32)
def _sha256(slices: Path, _slices_at: int, lungs: Path | None, _lungs_at: int) -> str:
    """Return the hash of both files; asked for again after a file has changed, it is computed again."""
    digest = hashlib.sha256()
    for file in (slices, lungs):
        digest.update(file.read_bytes() if file else R231.encode())
    return digest.hexdigest()
