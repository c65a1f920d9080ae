"""Where volumes lie: a folder, or an object store. What they hold is told in storage.py."""

import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import obstore
import zarr
from numpy.typing import NDArray
from obstore.store import ObjectStore as Objects
from zarr.codecs import BloscCodec, BloscShuffle
from zarr.storage import LocalStore, ObjectStore

from core.errors import NotFound, ParallaxError, Unavailable
from core.imaging import packing
from core.imaging.errors import ImagingError
from core.imaging.opened import Opened

HU, PACKED, GEOMETRY = "hu", "hu.packed", "geometry.json"
KEY = re.compile(r"[0-9a-f]{64}")
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
AWAY = (
    "The storage of the images does not answer right now. Keep this page open and try again in a moment; whoever runs "
    "the server checks its folder or address (PARALLAX_STORAGE_URL)."
)
GONE = "This volume is not in the storage any more; upload the series again."
# bitshuffle before zstd: 39 MB for 148 chest slices of 512 x 512. Level 5 packs 2 % better in five times the time;
# Blosc2's DELTA lost values in a trial
COMPRESSION = BloscCodec(cname="zstd", clevel=1, shuffle=BloscShuffle.bitshuffle)


class Folder:
    """A local folder: everything is written under a temporary name and renamed, so nobody sees half a volume."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._opened = Opened()

    def write_volume(self, key: str, packed: bytes, geometry: bytes) -> None:
        final = self._folder(key)
        with self._writing(key) as scratch:
            (scratch / PACKED).write_bytes(packed)
            (scratch / GEOMETRY).write_bytes(geometry)
            flush(scratch)
            final.parent.mkdir(parents=True, exist_ok=True)
            if final.exists() and self.geometry(key) is None:
                shutil.rmtree(final, ignore_errors=True)
            self._rename_once(scratch, final)

    def write(self, key: str, name: str, array: NDArray[Any]) -> None:
        with self._writing(key) as scratch:
            encode(LocalStore(scratch / name), "", array)
            self._replace(scratch / name, self._folder(key) / name)

    def repack(self, key: str, packed: bytes) -> None:
        with self._writing(key) as scratch:
            (scratch / PACKED).write_bytes(packed)
            flush(scratch)
            (scratch / PACKED).rename(self._folder(key) / PACKED)
            shutil.rmtree(self._folder(key) / HU, ignore_errors=True)

    @contextmanager
    def _writing(self, key: str) -> Iterator[Path]:
        scratch = self._root / f".writing-{uuid.uuid4().hex}"
        try:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            scratch.mkdir(mode=0o700)
            yield scratch
        except OSError as error:
            full = Unavailable(f"The volume could not be stored ({error.strerror}); check the disk and try again.")
            raise full from None
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            self._opened.forget(key)

    def geometry(self, key: str) -> bytes | None:
        try:
            return (self._folder(key) / GEOMETRY).read_bytes()
        except FileNotFoundError:
            return None

    def missing(self) -> ParallaxError:
        """Return what a missing file means: this volume is gone, or the whole storage is."""
        return NotFound(GONE) if self._root.is_dir() else Unavailable(AWAY)

    def index(self, key: str) -> packing.Index | None:
        check_key(key)
        try:
            stamp = (self._folder(key) / PACKED).stat().st_mtime_ns
        except FileNotFoundError:
            return None
        found: packing.Index | None = self._opened.get(key, PACKED, stamp)
        if found is None:
            found = packing.read_index(self.reader(key, PACKED))
            self._opened.keep(key, PACKED, found, stamp)
        return found

    def reader(self, key: str, name: str) -> packing.Read:
        path = self._folder(key) / name

        def read(start: int, end: int) -> bytes:
            try:
                with path.open("rb") as file:
                    return os.pread(file.fileno(), end - start, start)
            except FileNotFoundError:
                raise self.missing() from None

        return read

    def keys(self) -> Iterator[str]:
        for path in sorted(self._root.glob("??/*")):
            if KEY.fullmatch(path.name) and (path / GEOMETRY).exists():
                yield path.name

    def opened(self, key: str, name: str) -> "zarr.Array[Any]":
        check_key(key)
        check_name(name)
        folder = self._folder(key) / name
        try:
            stamp = (folder / "zarr.json").stat().st_mtime_ns
        except FileNotFoundError:
            raise self.missing() from None
        found: zarr.Array[Any] | None = self._opened.get(key, name, stamp)
        if found is None:
            found = _open(LocalStore(folder, read_only=True), "")
            self._opened.keep(key, name, found, stamp)
        return found

    def files(self, key: str) -> list[str]:
        folder = self._folder(key)
        return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]

    def file(self, key: str, name: str) -> bytes:
        try:
            return (self._folder(key) / name).read_bytes()
        except FileNotFoundError:
            raise self.missing() from None

    def put_file(self, key: str, name: str, data: bytes) -> None:
        final = self._folder(key) / name
        with self._writing(key) as scratch:
            (scratch / "file").write_bytes(data)
            flush(scratch)
            final.parent.mkdir(parents=True, exist_ok=True)
            (scratch / "file").replace(final)

    def delete(self, key: str) -> None:
        self._opened.forget(key)
        folder = self._folder(key)
        leaving = self._root / f".deleting-{uuid.uuid4().hex}"
        try:
            folder.rename(leaving)
        except FileNotFoundError:
            return
        shutil.rmtree(leaving, ignore_errors=True)

    def _folder(self, key: str) -> Path:
        return self._root / key[:2] / key

    def _rename_once(self, scratch: Path, final: Path) -> None:
        try:
            scratch.rename(final)
        except OSError:
            if not (final / GEOMETRY).exists():  # otherwise somebody else stored the same content meanwhile
                raise

    def _replace(self, new: Path, final: Path) -> None:
        old = self._root / f".deleting-{uuid.uuid4().hex}"
        if final.exists():
            final.rename(old)
        os.rename(new, final)
        shutil.rmtree(old, ignore_errors=True)


class Bucket:
    """An object store (S3 and its kin). Objects appear whole; the geometry, written last, makes the volume appear."""

    def __init__(self, bucket: Objects) -> None:
        self._bucket = bucket
        self._zarr: Any = ObjectStore(bucket)
        self._opened = Opened()

    def write_volume(self, key: str, packed: bytes, geometry: bytes) -> None:
        obstore.put(self._bucket, f"{key[:2]}/{key}/{PACKED}", packed)
        obstore.put(self._bucket, f"{key[:2]}/{key}/{GEOMETRY}", geometry)
        self._opened.forget(key)

    def write(self, key: str, name: str, array: NDArray[Any]) -> None:
        encode(self._zarr, f"{key[:2]}/{key}/{name}", array)
        self._opened.forget(key, name)

    def repack(self, key: str, packed: bytes) -> None:
        obstore.put(self._bucket, f"{key[:2]}/{key}/{PACKED}", packed)
        self._opened.forget(key)
        self._remove(f"{key[:2]}/{key}/{HU}/")

    def index(self, key: str) -> packing.Index | None:
        check_key(key)
        found: packing.Index | None = self._opened.get(key, PACKED)
        if found is None:
            try:
                found = packing.read_index(self.reader(key, PACKED))
            except NotFound:
                return None
            self._opened.keep(key, PACKED, found)
        return found

    def reader(self, key: str, name: str) -> packing.Read:
        path = f"{key[:2]}/{key}/{name}"

        def read(start: int, end: int) -> bytes:
            try:
                return bytes(obstore.get_range(self._bucket, path, start=start, end=end))
            except FileNotFoundError:
                raise NotFound(GONE) from None

        return read

    def keys(self) -> Iterator[str]:
        for batch in obstore.list(self._bucket):
            for meta in batch:
                parts = meta["path"].split("/")
                if parts[-1] == GEOMETRY and KEY.fullmatch(parts[-2]):
                    yield parts[-2]

    def missing(self) -> ParallaxError:
        return NotFound(GONE)

    def geometry(self, key: str) -> bytes | None:
        try:
            return bytes(obstore.get(self._bucket, f"{key[:2]}/{key}/{GEOMETRY}").bytes())
        except FileNotFoundError:
            return None

    def opened(self, key: str, name: str) -> "zarr.Array[Any]":
        check_key(key)
        check_name(name)
        found: zarr.Array[Any] | None = self._opened.get(key, name)
        if found is None:
            found = _open(self._zarr, f"{key[:2]}/{key}/{name}")
            self._opened.keep(key, name, found)
        return found

    def files(self, key: str) -> list[str]:
        prefix = f"{key[:2]}/{key}/"
        found = (meta["path"] for batch in obstore.list(self._bucket, prefix) for meta in batch)
        return [path.removeprefix(prefix) for path in found]

    def file(self, key: str, name: str) -> bytes:
        try:
            return bytes(obstore.get(self._bucket, f"{key[:2]}/{key}/{name}").bytes())
        except FileNotFoundError:
            raise NotFound(GONE) from None

    def put_file(self, key: str, name: str, data: bytes) -> None:
        obstore.put(self._bucket, f"{key[:2]}/{key}/{name}", data)
        self._opened.forget(key)

    def delete(self, key: str) -> None:
        self._opened.forget(key)
        self._remove(f"{key[:2]}/{key}/")

    def _remove(self, prefix: str) -> None:
        paths = [meta["path"] for batch in obstore.list(self._bucket, prefix) for meta in batch]
        for path in sorted(paths, key=lambda path: not path.endswith(GEOMETRY)):  # the geometry first
            obstore.delete(self._bucket, path)


@contextmanager
def answering() -> Iterator[None]:
    """Say that the storage is away where its disk or network gives an error; for every verb of a store."""
    try:
        yield
    except (OSError, obstore.exceptions.BaseError):
        away = Unavailable(AWAY)
    else:
        return
    raise away


def encode(store: Any, path: str, array: NDArray[Any]) -> None:
    """Store an array, one chunk a slice."""
    slice_shape = (1, *array.shape[1:])
    encoded = zarr.create_array(
        store,
        name=path or None,
        shape=array.shape,
        dtype=array.dtype,
        chunks=slice_shape,
        shards=array.shape,
        compressors=COMPRESSION,
        overwrite=True,
    )
    encoded[:] = array


def flush(folder: Path) -> None:
    """Wait until the files of a folder are on the disk: the database row that follows must never outlive them."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def _open(store: Any, path: str) -> "zarr.Array[Any]":
    try:
        return zarr.open_array(store, path=path, mode="r")
    except FileNotFoundError:
        failure = NotFound(GONE)
    raise failure


def check_key(key: str) -> None:
    """Raise NotFound for what cannot be a key."""
    if not KEY.fullmatch(key):
        raise NotFound("There is no volume of this key; open the case again from the list.")


def check_name(name: str) -> None:
    """Raise ImagingError for what cannot be an array's name."""
    if not NAME.fullmatch(name):
        raise ImagingError("An array's name is made of small letters, digits, - and _ only.")
