"""Put a backup back into an empty installation, and prove that it is what was taken."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path

from core.errors import Conflict, InvalidInput, ParallaxError
from core.imaging.storage import VolumeStore
from core.imaging.volume import content_hash
from core.progress import Progress, ignore
from core.services.backup.parcel import Reader
from core.services.backup.take import DATABASE, SECRET, VOLUMES, temporary
from core.settings import settings
from db import anchor, chain, snapshot
from db.engine import open_view
from db.reading import ledger


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back, and what was found wrong: nothing, where `problems` is empty."""

    rows: dict[str, int]
    volumes: int
    head: str
    events: int
    problems: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Return the figures as plain values."""
        return asdict(self)


def restore(file: Path, *, passphrase: str = "", on_progress: Progress = ignore) -> Restored:
    """Put database, volumes and secret of a backup into the installation that the settings name, which must be empty.

    Everything is read and checked before the database is put in its place, last of all: ended half-way, it can be run
    again. Raises InvalidInput, Conflict.
    """
    reader = Reader(file, passphrase)
    here = settings()
    store = VolumeStore(here.storage)
    with temporary() as folder:
        taken = Path(folder) / "database"
        secret, volumes = b"", set[str]()
        for name, data in reader.members():
            part, _, rest = name.partition("/")
            if part == DATABASE:
                with open(taken, "ab", opener=_private) as database:
                    database.write(data)
            elif part == VOLUMES:
                key, _, inner = rest.partition("/")
                store.put_file(key, inner, data)
                volumes.add(key)
                on_progress(len(volumes), 0)
            elif name == SECRET:
                secret = data
        end = reader.end or {}
        _keep_secret(secret)
        snapshot.put_back(taken, here.database)
    return _proved(end, store, end.get("missing", []))


def _proved(end: dict[str, object], store: VolumeStore, missing: object) -> Restored:
    """Compare what is there now with what the backup says."""
    problems: list[str] = []
    rows = snapshot.counts(settings().database)
    wanted = end.get("rows")
    if isinstance(wanted, dict):
        # what this version added when it was brought up to date is not the backup's
        problems += [
            f"{name}: {rows.get(name)} rows instead of {n}" for name, n in wanted.items() if rows.get(name, 0) < n
        ]
    head = str(end.get("head") or "")
    with open_view() as session:
        anchor.write(settings().data_dir, chain.head(session))
        verdict = chain.verify(session, head=head)
        series = ledger.volumes(session)
    problems += [f"{broken_link.table} {broken_link.id}: {broken_link.what}" for broken_link in verdict.broken]
    for key, hashed in series:
        if isinstance(missing, list) and key in missing:
            continue
        try:
            _, spacing, _ = store.geometry(key)
            same = content_hash(store.hu(key), spacing) == hashed
        except ParallaxError as error:
            problems.append(f"volume {key[:12]}: {error}")
            continue
        if not same:
            problems.append(f"volume {key[:12]}: its pixels are not those that were stored")
    return Restored(rows, len(series), verdict.head, verdict.events, tuple(problems))


def _keep_secret(secret: bytes) -> None:
    """Write the secret into the data folder; the chain and the case register can be read with it only."""
    if not secret:
        return
    here = settings()
    if here.secret:
        if here.secret.encode() != secret:
            raise Conflict("PARALLAX_SECRET is not the secret of this backup; set it to that one, or leave it out.")
        return
    place = here.data_dir / "secret"
    if place.exists():
        if place.read_bytes() == secret:
            return
        raise Conflict(f"{place} is another secret than that of the backup; restore into a new data folder.")
    with open(place, "wb", opener=_private) as file:
        file.write(secret)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def must_be_file(file: Path) -> None:
    """Raise InvalidInput unless there is a file."""
    if not file.is_file():
        raise InvalidInput(f"There is no file {file}; check the path.")
