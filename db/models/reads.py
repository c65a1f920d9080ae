"""Reads, their drafts and the events their clock is computed from."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.study.words import Arm, Beginning, ReadState
from db.models.base import Base, one_of, words


class Read(Base):
    """One reader, one case, one arm, one session, one attempt. A locked row never changes (trigger).

    `began_with` says it of the aided read of a sequential design: whether its form began filled or blank.
    `first_diagnosis` was given before the clinical information was shown.
    """

    __tablename__ = "reads"
    __table_args__ = (
        UniqueConstraint("reader_id", "case_id", "arm", "session", "attempt"),
        CheckConstraint(one_of("arm", Arm), name="arm"),
        CheckConstraint(one_of("state", ReadState), name="state"),
        CheckConstraint("(state = 'locked') = (locked_at IS NOT NULL)", name="locked_at"),
        Index("ix_reads_case_id_state", "case_id", "state"),
        Index("ix_reads_reader_id_session_locked_at", "reader_id", "session", "locked_at"),
        # holds all that the monitor counts of a read, so that it looks at no row
        Index("ix_reads_pace", "reader_id", "state", "practice", "active_seconds", "raw_seconds"),
        Index("ix_reads_repeated", "reader_id", sqlite_where=text("attempt > 1"), postgresql_where=text("attempt > 1")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(64), unique=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("readers.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    arm: Mapped[Arm] = mapped_column(words(Arm, 20))
    session: Mapped[int]
    attempt: Mapped[int]
    attempt_reason: Mapped[str | None] = mapped_column(String(500))
    position: Mapped[int]
    practice: Mapped[bool]
    state: Mapped[ReadState] = mapped_column(words(ReadState, 10), default=ReadState.OPEN)
    opened_at: Mapped[datetime]
    locked_at: Mapped[datetime | None]
    shown_at: Mapped[datetime | None]
    loaded_at: Mapped[datetime | None]
    first_action_at: Mapped[datetime | None]
    diagnosis_changed_at: Mapped[datetime | None]
    active_seconds: Mapped[float | None]
    raw_seconds: Mapped[float | None]
    diagnosis: Mapped[str | None] = mapped_column(String(40))
    content: Mapped[dict[str, Any]] = mapped_column(default=dict)
    counters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    ai_read_id: Mapped[int | None] = mapped_column(ForeignKey("ai_reads.id"))
    ai_shown_at: Mapped[datetime | None]
    ai_output: Mapped[dict[str, Any]] = mapped_column(default=dict)
    app_version: Mapped[str | None] = mapped_column(String(40))
    screen: Mapped[str | None] = mapped_column(String(40))
    began_with: Mapped[Beginning | None] = mapped_column(words(Beginning, 10))
    clinical_shown_at: Mapped[datetime | None]
    first_diagnosis: Mapped[str | None] = mapped_column(String(1000))


class Draft(Base):
    """The one mutable row of an open read. `tab` is the browser tab that holds the case; `counters` are by tab."""

    __tablename__ = "drafts"

    read_id: Mapped[int] = mapped_column(ForeignKey("reads.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(default=0)
    content: Mapped[dict[str, Any]] = mapped_column(default=dict)
    tab: Mapped[str | None] = mapped_column(String(64))
    saved_at: Mapped[datetime | None]
    diagnosis_changed_at: Mapped[datetime | None]
    counters: Mapped[dict[str, Any]] = mapped_column(default=dict)


class ReaderPlace(Base):
    """Where a reader stands in one stored order. Every place before `next_position` has all its reads opened.

    `practice` and `cases` count the places of the order. The row is made when the reader first asks what comes next.
    """

    __tablename__ = "reader_places"

    order_id: Mapped[int] = mapped_column(ForeignKey("reading_orders.id", ondelete="CASCADE"), primary_key=True)
    practice: Mapped[int]
    cases: Mapped[int]
    next_position: Mapped[int]


class ReadEvent(Base):
    """Something that happened while reading, at the server's time; append-only, idempotent by (read, tab, n)."""

    __tablename__ = "read_events"
    __table_args__ = (UniqueConstraint("read_id", "tab", "n"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    read_id: Mapped[int] = mapped_column(ForeignKey("reads.id"))
    tab: Mapped[str] = mapped_column(String(64))
    n: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]
    client_ms: Mapped[float | None]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
