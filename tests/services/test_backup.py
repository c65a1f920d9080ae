"""A backup taken while people read comes back elsewhere whole: rows, hashes, chain and pixels."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from core.errors import Conflict, InvalidInput
from core.imaging.storage import VolumeStore
from core.imaging.volume import Attributes, volume_of
from core.services.backup.parcel import Reader
from core.services.backup.put_back import restore
from core.services.backup.take import backup
from core.settings import settings
from db import chain
from db.engine import engine_for, open_session, open_view
from db.models import Base, Read, Series
from tests.reading.build import Built, read_one, study

CASES = 6


@pytest.fixture
def built(db_url: str, at: datetime) -> Built:
    """A study that is read, whose series have pixels."""
    with open_session() as session:
        made = study(session, at, cases=CASES)
        for n, series in enumerate(session.scalars(select(Series))):
            hu = np.random.default_rng(n).integers(-1000, 1000, (4, 16, 16)).astype(np.int16)
            volume = volume_of(hu, (5.0, 1.0, 1.0), top_z_mm=0.0, attributes=Attributes())
            series.storage_key = VolumeStore(settings().storage).put(volume)
            series.content_hash = volume.content_hash
        VolumeStore(settings().storage).put_array(series.storage_key, "lungs-1", np.ones((4, 16, 16), np.uint8))
    with open_session() as session:
        read_one(session, made, made.readers[0], at)
    return made


@contextmanager
def elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Another, empty installation that the settings name meanwhile."""
    folder.mkdir(exist_ok=True)
    before = os.environ["PARALLAX_DATA_DIR"]
    monkeypatch.setenv("PARALLAX_DATA_DIR", str(folder))
    settings.cache_clear()
    try:
        yield folder
    finally:
        engine_for(settings().database).dispose()
        monkeypatch.setenv("PARALLAX_DATA_DIR", before)
        settings.cache_clear()


def test_a_backup_taken_while_people_read_comes_back_whole(
    built: Built, at: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    ending = threading.Event()

    def reads() -> None:
        n = 1
        while not ending.is_set():
            with suppress(AssertionError), open_session() as session:  # AssertionError: all is read
                read_one(session, built, built.readers[n % 2], at + timedelta(minutes=n))
            n += 1

    reader = threading.Thread(target=reads)
    reader.start()
    taken = backup(tmp_path / "b")
    ending.set()
    reader.join()
    with elsewhere(tmp_path / "other", monkeypatch) as folder:
        found = restore(tmp_path / "b")
        assert found.problems == ()
        assert {name: found.rows[name] for name in taken.rows} == taken.rows
        assert set(taken.rows) == set(Base.metadata.tables)
        assert (found.volumes, taken.volumes, found.head) == (CASES, CASES, taken.head)
        with open_view() as session:
            assert chain.verify(session, head=taken.head).broken == []
            assert session.scalar(select(func.count()).where(Read.state == "locked"))
            key = session.scalars(select(Series.storage_key).order_by(Series.id.desc())).first()
        assert VolumeStore(settings().storage).array(str(key), "lungs-1").all()
        for path in folder.rglob("*"):
            if path.name in ("secret", "parallax.db", "chain.head"):
                assert path.stat().st_mode & 0o077 == 0, path
    assert (tmp_path / "b").stat().st_mode & 0o077 == 0


def test_an_encrypted_backup_opens_with_its_passphrase_only(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    backup(tmp_path / "b", passphrase="correct horse")
    raw = (tmp_path / "b").read_bytes()
    assert settings().secret_bytes() not in raw
    assert b"SQLite format" not in raw
    with elsewhere(tmp_path / "other", monkeypatch):
        for wrong in ("", "another horse"):
            with pytest.raises(InvalidInput, match="passphrase"):
                restore(tmp_path / "b", passphrase=wrong)
        assert restore(tmp_path / "b", passphrase="correct horse").problems == ()


@pytest.mark.parametrize("passphrase", ["", "correct horse"])
def test_a_backup_that_was_ended_goes_on_with_the_same_picture_of_the_database(
    built: Built, at: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passphrase: str
):
    calls = [0]

    def dies(done: int, total: int) -> None:
        calls[0] += 1
        if calls[0] == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup(tmp_path / "b", passphrase=passphrase, on_progress=dies)
    assert not (tmp_path / "b").exists()
    part = tmp_path / "b.part"
    part.write_bytes(part.read_bytes()[:-700])  # and the last member was cut short
    with open_session() as session:
        read_one(session, built, built.readers[0], at + timedelta(minutes=5))
    again = backup(tmp_path / "b", passphrase=passphrase)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("b")] == ["b"]
    with elsewhere(tmp_path / "other", monkeypatch):
        found = restore(tmp_path / "b", passphrase=passphrase)
        assert (found.problems, found.head) == ((), again.head)


@pytest.mark.parametrize("harm", ["cut", "changed", "other"])
def test_a_damaged_backup_is_refused_before_anything_is_put_in_its_place(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str
):
    file = tmp_path / "b"
    backup(file)
    raw = bytearray(file.read_bytes())
    if harm == "cut":
        raw = raw[:-20_000]
    elif harm == "changed":
        at = raw.index(b"SQLite format") + 5000
        raw[at] ^= 1
    else:
        raw = bytearray(b"PK\x03\x04" + bytes(5000))
    file.write_bytes(raw)
    with elsewhere(tmp_path / "other", monkeypatch) as folder:
        with pytest.raises(InvalidInput, match="backup"):
            restore(file)
        assert not (folder / "parallax.db").exists()


def test_nothing_is_overwritten(built: Built, tmp_path: Path):
    backup(tmp_path / "b")
    with pytest.raises(Conflict, match="there already"):
        backup(tmp_path / "b")
    with pytest.raises(Conflict, match="accounts already"):
        restore(tmp_path / "b")
    with pytest.raises(InvalidInput, match="no folder"):
        backup(tmp_path / "none" / "b")


def test_a_volume_that_is_missing_is_told_and_the_rest_is_kept(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with open_view() as session:
        key = str(session.scalars(select(Series.storage_key)).first())
    shutil.rmtree(Path(settings().storage) / key[:2] / key)
    taken = backup(tmp_path / "b")
    assert taken.missing == (key,)
    with elsewhere(tmp_path / "other", monkeypatch):
        assert restore(tmp_path / "b").problems == ()


def test_every_byte_of_a_backup_is_checked_when_it_is_read(built: Built, tmp_path: Path):
    backup(tmp_path / "b")
    names = [name for name, _ in Reader(tmp_path / "b").members()]
    assert names[0].startswith("database/")
    assert sum(name.endswith("geometry.json") for name in names) == CASES
