"""Builds files with the quirks that exports have: changes in the bytes of a file that pydicom would not write."""

import io
import struct
import zipfile
from collections.abc import Sequence

import nibabel
import numpy as np
from pydicom.datadict import tag_for_keyword

from core.imaging.volume import Volume
from tests import dicom_builder as build

ITEM, END = struct.pack("<HH", 0xFFFE, 0xE000), struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"


def place_of(data: bytes, keyword: str) -> int:
    """Where an element of an explicit little-endian file begins."""
    tag = tag_for_keyword(keyword)
    assert tag is not None
    return data.index(struct.pack("<HH", tag >> 16, tag & 0xFFFF), 132)


def with_commas(data: bytes, *keywords: str) -> bytes:
    """The file with decimal commas in these elements."""
    changed = bytearray(data)
    for keyword in keywords:
        start = place_of(data, keyword)
        assert data[start + 4 : start + 6] == b"DS"
        (length,) = struct.unpack_from("<H", data, start + 6)
        value = slice(start + 8, start + 8 + length)
        changed[value] = data[value].replace(b".", b",")
        assert changed[value] != data[value]
    return bytes(changed)


def with_vr(data: bytes, keyword: str, vr: bytes) -> bytes:
    """The file with another VR written at an element."""
    start = place_of(data, keyword)
    return data[: start + 4] + vr + data[start + 6 :]


def fragments(*several: bytes, table: bytes = b"") -> bytes:
    """Encapsulated pixel data of these fragments, after a table of offsets."""
    items = [ITEM + struct.pack("<I", len(one)) + one for one in (table, *several)]
    return b"".join(items) + END


def code_of(dataset: build.Dataset) -> bytes:
    """The compressed bytes of one image that `build.encoded` packed."""
    data = dataset.PixelData
    (table,) = struct.unpack_from("<I", data, 4)
    (length,) = struct.unpack_from("<I", data, 8 + table + 4)
    return data[16 + table : 16 + table + length]


def without_meta(dataset: build.Dataset, *, first: str) -> bytes:
    """A file that begins with an element of group 0008, without preamble and meta information, as old exports do."""
    data = build.file_bytes(dataset)
    return data[place_of(data, first) :]


def packed_by(data: bytes, method: int, *, members: Sequence[int] | None = None) -> bytes:
    """A zip that says that its members (all, or by number) are packed by a method that it was not packed by."""
    changed = bytearray(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for number, info in enumerate(archive.infolist()):
            if members is None or number in members:
                struct.pack_into("<H", changed, info.header_offset + 8, method)
                central = data.index(b"PK\x01\x02", archive.start_dir)
                for _ in range(number):
                    central = data.index(b"PK\x01\x02", central + 4)
                struct.pack_into("<H", changed, central + 10, method)
    return bytes(changed)


def nifti_with(volume: Volume, *, qform: bool = False, sform: bool = True, version: int = 1, **fields: object) -> bytes:
    """A NIfTI file with header fields changed after it was written; pixdim, srow_x and so on are given whole."""
    data = build.nifti(volume, version=version)
    kind = nibabel.Nifti1Header if version == 1 else nibabel.Nifti2Header
    size = kind.template_dtype.itemsize
    header = kind(data[:size], check=False)
    affine = header.get_sform()
    if qform:
        header.set_qform(affine, code=1)
    if not sform:
        header["sform_code"] = 0
    for name, value in fields.items():
        header[name] = value
    return header.binaryblock + data[size:]


def sheared(volume: Volume, degrees: float, *, along: int = 1) -> bytes:
    """A NIfTI file of a tilted gantry: its third axis leans, as dcm2niix writes it."""
    step = volume.spacing_mm[0]
    data = np.transpose(volume.hu)[::-1, ::-1, ::-1]
    affine = np.diag([*volume.spacing_mm[::-1], 1.0])
    affine[along, 2] = step * np.tan(np.radians(degrees))
    return nibabel.Nifti1Image(np.ascontiguousarray(data), affine).to_bytes()
