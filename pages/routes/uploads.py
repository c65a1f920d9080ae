"""How much of the server's memory uploads may take: counted while bytes arrive, by person, by address and in total."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from streamlit.runtime import Runtime

from core.errors import ParallaxError
from core.settings import settings

MB = 1024 * 1024
FORM = MB  # bytes that a form adds to the file in it, at most
ENTRY = 16 * 1024  # bytes that each file counts for beside its own, so that a million empty ones count too
TOTAL = "total"


class TooMuch(ParallaxError):
    """An upload is larger than what is left for it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of uploads that may be in memory at once."""

    file: int
    person: int
    address: int
    total: int


@lru_cache(maxsize=4)
def limits(largest_mb: int, total_mb: int) -> Limits:
    """Return the limits: a person may hold one largest upload, an address two; without a total, half of the memory."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    total = total_mb * MB or memory // 2
    file = largest_mb * MB + FORM + ENTRY
    return Limits(file=file, person=min(file, total), address=min(2 * file, total), total=total)


@dataclass
class Piece:
    """One file that is arriving or held: who sent it, from where, and the bytes it takes."""

    account_id: int
    address: str
    bytes: int = 0
    whole: bool = False


class Uploads:
    """The files in memory, of all people. Used in the event loop only, so nothing here needs a lock."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Piece] = {}
        self._sums: Counter[str] = Counter()

    @contextmanager
    def arriving(self, account_id: int, address: str, session_id: str, file_id: str) -> Iterator[Piece]:
        """Count a file while it arrives and, once the caller says that it is whole, as long as its page holds it."""
        piece = Piece(account_id, address)
        try:
            self.add(piece, ENTRY)
            yield piece
        finally:
            if piece.whole:
                self._drop(self._held.pop((session_id, file_id), None))
                self._held[session_id, file_id] = piece
            else:
                self._drop(piece)

    def add(self, piece: Piece, more: int) -> None:
        """Count the next bytes of an arriving file; raises TooMuch, saying which limit they are over."""
        piece.bytes += more
        for key in _keys(piece):
            self._sums[key] += more
        if self._over(piece):
            for place in [place for place in self._held if not _is_held(*place)]:
                self._drop(self._held.pop(place))
        if reason := self._over(piece):
            raise TooMuch(reason)

    def _drop(self, piece: Piece | None) -> None:
        if piece is not None:
            for key in _keys(piece):
                self._sums[key] -= piece.bytes

    def _over(self, piece: Piece) -> str:
        most = limits(settings().max_upload_mb, settings().uploads_total_mb)
        person, address, total = (self._sums[key] for key in _keys(piece))
        if piece.bytes > most.file:
            return f"The file is larger than {settings().max_upload_mb} MB, the limit of PARALLAX_MAX_UPLOAD_MB."
        if person > most.person:
            return f"Your uploads together are over {most.person // MB} MB. Store what is uploaded, then go on."
        if address > most.address:
            return f"The uploads from your address are over {most.address // MB} MB. Try again in some minutes."
        if total > most.total:
            return "The server holds as many uploads as it can. Try again in some minutes."
        return ""


def _keys(piece: Piece) -> tuple[str, str, str]:
    return f"person {piece.account_id}", f"address {piece.address}", TOTAL


def _is_held(session_id: str, file_id: str) -> bool:
    return bool(Runtime.instance().uploaded_file_mgr.get_files(session_id, [file_id]))
