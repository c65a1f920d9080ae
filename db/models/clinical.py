"""Clinical information of the cases of a study."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base


class ClinicalNoteRow(Base):
    """What readers are told of a case in one study. Of several imports (`batch`) the newest counts, case by case."""

    __tablename__ = "clinical_notes"
    __table_args__ = (UniqueConstraint("study_id", "case_id", "batch"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    batch: Mapped[int]
    age: Mapped[int | None]
    sex: Mapped[str | None] = mapped_column(String(1))
    text: Mapped[str] = mapped_column(Text)
    prior: Mapped[str] = mapped_column(Text)
    author_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    at: Mapped[datetime]
