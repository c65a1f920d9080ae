"""Connections to DICOMweb servers, and which series of them became which case, encrypted."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base


class PacsServer(Base):
    """A DICOMweb server of one account. Its address and credentials are encrypted; a removed one keeps neither."""

    __tablename__ = "pacs_servers"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class PacsSource(Base):
    """The series of a server that became a case, of the account that fetched it; destroyed with the case register."""

    __tablename__ = "pacs_sources"
    __table_args__ = (UniqueConstraint("case_id", "owner_id", "server_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    server_id: Mapped[int] = mapped_column(ForeignKey("pacs_servers.id"))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
