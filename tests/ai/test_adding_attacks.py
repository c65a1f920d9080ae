"""Files and zips made to harm: nothing of them runs, unpacks without end or lands where it should not."""

import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from core.ai import model_zip, state_dicts
from core.ai.model_files import Weights
from core.ai.new_model import NewModel
from core.errors import ParallaxError
from tests.ai.build import slices


class Harm:
    """A pickle that writes a file when it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def as_torch(thing: object, path: Path) -> None:
    torch.save({"conv1.weight": thing}, path)


def as_old_torch(thing: object, path: Path) -> None:
    torch.save({"conv1.weight": thing}, path, _use_new_zipfile_serialization=False)


def as_pickle(thing: object, path: Path) -> None:
    path.write_bytes(pickle.dumps({"conv1.weight": thing}))


@pytest.mark.parametrize("save", [as_torch, as_old_torch, as_pickle])
def test_a_pickle_runs_nothing(lay: Callable[..., Weights], tmp_path: Path, save: Callable[..., None]) -> None:
    harm, file = tmp_path / "harm", tmp_path / "evil.pt"
    save(Harm(harm), file)
    with pytest.raises(ParallaxError, match="no plain state dict"):
        lay(file)
    assert not harm.exists()


def test_a_pickle_under_another_ending_is_not_opened_either(lay: Callable[..., Weights], tmp_path: Path) -> None:
    harm = tmp_path / "harm"
    for ending in ("safetensors", "zip", "ckpt", "pkl"):
        file = tmp_path / f"evil.{ending}"
        as_torch(Harm(harm), file)
        with pytest.raises(ParallaxError):
            lay(file)
    assert not harm.exists()


def test_an_archive_that_unpacks_to_too_much_is_not_opened(
    lay: Callable[..., Weights], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_dicts, "MOST_BYTES", 10**6)
    bomb = tmp_path / "bomb.pt"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}q\x00.")
        archive.writestr("archive/data/0", b"\0" * 2 * 10**6)
    assert bomb.stat().st_size < 10_000
    with pytest.raises(ParallaxError, match="unpacks to more than"):
        lay(bomb)
    (tmp_path / "large.pt").write_bytes(b"\0" * (10**6 + 1))
    with pytest.raises(ParallaxError, match="larger than"):
        lay(tmp_path / "large.pt")


def zip_with(path: Path, entries: dict[str, bytes | str], how: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


CARD = json.dumps({"name": "ours", "version": "1", "manifest": {"trained": ["P1"]}})


def test_a_model_goes_to_another_machine_as_one_file_with_the_same_hash(
    lay: Callable[..., Weights], tmp_path: Path
) -> None:
    listed = NewModel("ours", "1", "CC0", known="listed", patients="patient_id,use\nP1,\nP2,tuned", publish_ids=True)
    made = lay(slices(), new=listed)
    target = tmp_path / "ours.zip"
    model_zip.pack(made, target)
    first = target.read_bytes()
    model_zip.pack(made, target)
    assert target.read_bytes() == first
    again = lay(target, new=NewModel())
    assert again.sha256 == made.sha256
    assert (again.card["manifest"]["trained"], again.card["manifest"]["tuned"]) == (["P1"], ["P2"])
    assert "keys" not in again.card["manifest"]  # of the other installation


def test_ids_that_are_not_public_stay_and_are_asked_for_elsewhere(lay: Callable[..., Weights], tmp_path: Path) -> None:
    made = lay(slices(), new=NewModel("ours", "1", "CC0", known="listed", patients="Secret-1\nSecret-2"))
    assert "Secret" not in json.dumps(made.card)
    assert len(made.card["manifest"]["keys"]) == 2
    target = tmp_path / "ours.zip"
    model_zip.pack(made, target)
    assert b"Secret" not in target.read_bytes()
    with pytest.raises(ParallaxError, match="The ids of 2 more patients"):
        lay(target, new=NewModel())
    with pytest.raises(ParallaxError, match="The ids of 1 more patients"):
        lay(target, new=NewModel(patients="Secret-1"))
    again = lay(target, new=NewModel(patients="Secret-1\nSecret-2"))
    assert again.card["manifest"]["keys"] == made.card["manifest"]["keys"]


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ({"card.json": CARD}, "holds no slices.safetensors"),
        ({"slices.safetensors": b""}, "holds no card.json"),
        ({"card.json": CARD, "slices.safetensors": b"", "../card.md": b""}, "belong to no model"),
        ({"card.json": CARD, "../../slices.safetensors": b""}, "belong to no model"),
        ({"card.json": CARD, "/tmp/slices.safetensors": b""}, "belong to no model"),
        ({"card.json": CARD, "..\\slices.safetensors": b""}, "belong to no model"),
        ({"card.json": CARD, "slices.safetensors": b"", "setup.py": b""}, "belong to no model"),
        ({"card.json": CARD, "slices.safetensors": b"", "slices.pt": b""}, "belong to no model"),
        ({"a/card.json": CARD, "b/slices.safetensors": b""}, "more than one folder"),
        ({"a/card.json": CARD, "b/card.json": CARD, "a/slices.safetensors": b""}, "card.json twice"),
        ({"card.json": "{", "slices.safetensors": b""}, "card.json is damaged"),
        ({"card.json": "[" * 100_000, "slices.safetensors": b""}, "card.json is damaged"),
        ({"card.json": "[]", "slices.safetensors": b""}, "one JSON object"),
        ({"card.json": '{"name": "a"}', "slices.safetensors": b""}, "model's version as text"),
        ({"card.json": '{"name": "../a", "version": "1"}', "slices.safetensors": b""}, "name of a model begins"),
        ({"card.json": '{"name": "a", "version": "1", "x": NaN}', "slices.safetensors": b""}, "damaged"),
        (
            {"card.json": '{"name": "a", "version": "1", "lungs": "../b"}', "slices.safetensors": b""},
            "lungs can only be R231",
        ),
        (
            {"card.json": '{"name": "a", "version": "1", "manifest": {"trained": [{}]}}', "slices.safetensors": b""},
            "list patients as texts",
        ),
        ({"card.json": " " * (10**6 + 1), "slices.safetensors": b""}, "larger than 1 MB"),
        ({"card.json": CARD, "slices.safetensors": b"no weights"}, "damaged or no plain"),
    ],
)
def test_a_zip_that_is_no_model_is_refused(
    lay: Callable[..., Weights], tmp_path: Path, entries: dict[str, bytes | str], sentence: str
) -> None:
    with pytest.raises(ParallaxError, match=sentence):
        lay(zip_with(tmp_path / "bad.zip", entries), new=NewModel())
    written = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")}
    assert written <= {"bad.zip", "places", "shipped", "data"}


@pytest.mark.parametrize("how", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_damaged_in_its_middle_is_called_so(lay: Callable[..., Weights], tmp_path: Path, how: int) -> None:
    path = zip_with(tmp_path / "bad.zip", {"card.json": CARD, "slices.safetensors": bytes(range(256)) * 400}, how)
    with zipfile.ZipFile(path) as packed:
        info = packed.infolist()[1]
    data = bytearray(path.read_bytes())
    middle = info.header_offset + 30 + len(info.filename) + info.compress_size // 2
    data[middle : middle + 40] = b"\xff" * 40
    path.write_bytes(data)
    with pytest.raises(ParallaxError, match="damaged or protected"):
        lay(path)


def test_a_zip_bomb_stops_where_a_model_would_end(
    lay: Callable[..., Weights], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_zip, "MOST_WEIGHTS", 10**6)
    bomb = zip_with(
        tmp_path / "bomb.zip", {"card.json": CARD, "slices.safetensors": b"\0" * 10**7}, zipfile.ZIP_DEFLATED
    )
    data = bytearray(bomb.read_bytes())
    whole = (10**7).to_bytes(4, "little")
    lie = data.replace(whole, (10).to_bytes(4, "little"))  # a zip whose table says that little comes out
    for content in (bytes(data), bytes(lie)):
        bomb.write_bytes(content)
        with pytest.raises(ParallaxError, match=r"no model here does|damaged or protected"):
            lay(bomb, new=NewModel())
        assert sum(path.stat().st_size for path in (tmp_path / "places").rglob("*") if path.is_file()) <= 2 * 10**6


def test_two_zips_or_a_zip_with_weights_are_not_taken(lay: Callable[..., Weights], tmp_path: Path) -> None:
    with pytest.raises(ParallaxError, match="give it alone"):
        lay(zip_with(tmp_path / "a.zip", {"card.json": CARD}), slices())
