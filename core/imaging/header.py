"""The header of a DICOM file, read by allow-list and turned into frames, or refused with a sentence."""

import os
import zlib
from io import BytesIO
from typing import BinaryIO

from pydicom import dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    LegacyConvertedEnhancedCTImageStorage,
)

from core.imaging.errors import ImagingError
from core.imaging.frames import Frame, Header, PixelFormat
from core.imaging.identity import IDENTIFYING, KEPT, attributes_of, identity_of, number_of, numbers_of, text_of
from core.imaging.marks import MARKING, marks_of
from core.imaging.multiframe import FUNCTIONAL_GROUPS, frame_items, is_enhanced
from core.imaging.quiet import guarded
from core.imaging.removed import notes_of
from core.imaging.source import Source
from core.imaging.units import check_units

PIXEL_TAGS = (
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "NumberOfFrames",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
)
FRAME_TAGS = (
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "RescaleSlope",
    "RescaleIntercept",
    "RealWorldValueMappingSequence",
    "AcquisitionNumber",
)
FILE_TAGS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Modality")
NOTED = ("BurnedInAnnotation", "SOPClassUID", "ConversionType")
OVERLAYS = [BaseTag(group << 16 | 0x0010) for group in range(0x6000, 0x6020, 2)]  # their rows
NAMED = (*IDENTIFYING, *KEPT, *PIXEL_TAGS, *FRAME_TAGS, *FILE_TAGS, *NOTED, *MARKING, *FUNCTIONAL_GROUPS)
TAGS = [*OVERLAYS, *(BaseTag(tag) for name in NAMED if (tag := tag_for_keyword(name)) is not None)]
PIXEL_DATA = BaseTag(0x7FE00010)
FIRST_GROUPS = (b"\x08\x00", b"\x02\x00")  # little endian; what a file without a preamble begins with
LAST_FIRST = 0x0070  # the highest element of group 0008 that such a file is known to begin with
MARK = b"DICM"
SHORT_VRS = {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "PN", "SH", "TM", "UI", "UL", "US", "OB", "UT"}
OTHER_MODALITIES = {"MR", "PT", "NM", "US", "CR", "DX", "MG", "XA", "RF", "SR", "SEG", "KO", "PR", "OT", "SC", "DOC",
                    "RTSTRUCT", "RTDOSE", "RTPLAN", "REG"}  # fmt: skip
MAX_SIDE = 4096  # voxels
MAX_FRAMES = 5000
MAX_INFLATED = 4 * 10**9  # bytes of one deflated file
INFLATED_RATIO, INFLATED_FROM = 200, 64 * 2**20  # as in core.imaging.archive.Limits

DAMAGED = "This DICOM file is damaged; export the series again."
CUT_OFF = "This CT image is cut short in its header; export the series again."
CT_IMAGES = (CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage)
NOT_DICOM = "This is not a DICOM or NIfTI file; leave it out of the upload."
NO_GEOMETRY = (
    "This image does not say where in the patient it lies, so it is a screenshot or report; choose the original series."
)


def looks_like_dicom(head: bytes) -> bool:
    """Whether a file that begins so is DICOM, with the usual preamble or (old exports) without."""
    if MARK in (head[128:132], head[:4]):
        return True
    if head[:2] not in FIRST_GROUPS or int.from_bytes(head[2:4], "little") > LAST_FIRST:
        return False
    explicit, length = head[4:6].decode("latin-1"), int.from_bytes(head[4:8], "little")
    return explicit in SHORT_VRS or length <= 256


def read_dataset(stream: BinaryIO, *, pixels: bool) -> Dataset:
    """Return the allowed elements of a DICOM file, and its pixel data where asked for."""
    refuse_deflate_bomb(stream)
    if stream.read(4) == MARK:  # a file may begin with the mark itself, without the 128 bytes before it
        stream = BytesIO(stream.read())
    stream.seek(0)
    tags = [*TAGS, PIXEL_DATA] if pixels else TAGS
    source = stream
    return guarded(lambda: dcmread(source, stop_before_pixels=not pixels, specific_tags=tags, force=True), DAMAGED)


def read_header(source: Source) -> Header:
    """Return the frames of a DICOM CT file; raises ImagingError with the reason where it has none that is usable."""
    with source.open() as stream:
        dataset = read_dataset(stream, pixels=False)
    return guarded(lambda: _header(dataset, source), DAMAGED)


def _header(dataset: Dataset, source: Source) -> Header:
    modality = text_of(dataset, "Modality").upper()
    kinds = (text_of(dataset, "SOPClassUID"), getattr(dataset, "file_meta", {}).get("MediaStorageSOPClassUID"))
    ct_image = any(kind in CT_IMAGES for kind in kinds)
    if ct_image and not (number_of(dataset, "Rows") and number_of(dataset, "Columns")):
        raise ImagingError(DAMAGED if modality else CUT_OFF)
    if modality != "CT" and (modality or not ct_image):  # the class of a CT image says it too
        if not modality and not kinds[0]:
            raise ImagingError(NOT_DICOM)
        named = f" but {modality}" if modality in OTHER_MODALITIES else ""
        raise ImagingError(f"This DICOM file is not CT{named}; leave it out of the upload.")
    pixels = _pixel_format(dataset)
    study, series = text_of(dataset, "StudyInstanceUID"), text_of(dataset, "SeriesInstanceUID")
    frames = _enhanced(dataset, source, pixels) if is_enhanced(dataset) else (_classic(dataset, source, pixels),)
    return Header(frames, series, study, identity_of(dataset, study))


def _classic(dataset: Dataset, source: Source, pixels: PixelFormat) -> Frame:
    frames = number_of(dataset, "NumberOfFrames")
    if frames is not None and frames > 1:
        raise ImagingError(NO_GEOMETRY)
    return _frame(dataset, dataset, source, 0, pixels)


def _enhanced(dataset: Dataset, source: Source, pixels: PixelFormat) -> tuple[Frame, ...]:
    items = frame_items(dataset)
    if len(items) > MAX_FRAMES:
        raise ImagingError(f"This file holds more than {MAX_FRAMES} images; export the series in parts.")
    return tuple(_frame(dataset, item, source, index, pixels) for index, item in enumerate(items))


def _frame(dataset: Dataset, item: Dataset, source: Source, index: int, pixels: PixelFormat) -> Frame:
    """Make a frame of what holds for it: item is the file's own data set, or one frame's values of a multi-frame."""
    if "LOCALIZER" in text_of(item, "ImageType").upper().split("/"):
        raise ImagingError("This is a localizer (scout view); leave it out and upload the axial series.")
    position = numbers_of(item, "ImagePositionPatient")
    orientation = numbers_of(item, "ImageOrientationPatient")
    spacing = numbers_of(item, "PixelSpacing")
    if len(position) != 3 or len(orientation) != 6:
        raise ImagingError(NO_GEOMETRY)
    if len(spacing) != 2 or not all(0.01 <= mm <= 50 for mm in spacing):
        raise ImagingError("This image does not state its pixel spacing; choose the original series.")
    check_units(dataset, item)
    slope, intercept = number_of(item, "RescaleSlope"), number_of(item, "RescaleIntercept")
    if slope is None or intercept is None or slope == 0:
        raise ImagingError("This image does not say how to compute HU (rescale slope, intercept); export it again.")
    attributes = attributes_of(
        dataset,
        kernel=text_of(item, "ConvolutionKernel"),
        kvp=number_of(item, "KVP"),
        thickness_mm=number_of(item, "SliceThickness"),
    )
    return Frame(
        source=source,
        index=index,
        pixels=pixels,
        position=(position[0], position[1], position[2]),
        orientation=orientation,
        spacing=(spacing[0], spacing[1]),
        slope=slope,
        intercept=intercept,
        marks=marks_of(dataset, item),
        notes=notes_of(dataset, *(text_of(dataset, keyword) for keyword in NOTED)),
        uid=text_of(dataset, "SOPInstanceUID"),
        attributes=attributes,
    )


def _pixel_format(dataset: Dataset) -> PixelFormat:
    if (
        number_of(dataset, "SamplesPerPixel") not in (1, None)
        or (text_of(dataset, "PhotometricInterpretation") or "MONOCHROME2") != "MONOCHROME2"
    ):
        raise ImagingError("This image is in colour or inverted, so it is no original CT; choose the original series.")
    rows, columns = number_of(dataset, "Rows"), number_of(dataset, "Columns")
    allocated = number_of(dataset, "BitsAllocated")
    if allocated is None:
        allocated = 8 if (number_of(dataset, "BitsStored") or 16) <= 8 else 16
    if not rows or not columns:
        raise ImagingError("This DICOM file holds no image; leave it out of the upload.")
    if max(rows, columns) > MAX_SIDE:
        raise ImagingError(f"This image has more than {MAX_SIDE} rows or columns; export the series at its own size.")
    if min(rows, columns) < 16:
        raise ImagingError("This image is smaller than 16 x 16; choose the original series.")
    if allocated not in (8, 16, 32):
        raise ImagingError("This image stores its pixels in an unusual number of bits; export the series again.")
    stored = int(number_of(dataset, "BitsStored") or allocated)
    high = number_of(dataset, "HighBit")
    if not 1 <= stored <= allocated:
        raise ImagingError(DAMAGED)
    high_bit = stored - 1 if high is None else int(high)
    if not stored - 1 <= high_bit < allocated:
        high_bit = stored - 1  # impossible; the usual place is the likely one
    signed = number_of(dataset, "PixelRepresentation") == 1
    return PixelFormat(
        rows=int(rows),
        columns=int(columns),
        bits_allocated=int(allocated),
        bits_stored=stored,
        high_bit=high_bit,
        signed=signed,
        padding=_padding(dataset, int(allocated), signed=signed),
        transfer_syntax=str(getattr(dataset.file_meta, "TransferSyntaxUID", "")),
    )


def _padding(dataset: Dataset, bits: int, *, signed: bool) -> tuple[int, int] | None:
    """Return the range of padding; written signed for unsigned pixels or the other way round, it is read too."""
    first = number_of(dataset, "PixelPaddingValue")
    if first is None:
        return None
    limit = number_of(dataset, "PixelPaddingRangeLimit")

    def stored(value: float) -> int:
        wrapped = int(value) % (1 << bits)
        return wrapped - (1 << bits) if signed and wrapped >= 1 << (bits - 1) else wrapped

    low, high = sorted((stored(first), stored(first if limit is None else limit)))
    return low, high


def refuse_deflate_bomb(stream: BinaryIO) -> None:
    """Inflate a deflated file piece by piece without keeping it, to see whether it stays within reason."""
    head = stream.read(1024)
    stream.seek(0)
    if DeflatedExplicitVRLittleEndian.encode() not in head or head[128:132] != b"DICM":
        return
    packed = stream.seek(0, os.SEEK_END)
    most = min(MAX_INFLATED, max(INFLATED_FROM, INFLATED_RATIO * packed))
    stream.seek(144 + int.from_bytes(head[140:144], "little"))
    inflate, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
    data = stream.read(2**20)
    while data:
        size += len(guarded(lambda data=data: inflate.decompress(data, 2**26), DAMAGED))  # type: ignore[misc]
        if size > most:
            raise ImagingError("This DICOM file unpacks to far more than an image can; export the series again.")
        data = inflate.unconsumed_tail or stream.read(2**20)
    stream.seek(0)
