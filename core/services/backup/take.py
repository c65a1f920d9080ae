"""Take a backup of this installation while people work with it."""

import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from core import __version__, clock
from core.errors import Conflict, InvalidInput
from core.imaging.storage import VolumeStore
from core.progress import Progress, ignore
from core.services.backup.parcel import Reader, Writer
from core.settings import settings
from db import chain, snapshot
from db.engine import open_view
from db.reading import ledger

DATABASE, SECRET, VOLUMES = "database", "secret", "volumes"
PART_SUFFIX = ".part"


@dataclass(frozen=True, slots=True)
class Taken:
    """What a backup holds. `head` is the newest link of its chain; `missing` names volumes that are not stored."""

    file: str
    bytes: int
    rows: dict[str, int]
    volumes: int
    missing: tuple[str, ...]
    head: str
    encrypted: bool
    secret: bool
    checked: bool

    def as_dict(self) -> dict[str, object]:
        """Return the figures as plain values."""
        return asdict(self)


def backup(
    file: Path, *, passphrase: str = "", with_secret: bool = True, check: bool = True, on_progress: Progress = ignore
) -> Taken:
    """Write database, volumes, secret and head of the chain into one new file, and check it by reading it back.

    Ended half-way it leaves `FILE.part`; run again with the same passphrase it goes on from there, with the database as
    it was at the first try. Raises Conflict where the file is there.
    """
    if file.exists():
        raise Conflict(f"{file} is there already; give another name, so that no backup is lost.")
    if not file.absolute().parent.is_dir():
        raise InvalidInput(f"There is no folder {file.absolute().parent}; make it, or give another place.")
    part = file.with_name(file.name + PART_SUFFIX)
    kept = file.with_name(file.name + ".database")  # the picture of the database, kept for a second try
    if not part.exists() or not kept.exists():
        part.unlink(missing_ok=True)
        making = kept.with_name(kept.name + ".making")
        snapshot.take(settings().database, making)
        making.replace(kept)
    url = f"sqlite:///{kept.resolve()}"
    rows = snapshot.counts(url)
    with open_view(url) as session:
        head, keys = chain.head(session), sorted(set(ledger.storage_keys(session)))
    writer = Writer(part, {"version": __version__, "taken": clock.now().isoformat()}, passphrase)
    try:
        writer.add_file(DATABASE, kept)
        writer.add("chain.head", head.encode())
        if with_secret:
            writer.add(SECRET, settings().secret_bytes())
        missing = _volumes(writer, keys, on_progress)
        writer.finish({"rows": rows, "head": head, "volumes": len(keys), "missing": missing})
    finally:
        writer.close()
    if check:
        for _ in Reader(part, passphrase).members():
            pass
    os.replace(part, file)
    for left in file.parent.glob(f"{kept.name}*"):
        left.unlink()
    return Taken(
        str(file), file.stat().st_size, rows, len(keys), tuple(missing), head, bool(passphrase), with_secret, check
    )


def _volumes(writer: Writer, keys: list[str], on_progress: Progress) -> list[str]:
    """Add every file of every volume; return the keys of those that are not in the storage."""
    store, missing = VolumeStore(settings().storage), []
    for done, key in enumerate(keys, start=1):
        names = store.files(key)
        if not names:
            missing.append(key)
        for name in names:
            member = f"{VOLUMES}/{key}/{name}"
            if member not in writer.there:
                writer.add(member, store.file(key, name))
        on_progress(done, len(keys))
    return missing


def temporary() -> "tempfile.TemporaryDirectory[str]":
    """Return a folder beside the data, on the same disk, that goes away by itself."""
    settings().data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return tempfile.TemporaryDirectory(prefix=".restore-", dir=settings().data_dir)
