"""Models laid out for tests: a machine with one shipped model, and own weights given as state dicts or files."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from core.ai import model_files
from core.ai.adding import lay_out
from core.ai.model_files import Weights
from core.ai.new_model import NewModel
from tests.ai.build import OURS, State, write_model


@pytest.fixture
def base(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with one shipped model, whose lungs own weights may take."""
    monkeypatch.setattr(model_files, "SHIPPED", tmp_path / "shipped")
    return write_model(tmp_path / "shipped" / "base" / "1", seed=5)


@pytest.fixture
def lay(base: Path, tmp_path: Path) -> Callable[..., Weights]:
    """Lay a model out of what is given: a state dict, which is saved first, or files."""

    def run(*given: State | Path, new: NewModel = OURS) -> Weights:
        files = []
        for number, one in enumerate(given):
            if isinstance(one, dict):
                torch.save(one, tmp_path / f"given{number}.pt")
            files.append(one if isinstance(one, Path) else tmp_path / f"given{number}.pt")
        place = tmp_path / "places" / str(len(list((tmp_path / "places").glob("*"))))
        return lay_out(files, new, place, secret=b"secret")

    return run
