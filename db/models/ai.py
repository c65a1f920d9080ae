"""AI models, their slice scores and their reads; and the workers that made them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base


class AiModel(Base):
    """One frozen version of an AI: the networks of this project, own weights, or calls that came as a CSV.

    `origin` is shipped or own, and unknown until a worker has registered the model again after an upgrade.
    """

    __tablename__ = "ai_models"
    __table_args__ = (
        UniqueConstraint("name", "version"),
        CheckConstraint("kind IN ('networks', 'csv')", name="kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    version: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(20))
    sha256: Mapped[str] = mapped_column(String(64))
    classes: Mapped[list[Any]]
    card: Mapped[dict[str, Any]]
    manifest: Mapped[list[Any]]
    created_at: Mapped[datetime]
    origin: Mapped[str | None] = mapped_column(String(20))
    default_since: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


class SliceScores(Base):
    """What the networks gave for every kept slice; unique for series, model and preprocessing."""

    __tablename__ = "slice_scores"
    __table_args__ = (UniqueConstraint("series_id", "model_id", "parameters_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"))
    model_id: Mapped[int] = mapped_column(ForeignKey("ai_models.id"))
    parameters_hash: Mapped[str] = mapped_column(String(64))
    parameters: Mapped[dict[str, Any]]
    probabilities: Mapped[list[Any]]
    heat_slices: Mapped[list[Any]]
    lung_volume_ml: Mapped[float]
    device: Mapped[str] = mapped_column(String(120))
    timings: Mapped[dict[str, Any]]
    code_version: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]


class AiRead(Base):
    """One call of one AI on one series under one rule; append-only. A failure is a row too, and says why."""

    __tablename__ = "ai_reads"
    __table_args__ = (
        UniqueConstraint("series_id", "model_id", "parameters_hash", "rule", "attempt"),
        CheckConstraint("(call IS NULL) = (failure IS NOT NULL)", name="call_or_failure"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"), index=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("ai_models.id"), index=True)
    slice_scores_id: Mapped[int | None] = mapped_column(ForeignKey("slice_scores.id"))
    parameters_hash: Mapped[str] = mapped_column(String(64))
    rule: Mapped[str] = mapped_column(String(60))
    attempt: Mapped[int] = mapped_column(default=1)
    call: Mapped[str | None] = mapped_column(String(40))
    failure: Mapped[str | None] = mapped_column(String(500))
    probabilities: Mapped[dict[str, Any]]
    counts: Mapped[dict[str, Any]]
    deciding_slices: Mapped[list[Any]]
    abnormal_share: Mapped[float | None]
    warnings: Mapped[list[Any] | None]  # sentences; None for reads older than warnings
    seconds: Mapped[float | None]
    at: Mapped[datetime]


class AiMarks(Base):
    """Where an AI marked findings on one series, brought by a table; append-only, the newest counts until an opening.

    `marks` as the lesions of a truth (core.study.lesions), each with its rating; empty where the AI marked nothing.
    """

    __tablename__ = "ai_marks"

    id: Mapped[int] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"), index=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("ai_models.id"), index=True)
    marks: Mapped[list[Any]]
    author_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    at: Mapped[datetime]


class Worker(Base):
    """A worker's sign of life, so that another can take over what a lost one left."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    beat_at: Mapped[datetime]
    device: Mapped[str] = mapped_column(String(120))
