"""The case register: which source became which case, encrypted, and who may read it."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base


class RegisterEntry(Base):
    """One source of a case, of the account that uploaded it. A destroyed entry keeps its row without the source."""

    __tablename__ = "register_entries"
    __table_args__ = (UniqueConstraint("owner_id", "case_id", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64))  # keyed digest of the source: the same source is kept once
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    destroyed_at: Mapped[datetime | None]


class RegisterReader(Base):
    """Somebody whom an owner lets read the register."""

    __tablename__ = "register_readers"
    __table_args__ = (UniqueConstraint("owner_id", "account_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    created_at: Mapped[datetime]
