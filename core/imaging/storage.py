"""Volumes at rest, in a folder or in an object store.

Under the content hash of a volume lie `hu.packed` (its slices as they are sent, packing.py), the arrays put beside it
(zarr v3, one chunk a slice, one shard an array), and `geometry.json`, which is written last: a volume is there when its
geometry is. In a folder everything is written beside and renamed into place. Volumes of before have a zarr array `hu`
until `python -m core pack-volumes` packs them; both are read alike.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import obstore
from numpy.typing import NDArray
from obstore.store import from_url

from core.errors import NotFound, ParallaxError
from core.imaging import packing, wire
from core.imaging.errors import ImagingError
from core.imaging.places import GEOMETRY, GONE, HU, PACKED, Bucket, Folder, answering, check_key, check_name
from core.imaging.thumbnail import picture
from core.imaging.volume import Volume

PICTURE = "picture"  # the array beside a volume that holds the bytes of its picture
Geometry = tuple[tuple[int, int, int], tuple[float, float, float], tuple[float, ...]]

NETWORK: dict[str, Any] = {  # patience with an object store, before readers are told that it is away
    "client_options": {"connect_timeout": timedelta(seconds=5), "timeout": timedelta(seconds=30)},
    "retry_config": {"max_retries": 3, "retry_timeout": timedelta(seconds=10)},
}


class VolumeStore:
    """Volumes and the arrays beside them, by content hash. Two stores of one address are the same store."""

    def __init__(self, url: str) -> None:
        self._place = _place(url)

    @answering()
    def put(self, volume: Volume) -> str:
        """Store a volume once and return its key; putting the same content again writes nothing."""
        key = volume.content_hash
        check_key(key)
        if not self.has(key):
            geometry = {"shape": volume.hu.shape, "spacing_mm": volume.spacing_mm, "z_mm": volume.z_mm}
            self._place.write_volume(key, packing.packed(volume.hu), json.dumps(geometry).encode())
            with suppress(
                ParallaxError
            ):  # whoever stores the same volume writes the same; `picture` makes a missing one
                self._place.write(key, PICTURE, _array(picture(volume.hu, volume.spacing_mm)))
        return key

    @answering()
    def picture(self, key: str) -> bytes:
        """Return the small picture of a volume (thumbnail.py), WebP; one stored before gets its own now.

        Raises NotFound.
        """
        try:
            return self.array(key, PICTURE).tobytes()
        except NotFound:
            made = picture(self.hu(key), self.geometry(key)[1])
        with suppress(ParallaxError):
            self.put_array(key, PICTURE, _array(made))
        return made

    @answering()
    def has(self, key: str) -> bool:
        """Whether a volume is stored under this key."""
        check_key(key)
        return self._place.geometry(key) is not None

    @answering()
    def hu(self, key: str) -> NDArray[np.int16]:
        """Return the whole volume, int16 HU (z, y, x); raises NotFound."""
        index = self._place.index(key)
        return self.array(key, HU) if index is None else index.hu(self._place.reader(key, PACKED))

    @answering()
    def slice(self, key: str, z: int) -> NDArray[np.int16]:
        """Return one slice, int16 HU (y, x); raises NotFound where there is no such volume or slice."""
        index = self._place.index(key)
        if index is None:
            return self.array_slice(key, HU, z)
        _check_slice(z, index.shape[0])
        return index.slice(self._place.reader(key, PACKED), z)

    @answering()
    def frame(self, key: str, z: int) -> bytes:
        """Return one slice as it is sent (wire.py); raises NotFound."""
        index = self._place.index(key)
        if index is None:
            return wire.packed(self.array_slice(key, HU, z))
        _check_slice(z, index.shape[0])
        return index.frame(self._place.reader(key, PACKED), z)

    @answering()
    def coarse(self, key: str) -> bytes:
        """Return the coarse view of a volume as it is sent; raises NotFound, also for one that is not packed yet."""
        index = self._place.index(key)
        if index is None:
            raise NotFound(GONE)
        return self._place.reader(key, PACKED)(*index.coarse)

    @answering()
    def coarse_shape(self, key: str) -> tuple[int, int, int] | None:
        """Return the shape (z, y, x) of the coarse view; None for a volume that is not packed yet."""
        index = self._place.index(key)
        return None if index is None else index.coarse_shape

    @answering()
    def lungs_middle(self, key: str) -> int:
        """Return the slice in the middle of the lungs, or of a volume that is not packed yet; raises NotFound."""
        index = self._place.index(key)
        return self.geometry(key)[0][0] // 2 if index is None else index.lungs_middle

    @answering()
    def pack(self, key: str) -> bool:
        """Pack a volume of before; tells whether there was anything to do. Readers meanwhile notice nothing."""
        if self._place.index(key) is not None or not self.has(key):
            return False
        self._place.repack(key, packing.packed(self.array(key, HU)))
        return True

    def keys(self) -> Iterator[str]:
        """Yield the key of every volume."""
        return self._place.keys()

    @answering()
    def geometry(self, key: str) -> Geometry:
        """Return shape (z, y, x), spacing in mm (z, y, x) and the patient z of each slice, mm; raises NotFound."""
        check_key(key)
        data = self._place.geometry(key)
        if data is None:
            raise self._place.missing()
        found = json.loads(data)
        z, y, x = found["shape"]
        dz, dy, dx = found["spacing_mm"]
        return (z, y, x), (dz, dy, dx), tuple(found["z_mm"])

    @answering()
    def put_array(self, key: str, name: str, array: NDArray[Any]) -> None:
        """Store an array (a mask, heat maps) beside a volume, in place of one of the same name; raises NotFound."""
        check_name(name)
        if not self.has(key):
            raise self._place.missing()
        self._place.write(key, name, array)

    @answering()
    def array(self, key: str, name: str) -> NDArray[Any]:
        """Return an array beside a volume; raises NotFound."""
        return np.asarray(self._place.opened(key, name)[:])

    @answering()
    def array_slice(self, key: str, name: str, index: int) -> NDArray[Any]:
        """Return one slice (along the first axis) of an array beside a volume; raises NotFound."""
        opened = self._place.opened(key, name)
        _check_slice(index, opened.shape[0])
        return np.asarray(opened[index])

    @answering()
    def files(self, key: str) -> list[str]:
        """Return the names of the files of a volume, the geometry last; none where it is not stored."""
        check_key(key)
        return sorted(self._place.files(key), key=lambda name: (name == GEOMETRY, name))

    @answering()
    def file(self, key: str, name: str) -> bytes:
        """Return one file of a volume as it is stored; raises NotFound."""
        check_key(key)
        return self._place.file(key, name)

    @answering()
    def put_file(self, key: str, name: str, data: bytes) -> None:
        """Store one file of a volume that a backup holds. The geometry comes last: with it the volume is there."""
        check_key(key)
        if any(part in ("", ".", "..") for part in name.split("/")):
            raise NotFound("A volume has no file of this name.")
        self._place.put_file(key, name, data)

    @answering()
    def delete(self, key: str) -> None:
        """Remove a volume and everything beside it; nothing happens where there is none."""
        check_key(key)
        self._place.delete(key)


@lru_cache(maxsize=16)
def _place(url: str) -> Folder | Bucket:
    if "://" not in url:
        return Folder(Path(url))
    try:
        return Bucket(from_url(url, **({} if url.startswith(("memory:", "file:")) else NETWORK)))
    except (obstore.exceptions.BaseError, ValueError):
        failure = ImagingError("The storage address is not understood; give a folder or s3://bucket/prefix.")
    raise failure


def _array(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(data, np.uint8)[None]  # one chunk


def _check_slice(index: int, count: int) -> None:
    if not 0 <= index < count:
        raise NotFound(f"There is no slice {index}; this volume has {count}.")
