"""NIfTI files (.nii, .nii.gz, version 1 and 2): recognised by content, read slab by slab, turned to the grid."""

import gzip
import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import Any, BinaryIO, cast

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from core.imaging.errors import ImagingError
from core.imaging.geometry import AXIAL_WITHIN, MAX_VOXELS, MIN_SLICES, TILT_TOLERANCE, tilt_sentence
from core.imaging.identity import Identity
from core.imaging.pixels import AIR, HIGHEST
from core.imaging.plausible import check_hu, sampled
from core.imaging.quiet import guarded
from core.imaging.source import Source
from core.imaging.volume import Affine, Attributes, Volume, content_hash
from core.progress import Progress

GZIP = b"\x1f\x8b"
HEAD = 544  # bytes; the header of NIfTI-2 and the start of the extension flag, longer than NIfTI-1's 348
MAGIC_1, MAGIC_2, PAIR_1 = b"n+1\0", b"n+2\0\r\n\x1a\n", b"ni1\0"
ORIENTATIONS: Any = nib.orientations  # nibabel declares no types
AFFINES: Any = nib.affines
KINDS: Any = (nib.Nifti1Header, nib.Nifti2Header)
TO_GRID = ORIENTATIONS.axcodes2ornt(("L", "P", "I"))  # x to the left, y to the back, z to the feet
MM = {1: 1000.0, 3: 0.001}  # by the code of the unit: m, µm; everything else is mm
PAIRS = ((0, 1), (0, 2), (1, 2))
ROUNDED = 0.01  # of a rotation's length
SMALLEST_VOXEL = 1e-15  # of a cube in mm, or in m
TURNED_WITHIN = 5.0  # degrees between sform and qform
DAMAGED = "This NIfTI file is damaged or cut short; convert the series again."


@dataclass(frozen=True, slots=True, repr=False)
class NiftiImage:
    """The header of a NIfTI file that can become a volume; shape and spacing on this project's grid (z, y, x)."""

    source: Source
    stored_shape: tuple[int, int, int]
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    data_type: np.dtype[Any]
    offset: int
    slope: float
    intercept: float
    affine: NDArray[np.float64]  # voxel to RAS, mm


def looks_like_nifti(head: bytes) -> bool:
    """Whether a file that begins so is NIfTI, gzipped or not."""
    start = _inflated(head) if head[:2] == GZIP else head
    return start[344:348] in (MAGIC_1, PAIR_1) or start[4:12] == MAGIC_2


def read_header(source: Source) -> NiftiImage:
    """Return the header of a NIfTI file; raises ImagingError with the reason where it cannot become a volume."""
    with _stream(source) as stream:
        head = guarded(lambda: stream.read(HEAD), DAMAGED)
    return guarded(lambda: _header(head, source), DAMAGED)


def load(image: NiftiImage, on_progress: Progress) -> Volume:
    """Return the volume; raises ImagingError with the reason, without the place."""
    stored = _stored(image, on_progress)
    to_grid = _to_grid(image.affine)
    turned = ORIENTATIONS.apply_orientation(stored.T, to_grid)  # (x, y, z)
    hu = np.ascontiguousarray(turned.T)
    check_hu([hu[index] for index in sampled(len(hu))])
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine
    grid = image.affine @ ORIENTATIONS.inv_ornt_aff(to_grid, image.stored_shape)
    z_mm = tuple(round(float(grid[2, 3] + grid[2, 2] * index), 5) for index in range(hu.shape[0]))
    table: Affine = tuple(tuple(float(value) for value in row) for row in affine)
    attributes = Attributes(thickness_mm=image.spacing_mm[0])
    return Volume(hu, image.spacing_mm, z_mm, table, attributes, content_hash(hu, image.spacing_mm))


def identity_of(image: NiftiImage) -> Identity:
    """Return the identity of the patient, who is known by nothing but the voxels: their shape and a digest of them."""
    digest = hashlib.sha256()
    with _stream(image.source) as stream:
        guarded(lambda: stream.seek(image.offset), DAMAGED)
        left = math.prod(image.stored_shape) * image.data_type.itemsize  # a tail that follows is of no matter
        while left and (block := guarded(partial(stream.read, min(2**20, left)), DAMAGED)):
            digest.update(block)
            left -= len(block)
    return Identity("nifti", repr(image.stored_shape), digest.digest())


def _inflated(head: bytes) -> bytes:
    try:
        return gzip.GzipFile(fileobj=BytesIO(head)).read1(HEAD)
    except (OSError, EOFError, ValueError):
        return b""
    except Exception:  # noqa: BLE001 - zlib.error and its kin: not a NIfTI file
        return b""


@contextmanager
def _stream(source: Source) -> Iterator[BinaryIO]:
    raw = guarded(source.open, DAMAGED)
    with raw:
        packed = guarded(lambda: raw.read(2), DAMAGED) == GZIP
        guarded(lambda: raw.seek(0), DAMAGED)
        if not packed:
            yield raw
            return
        with gzip.GzipFile(fileobj=raw) as unpacked:
            yield cast(BinaryIO, unpacked)


def _header(head: bytes, source: Source) -> NiftiImage:
    if head[344:348] == PAIR_1:
        raise ImagingError("This NIfTI file keeps its voxels in a second file (.img); convert the series to one .nii.")
    kind = KINDS[head[4:12] == MAGIC_2]
    header = kind(head[: kind.template_dtype.itemsize], check=False)
    _repair(header)
    shape = tuple(int(size) for size in header.get_data_shape())
    if len(shape) < 3 or any(size != 1 for size in shape[3:]) or min(shape) < 1:
        raise ImagingError(
            "This NIfTI file is not one volume (it has other than three axes); convert the series again."
        )
    if header["sform_code"] == 0 and header["qform_code"] == 0:
        raise ImagingError(
            "This NIfTI file does not say which side is left; convert the series again with its position."
        )
    data_type = header.get_data_dtype()
    if data_type.kind not in "iuf" or data_type.itemsize == 1:
        raise ImagingError("This NIfTI file is a mask or picture, not CT in HU; leave it out of the upload.")
    affine = _affine(header)
    affine[:3] *= _mm(header)
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.all(np.isfinite(affine)) or not np.all((spacing > 0.01) & (spacing <= 50)):
        raise ImagingError("The voxel size of this NIfTI file makes no sense; convert the series again.")
    if (tilt := _tilt(affine)) > TILT_TOLERANCE:
        raise ImagingError(tilt_sentence(tilt))
    if math.degrees(float(AFFINES.obliquity(affine).max())) > AXIAL_WITHIN:
        raise ImagingError("This NIfTI file is oblique; convert the axial series.")
    slope, intercept = _scaling(header)
    axes = [int(axis) for axis in ORIENTATIONS.io_orientation(affine)[:, 0]]
    by_axis = {axis: (shape[index], round(float(spacing[index]), 5)) for index, axis in enumerate(axes)}
    depth, height, width = by_axis[2], by_axis[1], by_axis[0]
    if depth[0] < MIN_SLICES:
        raise ImagingError(f"This NIfTI file has only {depth[0]} axial slices; a chest CT needs {MIN_SLICES} or more.")
    if shape[0] * shape[1] * shape[2] > MAX_VOXELS:
        raise ImagingError("This NIfTI file is too large to read (over a billion voxels); convert the chest alone.")
    if min(height[0], width[0]) < 16:
        raise ImagingError("The slices of this NIfTI file are smaller than 16 x 16; convert the original series.")
    offset = int(header["vox_offset"])
    return NiftiImage(
        source=source,
        stored_shape=(shape[0], shape[1], shape[2]),
        shape=(depth[0], height[0], width[0]),
        spacing_mm=(depth[1], height[1], width[1]),
        data_type=data_type,
        offset=max(offset, kind.template_dtype.itemsize + 4),
        slope=slope,
        intercept=intercept,
        affine=affine,
    )


def _repair(header: Any) -> None:
    """Set right what the standard or the usual readers (nibabel, ITK) set right: they differ from the letter only."""
    sizes = header["pixdim"]
    if sizes[0] not in (-1, 1):  # qfac; 0 is read as 1
        sizes[0] = 1
    sizes[1:4] = np.abs(sizes[1:4])
    turn = np.array([header[f"quatern_{letter}"] for letter in "bcd"], np.float64)
    length = float(np.linalg.norm(turn))
    if 1 < length < 1 + ROUNDED:  # rounding made the rotation a little longer than it can be
        for letter, value in zip("bcd", turn / (length * (1 + 1e-7)), strict=True):
            header[f"quatern_{letter}"] = value


def _affine(header: Any) -> NDArray[np.float64]:
    """Return the position of the voxels (RAS); raises ImagingError where it is absent or stated in two ways."""
    stated: list[NDArray[np.float64]] = []
    for code, read in (("sform_code", header.get_sform), ("qform_code", header.get_qform)):
        if int(header[code]) > 0:
            try:
                matrix = np.asarray(read(), np.float64)
            except Exception:  # noqa: BLE001, S112 - nibabel raises several kinds; the other position may be whole
                continue
            if np.all(np.isfinite(matrix)) and abs(float(np.linalg.det(matrix[:3, :3]))) > SMALLEST_VOXEL:
                stated.append(matrix)
    if not stated:
        raise ImagingError("The position in this NIfTI file is all zeros; convert the series again.")
    if len(stated) == 2 and _differ(*stated):
        raise ImagingError(
            "This NIfTI file states two positions that contradict each other (its sform and its qform); "
            "convert the series again."
        )
    return stated[0].copy()


def _differ(first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    """Whether two positions turn or scale the voxels differently; a shift alone moves nothing within the volume."""
    sizes = [np.linalg.norm(matrix[:3, :3], axis=0) for matrix in (first, second)]
    if bool(np.any(np.abs(sizes[0] - sizes[1]) > 0.01 * sizes[1])):
        return True
    cosines = np.sum((first[:3, :3] / sizes[0]) * (second[:3, :3] / sizes[1]), axis=0)
    return bool(np.any(cosines < math.cos(math.radians(TURNED_WITHIN))))


def _mm(header: Any) -> float:
    """Return how many mm the unit of the voxel size is; a unit that the standard does not know is taken to be mm."""
    return MM.get(int(header["xyzt_units"]) & 7, 1.0)


def _tilt(affine: NDArray[np.float64]) -> float:
    """Return by how many degrees the third axis leaves the normal of the slices: the shear of a tilted gantry."""
    axes = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return max(math.degrees(math.asin(min(abs(float(axes[:, a] @ axes[:, b])), 1.0))) for a, b in PAIRS)


def _scaling(header: Any) -> tuple[float, float]:
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if not math.isfinite(slope) or slope == 0 or not math.isfinite(intercept):
        return 1.0, 0.0  # the standard's word for "not scaled"
    return slope, intercept


def _to_grid(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    turn: NDArray[np.float64] = ORIENTATIONS.ornt_transform(ORIENTATIONS.io_orientation(affine), TO_GRID)
    return turn


def _stored(image: NiftiImage, on_progress: Progress) -> NDArray[np.int16]:
    """Return HU with the axes as stored, reversed (third, second, first), read one slab of the third axis at a time."""
    first, second, third = image.stored_shape
    out = np.empty((third, second, first), np.int16)
    with _stream(image.source) as stream:
        guarded(lambda: stream.seek(image.offset), DAMAGED)
        for index in range(third):
            out[index] = guarded(lambda: _slab(stream, image), DAMAGED)
            on_progress(index + 1, third)
    return out


def _slab(stream: BinaryIO, image: NiftiImage) -> NDArray[np.int16]:
    first, second, _ = image.stored_shape
    size = first * second * image.data_type.itemsize
    data = stream.read(size)
    if len(data) != size:
        raise ImagingError(DAMAGED)
    values = np.frombuffer(data, image.data_type).reshape(second, first)
    scaled = values.astype(np.float64) * image.slope + image.intercept
    hu: NDArray[np.int16] = np.rint(np.nan_to_num(scaled, nan=AIR).clip(AIR, HIGHEST)).astype(np.int16)
    return hu
