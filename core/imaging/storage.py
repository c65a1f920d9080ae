"""Volumes at rest: zarr v3, one chunk a slice, one shard a volume, in a folder or in an object store.

Under the content hash of a volume lie `hu` (int16), the arrays put beside it, and `geometry.json`, which is written
last: a volume is there when its geometry is. In a folder everything is written beside and renamed into place.
"""

import json
import os
import re
import shutil
import threading
import uuid
from collections import OrderedDict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import obstore
import zarr
from numpy.typing import NDArray
from obstore.store import ObjectStore as Bucket
from obstore.store import from_url
from zarr.codecs import BloscCodec, BloscShuffle
from zarr.storage import LocalStore, ObjectStore

from core.errors import NotFound, ParallaxError
from core.imaging.errors import ImagingError
from core.imaging.volume import Volume

Geometry = tuple[tuple[int, int, int], tuple[float, float, float], tuple[float, ...]]

HU, GEOMETRY = "hu", "geometry.json"
KEY = re.compile(r"[0-9a-f]{64}")
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
GONE = "This volume is not in the storage any more; upload the series again."
OPENED = 64  # arrays kept open; each holds only metadata
# bitshuffle before zstd: 39 MB for 148 chest slices of 512 x 512. Level 5 packs 2 % better in five times the time;
# Blosc2's DELTA lost values in a trial
COMPRESSION = BloscCodec(cname="zstd", clevel=1, shuffle=BloscShuffle.bitshuffle)


class VolumeStore:
    """Volumes and the arrays beside them, by content hash. Two stores of one address are the same store."""

    def __init__(self, url: str) -> None:
        self._place = _place(url)

    def put(self, volume: Volume) -> str:
        """Store a volume once and return its key; putting the same content again writes nothing."""
        key = volume.content_hash
        _check_key(key)
        if not self.has(key):
            geometry = {"shape": volume.hu.shape, "spacing_mm": volume.spacing_mm, "z_mm": volume.z_mm}
            self._place.write(key, HU, volume.hu, json.dumps(geometry).encode())
        return key

    def has(self, key: str) -> bool:
        """Whether a volume is stored under this key."""
        _check_key(key)
        return self._place.geometry(key) is not None

    def hu(self, key: str) -> NDArray[np.int16]:
        """Return the whole volume, int16 HU (z, y, x); raises NotFound."""
        return self.array(key, HU)

    def slice(self, key: str, z: int) -> NDArray[np.int16]:
        """Return one slice, int16 HU (y, x); raises NotFound where there is no such volume or slice."""
        return self.array_slice(key, HU, z)

    def geometry(self, key: str) -> Geometry:
        """Return shape (z, y, x), spacing in mm (z, y, x) and the patient z of each slice, mm; raises NotFound."""
        _check_key(key)
        data = self._place.geometry(key)
        if data is None:
            raise NotFound(GONE)
        found = json.loads(data)
        z, y, x = found["shape"]
        dz, dy, dx = found["spacing_mm"]
        return (z, y, x), (dz, dy, dx), tuple(found["z_mm"])

    def put_array(self, key: str, name: str, array: NDArray[Any]) -> None:
        """Store an array (a mask, heat maps) beside a volume, in place of one of the same name; raises NotFound."""
        _check_name(name)
        if not self.has(key):
            raise NotFound(GONE)
        self._place.write(key, name, array, None)

    def array(self, key: str, name: str) -> NDArray[Any]:
        """Return an array beside a volume; raises NotFound."""
        return np.asarray(self._place.opened(key, name)[:])

    def array_slice(self, key: str, name: str, index: int) -> NDArray[Any]:
        """Return one slice (along the first axis) of an array beside a volume; raises NotFound."""
        opened = self._place.opened(key, name)
        if not 0 <= index < opened.shape[0]:
            raise NotFound(f"There is no slice {index}; this volume has {opened.shape[0]}.")
        return np.asarray(opened[index])

    def delete(self, key: str) -> None:
        """Remove a volume and everything beside it; nothing happens where there is none."""
        _check_key(key)
        self._place.delete(key)


class _Opened:
    """Opened arrays, so that a slice costs no reading of metadata; the least recently used is closed first.

    A stamp tells whether the array is still the one that was opened: another process may have replaced it.
    """

    def __init__(self) -> None:
        self._arrays: OrderedDict[tuple[str, str], tuple[int, zarr.Array[Any]]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, name: str, stamp: int = 0) -> "zarr.Array[Any] | None":
        with self._lock:
            found = self._arrays.get((key, name))
            if found is None or found[0] != stamp:
                return None
            self._arrays.move_to_end((key, name))
            return found[1]

    def keep(self, key: str, name: str, array: "zarr.Array[Any]", stamp: int = 0) -> None:
        with self._lock:
            self._arrays[(key, name)] = (stamp, array)
            while len(self._arrays) > OPENED:
                self._arrays.popitem(last=False)

    def forget(self, key: str, name: str | None = None) -> None:
        with self._lock:
            for known in [known for known in self._arrays if known[0] == key and name in (None, known[1])]:
                del self._arrays[known]


class _Folder:
    """A local folder: everything is written under a temporary name and renamed, so nobody sees half a volume."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._opened = _Opened()

    def write(self, key: str, name: str, array: NDArray[Any], geometry: bytes | None) -> None:
        self._root.mkdir(parents=True, exist_ok=True)
        scratch = self._root / f".writing-{uuid.uuid4().hex}"
        final = self._folder(key)
        try:
            _encode(LocalStore(scratch / name), "", array)
            if geometry is None:
                self._replace(scratch / name, final / name)
            else:
                (scratch / GEOMETRY).write_bytes(geometry)
                _flush(scratch)
                final.parent.mkdir(parents=True, exist_ok=True)
                if final.exists() and self.geometry(key) is None:
                    shutil.rmtree(final, ignore_errors=True)
                self._rename_once(scratch, final)
        except OSError as error:
            full = ParallaxError(f"The volume could not be stored ({error.strerror}); check the disk and try again.")
            raise full from None
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            self._opened.forget(key, name)

    def geometry(self, key: str) -> bytes | None:
        try:
            return (self._folder(key) / GEOMETRY).read_bytes()
        except FileNotFoundError:
            return None

    def opened(self, key: str, name: str) -> "zarr.Array[Any]":
        _check_key(key)
        _check_name(name)
        folder = self._folder(key) / name
        try:
            stamp = (folder / "zarr.json").stat().st_mtime_ns
        except OSError:
            raise NotFound(GONE) from None
        found = self._opened.get(key, name, stamp)
        if found is None:
            found = _open(LocalStore(folder, read_only=True), "")
            self._opened.keep(key, name, found, stamp)
        return found

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


class _Bucket:
    """An object store (S3 and its kin). Objects appear whole; the geometry, written last, makes the volume appear."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._zarr: Any = ObjectStore(bucket)
        self._opened = _Opened()

    def write(self, key: str, name: str, array: NDArray[Any], geometry: bytes | None) -> None:
        _encode(self._zarr, f"{key[:2]}/{key}/{name}", array)
        if geometry is not None:
            obstore.put(self._bucket, f"{key[:2]}/{key}/{GEOMETRY}", geometry)
        self._opened.forget(key, name)

    def geometry(self, key: str) -> bytes | None:
        try:
            return bytes(obstore.get(self._bucket, f"{key[:2]}/{key}/{GEOMETRY}").bytes())
        except FileNotFoundError:
            return None

    def opened(self, key: str, name: str) -> "zarr.Array[Any]":
        _check_key(key)
        _check_name(name)
        found = self._opened.get(key, name)
        if found is None:
            found = _open(self._zarr, f"{key[:2]}/{key}/{name}")
            self._opened.keep(key, name, found)
        return found

    def delete(self, key: str) -> None:
        self._opened.forget(key)
        prefix = f"{key[:2]}/{key}/"
        paths = [meta["path"] for batch in obstore.list(self._bucket, prefix) for meta in batch]
        for path in sorted(paths, key=lambda path: not path.endswith(GEOMETRY)):  # the geometry first
            obstore.delete(self._bucket, path)


@lru_cache(maxsize=16)
def _place(url: str) -> "_Folder | _Bucket":
    if "://" not in url:
        return _Folder(Path(url))
    try:
        return _Bucket(from_url(url))
    except (obstore.exceptions.BaseError, ValueError):
        failure = ImagingError("The storage address is not understood; give a folder or s3://bucket/prefix.")
    raise failure


def _encode(store: Any, path: str, array: NDArray[Any]) -> None:
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


def _flush(folder: Path) -> None:
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


def _check_key(key: str) -> None:
    if not KEY.fullmatch(key):
        raise NotFound("There is no volume of this key; open the case again from the list.")


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise ImagingError("An array's name is made of small letters, digits, - and _ only.")
