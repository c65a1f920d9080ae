"""Patients, cases and their series, all without identity."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base


class Patient(Base):
    """A patient is a key: a keyed digest made at upload that cannot be turned back into an identifier."""

    __tablename__ = "patients"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)


class Case(Base):
    """One patient's examination as readers see it: a number, never a name."""

    __tablename__ = "cases"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"), index=True)
    tags: Mapped[list[Any]] = mapped_column(default=list)
    created_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class CaseUploader(Base):
    """Who has uploaded a case: the first, and everybody who brought the very same content again."""

    __tablename__ = "case_uploaders"
    __table_args__ = (UniqueConstraint("case_id", "account_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)


class Series(Base):
    """The stored volume of a case. `attributes` holds the allow-listed tags only.

    `deidentified` names the elements of the source that were kept, replaced and removed, without any value.
    """

    __tablename__ = "series"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), unique=True)
    content_hash: Mapped[str] = mapped_column(String(64), unique=True)
    storage_key: Mapped[str] = mapped_column(String(200))
    slices: Mapped[int]
    rows: Mapped[int]
    columns: Mapped[int]
    spacing_mm: Mapped[list[Any]]
    z_mm: Mapped[list[Any]]
    affine: Mapped[list[Any]]
    attributes: Mapped[dict[str, Any]]
    deidentified: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[datetime]
