"""How carefully cases were read, from clocks and counters alone: no diagnosis, rating or truth is loaded here."""

from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.study.words import Arm, ReadState
from db import cases, permissions
from db.models import Read, Reader
from db.permissions import Actor, Right
from db.study.info import row

FEW_SLICES = 0.25  # of a volume; who saw fewer has hardly looked at the whole of it
ENOUGH = 6  # reads from which a drift over them is told
HURRIED = 0.5  # a last third in less than half the time of the first is worth a question


@dataclass(frozen=True, slots=True)
class ReadQuality:
    """One reader's locked reads, practice left out: how many of `reads` stand out in each way.

    `counted` of them tell how many slices were on the screen. `drift` is the median time of the last third of reads
    over that of the first, None for too few of them. `seconds` is the protocol's shortest plausible time.
    """

    pseudonym: str
    reads: int
    too_fast: int
    seconds: int
    few_slices: int
    counted: int
    contradicting: int
    drift: float | None

    @property
    def stands_out(self) -> bool:
        """Whether anything here is worth a question to the reader."""
        hurried = self.drift is not None and self.drift < HURRIED
        return bool(self.too_fast or self.few_slices or self.contradicting or hurried)


class _Read(NamedTuple):
    """The columns of a read that tell how it was made, and not what was answered."""

    id: int
    reader_id: int
    case_id: int
    session: int
    arm: str
    state: str
    active_seconds: float | None
    counters: dict[str, Any]


def quality(session: Session, study_id: int, *, by: Actor) -> list[ReadQuality]:
    """Return the quality of every reader's reads, in the order of readers; raises Forbidden."""
    permissions.require(session, study_id, by, Right.MONITOR)
    least = row(session, study_id).protocol.min_plausible_s
    slices = {case.id: case.shape[0] for case in cases.of_study(session, study_id)}
    found: dict[int, list[_Read]] = {}
    newest: dict[tuple[int, int, int, str], _Read] = {}
    columns = [getattr(Read, name) for name in _Read._fields]
    query = select(*columns).join(Reader, Reader.id == Read.reader_id).where(Reader.study_id == study_id)
    for line in session.execute(query.where(Read.practice.is_(False)).order_by(Read.attempt, Read.id)):
        read = _Read(*line)
        newest[read.reader_id, read.case_id, read.session, read.arm] = read
    for read in sorted(newest.values(), key=lambda read_: read_.id):
        if read.state == ReadState.LOCKED:
            found.setdefault(read.reader_id, []).append(read)
    names = select(Reader.id, Reader.pseudonym).where(Reader.study_id == study_id).order_by(Reader.id)
    return [
        _of_reader(pseudonym, found[reader_id], slices, least)
        for reader_id, pseudonym in session.execute(names)
        if reader_id in found
    ]


def _of_reader(pseudonym: str, reads: list[_Read], slices: dict[int, int], least: int) -> ReadQuality:
    seen = [
        read.counters["slices_seen"] / slices[read.case_id]
        for read in reads
        # an aided read of a sequential design goes on where the unaided one ended: few slices are seen again
        if read.counters.get("slices_seen") and slices.get(read.case_id) and not _goes_on(read, reads)
    ]
    times = [read.active_seconds or 0.0 for read in reads]
    return ReadQuality(
        pseudonym=pseudonym,
        reads=len(reads),
        too_fast=sum(time < least for time in times),
        seconds=least,
        few_slices=sum(share < FEW_SLICES for share in seen),
        counted=len(seen),
        contradicting=sum(bool(read.counters.get("contradiction_kept")) for read in reads),
        drift=_drift(times),
    )


def _goes_on(read: _Read, reads: list[_Read]) -> bool:
    return read.arm == Arm.AIDED and any(
        read_.case_id == read.case_id and read_.session == read.session and read_.arm == Arm.UNAIDED for read_ in reads
    )


def _drift(times: list[float]) -> float | None:
    third = len(times) // 3
    if len(times) < ENOUGH or not median(times[:third]):
        return None
    return median(times[-third:]) / median(times[:third])
