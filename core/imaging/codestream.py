"""The size that a compressed image states itself, read before it is decoded: a small file may claim a huge image."""

import struct

from core.imaging.errors import ImagingError

ANOTHER_SIZE = "The pixels of this image have another size than its header says; export the series again."
J2K = b"\xff\x4f\xff\x51"  # start of a JPEG 2000 codestream and of its SIZ segment
SOF = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}  # JPEG and JPEG-LS frame headers
ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length
BOMB = "The pixels of this image unpack to far more than an image can; export the series again."
LARGE, RATIO = 16 * 2**20, 1000  # bytes of pixels, and for each packed byte; smaller images of one colour pack so
MOST_TILES = 4096


def check_size(code: bytes, rows: int, columns: int) -> None:
    """Raise ImagingError where a JPEG, JPEG-LS or JPEG 2000 image is of another size than rows x columns of gray."""
    if 2 * rows * columns > LARGE and 2 * rows * columns > RATIO * len(code):
        raise ImagingError(BOMB)
    stated = _j2k(code) if J2K in code[:200] else _jpeg(code)
    if stated is not None and stated != (rows, columns):
        raise ImagingError(ANOTHER_SIZE)


def _j2k(code: bytes) -> tuple[int, int] | None:
    start = code.index(J2K) + 4
    try:
        right, bottom, left, top, tile_w, tile_h = struct.unpack_from(">6I", code, start + 4)
        (components,) = struct.unpack_from(">H", code, start + 36)
    except struct.error:
        return None
    rows, columns = bottom - top, right - left
    tiles = -(-rows // max(tile_h, 1)) * -(-columns // max(tile_w, 1))
    return (rows, columns) if components == 1 and tiles <= MOST_TILES else (0, 0)


def _jpeg(code: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(code):
        if code[at] != 0xFF:
            return None
        marker = code[at + 1]
        if marker == 0xFF:  # filling
            at += 1
        elif marker in ALONE:
            at += 2
        elif marker in SOF:
            rows, columns = struct.unpack_from(">HH", code, at + 5)
            return (rows, columns) if rows else None  # 0: the number of rows follows the pixels
        else:
            at += 2 + int.from_bytes(code[at + 2 : at + 4], "big")
    return None
