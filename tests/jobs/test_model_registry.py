"""Models of one's own, added whole or not at all, by the verb that page and command share."""

import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from core import clock
from core.__main__ import build_app
from core.ai import adding, model_files
from core.ai.new_model import NewModel
from core.errors import Conflict, Forbidden, InvalidInput, NotFound, ParallaxError
from core.imaging.identity import Identity
from core.services import model_registry, model_upload
from core.settings import settings
from core.training import trial
from db import accounts, audit
from db.ai import models as ai_models
from db.engine import open_session, open_view
from db.permissions import SYSTEM
from tests.ai.build import write_model

OURS = NewModel(name="ours", version="1", licence="CC0", known="listed", patients="P-7")
TRIED = {
    label: {"call": label, "normal": 0.2, "cap": 0.3, "covid": 0.5, "lung_dice": 0.98, "seconds": 0.1}
    for label in ("normal", "cap", "covid")
}


@pytest.fixture
def machine(db_url: str, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a shipped model, on which a trial read takes no time; returns slice weights to add."""
    monkeypatch.setattr(model_files, "SHIPPED", tmp_path / "shipped")
    write_model(tmp_path / "shipped" / "base" / "1")
    monkeypatch.setattr(trial, "trial", lambda model: {**TRIED, "notes": ["Looks odd."]})
    given = tmp_path / "given.safetensors"
    shutil.copyfile(write_model(tmp_path / "made" / "x" / "1", seed=1) / "slices.safetensors", given)
    return given


def left_over(data_dir: Path) -> list[str]:
    """Every file of a model in the data folder, finished or not."""
    return sorted(p.relative_to(data_dir).as_posix() for p in data_dir.glob("models*/**/*") if p.is_file())


FILES = [f"models/ours/1/{name}" for name in ("card.json", "card.md", "lungs.safetensors", "slices.safetensors")]


@pytest.fixture
def me(machine: Path) -> int:
    with open_session() as session:
        return accounts.create(session, username="cora", name="", role="coordinator", at=clock.now(), by=SYSTEM).id


def test_an_added_model_is_whole_registered_and_known_to_refuse_its_patients(
    machine: Path, data_dir: Path, me: int
) -> None:
    added = model_registry.add([machine], OURS, by=me)
    assert left_over(data_dir) == FILES
    with open_view() as session:
        found = ai_models.by_name(session, "ours", "1")
        default = ai_models.default(session)
    assert found is not None
    assert (found.sha256, found.origin, found.card["trial"]["notes"]) == (added.sha256, "own", ["Looks odd."])
    assert found.manifest == (Identity("patient", "", "P-7").key(settings().secret_bytes()),)
    assert "P-7" not in json.dumps(found.card)
    assert default is not None
    assert default.name == "base"
    model_registry.register_all()  # as a worker does when it starts


def test_name_and_version_are_frozen(machine: Path, data_dir: Path, me: int) -> None:
    model_registry.add([machine], OURS, by=me)
    before = {name: (data_dir / name).read_bytes() for name in left_over(data_dir)}
    for taken in (OURS, replace(OURS, name="OURS"), replace(OURS, name="base")):
        with pytest.raises(Conflict, match="new version"):
            model_registry.add([machine], taken, by=me)
    assert {name: (data_dir / name).read_bytes() for name in left_over(data_dir)} == before


def fails_in_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise InvalidInput("The trial read failed.")

    monkeypatch.setattr(trial, "trial", fail)


def fails_in_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the database is gone")

    monkeypatch.setattr(ai_models, "register_model", fail)
    monkeypatch.setattr(model_registry, "register_all", lambda: None)


def fails_after_the_folder_is_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ParallaxError("The shared storage did not take the model.")

    monkeypatch.setattr("core.services.model_shelf.put", fail)


def fails_for_want_of_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(adding, "_keep", fail)


@pytest.mark.parametrize(
    "break_it", [fails_in_trial, fails_in_database, fails_after_the_folder_is_in_place, fails_for_want_of_disk]
)
def test_nothing_is_left_where_adding_fails_anywhere(
    machine: Path, data_dir: Path, me: int, monkeypatch: pytest.MonkeyPatch, break_it: Callable[..., None]
) -> None:
    break_it(monkeypatch)
    with pytest.raises((ParallaxError, RuntimeError)):
        model_registry.add([machine], OURS, by=me)
    assert left_over(data_dir) == []
    with open_view() as session:
        assert ai_models.by_name(session, "ours", "1") is None


def test_a_removed_model_takes_its_files_along_and_a_shipped_one_stays(machine: Path, data_dir: Path, me: int) -> None:
    model_registry.add([machine], OURS, by=me)
    model_registry.remove(model_registry.find("ours/1").id, by=me)
    assert left_over(data_dir) == []
    assert not (data_dir / "models" / "ours").exists()
    with pytest.raises(NotFound):
        model_registry.find("ours/1")
    with pytest.raises(Forbidden):
        model_registry.remove(model_registry.find("base/1").id, by=me)
    assert model_registry.add([machine], OURS, by=me).name == "ours"


def test_a_worker_elsewhere_takes_the_model_from_the_shared_storage(
    machine: Path, data_dir: Path, me: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARALLAX_STORAGE_URL", str(tmp_path / "shared"))
    settings.cache_clear()
    added = model_registry.add([machine], OURS, by=me)
    shutil.rmtree(data_dir / "models")  # as it is on another machine of this installation
    fetched = model_registry.on_disk("ours/1")
    assert fetched.sha256 == added.sha256
    assert model_registry.training_keys(fetched.card) == list(model_registry.find("ours/1").manifest)
    assert left_over(data_dir) == FILES
    model_registry.remove(model_registry.find("ours/1").id, by=me)
    with pytest.raises(NotFound):
        model_registry.on_disk("ours/1")


def run(*arguments: str, ok: bool = True, **more: Any) -> str:
    result = CliRunner().invoke(build_app(), ["models", *arguments], catch_exceptions=False, **more)
    assert (result.exit_code == 0) is ok, result.output
    return result.stdout


def test_the_command_adds_lists_exports_and_removes(machine: Path, tmp_path: Path) -> None:
    patients = tmp_path / "patients.csv"
    patients.write_text("patient_id,use\nP1,\nP2,tuned\n")
    stated = ("--name", "ours", "--version", "1", "--licence", "CC0", "--patients", str(patients), "--publish-ids")
    told = run("add", str(machine), *stated)
    assert "ours 1 is added" in told
    assert "trial, covid chest: called covid" in told
    assert "Looks odd." in told
    found = {f"{one['name']}/{one['version']}": one for one in json.loads(run("list", "--json"))["models"]}
    assert found["base/1"]["default"]
    assert found["base/1"]["shipped"]
    assert found["ours/1"]["trained_on"] == "2 patients named"
    assert found["ours/1"]["studies"] == []
    assert "ours/1" in run("list")
    run("export", "ours/1", str(tmp_path / "ours.zip"))
    assert run("remove", "ours/1", ok=False, input="n\n")
    run("remove", "ours/1", "--yes")
    added = json.loads(run("add", str(tmp_path / "ours.zip"), "--json"))
    assert added["sha256"] == found["ours/1"]["sha256"]
    assert model_registry.find("ours/1").card["manifest"]["trained"] == ["P1"]


def test_the_page_adds_by_the_command_and_passes_its_sentence_on(machine: Path, data_dir: Path, me: int) -> None:
    """In a process of its own, with the model that is really shipped."""
    shipped = next((Path(model_files.__file__).parent / "weights").glob("*/*/card.json")).parent
    taken = replace(OURS, name=shipped.parent.name, version=shipped.name)
    with pytest.raises(InvalidInput, match=f"There is a model {taken.name} {taken.version} already"):
        model_upload.add_uploaded([("../../x.pt", io.BytesIO(b"weights"))], taken, by=me)
    with pytest.raises(InvalidInput, match="its name must end in"):
        model_upload.add_uploaded([("x.exe", io.BytesIO(b""))], OURS, by=me)
    with pytest.raises(InvalidInput, match="Choose the weight files"):
        model_upload.add_uploaded([], OURS, by=me)
    assert left_over(data_dir) == []


def test_the_page_adds_weights_in_a_process_that_tries_them(machine: Path, data_dir: Path, me: int) -> None:
    """All of it, with the lungs that are really shipped: random weights, so only that it read them is certain."""
    added = model_upload.add_uploaded([("weights.safetensors", io.BytesIO(machine.read_bytes()))], OURS, by=me)
    assert left_over(data_dir) == FILES
    for label in ("normal", "cap", "covid"):
        assert added.trial[label]["lung_dice"] > 0.9
    with open_view() as session:
        (event,) = [one for one in audit.events(session, by=SYSTEM) if one.detail.get("model") == "ours"]
    assert (event.kind, event.actor) == ("AI model registered", "cora")
    names = {
        name.rpartition("/")[2] for name in zipfile.ZipFile(io.BytesIO(model_upload.zip_of("ours", "1"))).namelist()
    }
    assert names == {"card.json", "card.md", "lungs.safetensors", "slices.safetensors"}


def test_what_a_killed_process_left_is_cleared_away(machine: Path, data_dir: Path, me: int) -> None:
    old, new = data_dir / "models-incoming" / "old", data_dir / "models-incoming" / "new"
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "slices.safetensors").write_bytes(b"half")
    os.utime(old, (0, 0))
    model_registry.add([machine], OURS, by=me)
    assert not old.exists()
    assert new.exists()  # perhaps another who is adding now
