"""Stored pixels to HU, one image at a time.

Padding: pixels of PixelPaddingValue (to PixelPaddingRangeLimit) and everything below -1024 HU, such as the -2000 and
-3024 that scanners write outside the reconstruction circle, become -1024 HU: outside is air, and no window, lung mask
or statistic sees a value that no tissue has. A padding value that would be tissue (-900 to 3000 HU) is believed only
in slices with that value in all four corners, for some exports state one that the body holds too.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_fragments, get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    HTJ2K,
    UID,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
)

from core.imaging.codestream import check_size
from core.imaging.decoding import Decoder, borrow, give_back
from core.imaging.errors import ImagingError
from core.imaging.frames import Frame, PixelFormat
from core.imaging.header import read_dataset
from core.imaging.quiet import guarded

Stored = NDArray[np.integer[Any]]

AIR = -1024  # HU; the lowest value kept
HIGHEST = 32767  # HU; the highest an int16 holds
TISSUE = (-900.0, 3000.0)  # HU; a padding value within is doubted
CUT_SHORT = "The pixels of this image are cut short or damaged; export the series again."
UNKNOWN_SYNTAX = "This image is compressed in a way that cannot be read here; export it uncompressed."
UNCORRECTED: Any = {"correct_unused_bits": False}  # done below, for left-aligned pixels too; its stub knows no name
COMPRESSED = {
    *JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes, *JPEG2000TransferSyntaxes, HTJ2K, HTJ2KLossless, HTJ2KLosslessRPCL,
}  # fmt: skip
ENCAPSULATED_UNCOMPRESSED = UID("1.2.840.10008.1.2.1.98")
END_OF_IMAGE = b"\xff\xd9"


class PixelReader:
    """Decodes frames to HU, keeping the file of the last one in memory for the next frame of the same file.

    One thread uses it at a time, and closes it.
    """

    def __init__(self) -> None:
        self._of: object = None
        self._dataset: Dataset | None = None
        self._decoder = borrow()

    def close(self) -> None:
        """Let others use the process; the reader is not used any more."""
        give_back(self._decoder)

    def hu(self, frame: Frame) -> NDArray[np.int16]:
        """Return the image in HU (rows, columns) as stored; raises ImagingError with the reason, without the place."""
        if self._of is not frame.source or self._dataset is None:
            with frame.source.open() as stream:
                self._dataset = read_dataset(stream, pixels=True)
            self._of = frame.source
        dataset = self._dataset
        stored = guarded(lambda: _stored(dataset, frame, self._decoder), CUT_SHORT)
        return to_hu(stored, frame)


def to_hu(stored: Stored, frame: Frame) -> NDArray[np.int16]:
    """Return stored values as HU, int16; see the padding rule above."""
    padded = _padded(stored, frame)
    values = _significant(stored, frame)
    if frame.slope == int(frame.slope) and frame.intercept == int(frame.intercept) and abs(frame.slope) <= 1000:
        slope, intercept = int(frame.slope), int(max(min(frame.intercept, 1e6), -1e6))
        whole = values.astype(_roomy(values, slope, intercept))  # a copy, worked on in place: new memory is slow
        whole *= slope
        whole += intercept
        result: NDArray[np.int16] = whole.clip(AIR, HIGHEST, out=whole).astype(np.int16, copy=False)
    else:
        real = np.rint(values * np.float64(frame.slope) + frame.intercept)
        result = real.clip(AIR, HIGHEST).astype(np.int16)
    if padded is not None:
        result[padded] = AIR
    return result


def _roomy(values: Stored, slope: int, intercept: int) -> type[np.signedinteger[Any]]:
    """Return the smallest type of int16 or more that holds the values, slope and intercept, and every step to HU."""
    ends = int(values.min()), int(values.max())
    steps = [slope, intercept, *ends, *(end * slope + more for end in ends for more in (0, intercept))]
    wide = max(max(steps), -min(steps) - 1)
    return next(kind for kind in (np.int16, np.int32, np.int64) if wide <= np.iinfo(kind).max)


def _stored(dataset: Dataset, frame: Frame, decompress: Decoder) -> Stored:
    """Return the stored integers (rows, columns), unused bits still in them where the file is not compressed."""
    syntax = UID(frame.pixels.transfer_syntax) if frame.pixels.transfer_syntax else ImplicitVRLittleEndian
    if "PixelData" not in dataset or not dataset.PixelData:
        raise ImagingError(CUT_SHORT)
    count, index, data = int(dataset.get("NumberOfFrames") or 1), frame.index, dataset.PixelData
    if syntax == ENCAPSULATED_UNCOMPRESSED:
        syntax, data, count, index = ExplicitVRLittleEndian, _code(data, index, count), 1, 0
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:  # what pydicom raises for a transfer syntax it has no decoder for
        decoder = None
    if decoder is None or not decoder.is_available:
        raise ImagingError(UNKNOWN_SYNTAX)
    options = _description(frame.pixels)
    if syntax in COMPRESSED:
        code, mark, _ = _code(data, index, count).rpartition(END_OF_IMAGE)
        if not mark:  # a decoder would fill what is missing with zeros; what follows the mark is of no use
            raise ImagingError(CUT_SHORT)
        check_size(code, frame.pixels.rows, frame.pixels.columns)
        return decompress.decode(code + mark, options)
    options = {key: value for key, value in options.items() if key != "syntax"} | {"number_of_frames": count}
    if syntax.is_encapsulated:
        data, index, options["number_of_frames"] = encapsulate([_code(data, index, count)]), 0, 1
    else:
        options["pixel_vr"] = dataset["PixelData"].VR
    array, _ = decoder.as_array(data, index=index, raw=True, **options, **UNCORRECTED)
    if array.shape != (frame.pixels.rows, frame.pixels.columns):
        raise ImagingError(CUT_SHORT)
    return array


def _code(data: bytes, index: int, count: int) -> bytes:
    """Return the bytes of one encapsulated image, whatever a wrong table of offsets says."""
    _table, *fragments = generate_fragments(data)
    if count == 1:
        return b"".join(fragments)
    return fragments[index] if len(fragments) == count else get_frame(data, index, number_of_frames=count)


def _description(form: PixelFormat) -> dict[str, Any]:
    return {
        "syntax": form.transfer_syntax,
        "rows": form.rows,
        "columns": form.columns,
        "bits_allocated": form.bits_allocated,
        "bits_stored": form.bits_stored,
        "pixel_representation": int(form.signed),
        "photometric_interpretation": "MONOCHROME2",
        "samples_per_pixel": 1,
        "number_of_frames": 1,
        "pixel_keyword": "PixelData",
    }


def _significant(stored: Stored, frame: Frame) -> Stored:
    """Return the values in the bits that count: other bits may hold overlays or anything."""
    form = frame.pixels
    width = stored.dtype.itemsize * 8
    if form.bits_stored >= width or form.bits_allocated != width:
        return stored
    up = width - 1 - form.high_bit
    down = width - form.bits_stored
    # shifting left drops what lies above the high bit; shifting a signed type right repeats the sign
    typed = stored.astype(f"{'i' if form.signed else 'u'}{stored.dtype.itemsize}")
    typed <<= up
    typed >>= down
    return typed


def _padded(stored: Stored, frame: Frame) -> NDArray[np.bool_] | None:
    """Return where the image is padding, or None. Padding may lie outside the bits that count, so it comes first."""
    if frame.pixels.padding is None:
        return None
    low, high = frame.pixels.padding
    padded: NDArray[np.bool_] = (stored >= low) & (stored <= high)
    hu = sorted(value * frame.slope + frame.intercept for value in (low, high))
    tissue = hu[1] > TISSUE[0] and hu[0] < TISSUE[1]
    if tissue and not padded[[0, 0, -1, -1], [0, -1, 0, -1]].all():
        return None
    return padded
