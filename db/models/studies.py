"""Studies: classes, cases, truth, readers and their stored reading orders."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from core.study.protocol import Protocol
from core.study.words import Arm, Design, StudyRole, StudyState
from db.models.base import Base, ProtocolJson, one_of, words


class Study(Base):
    """One reader study; `protocol` is frozen once the study is open.

    A draft that was deleted keeps its row, with `deleted_at`: append-only truth and audit events name it. Studies of
    the demo may be removed in any state.
    """

    __tablename__ = "studies"
    __table_args__ = (
        CheckConstraint(one_of("state", StudyState), name="state"),
        CheckConstraint(one_of("design", Design), name="design"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    state: Mapped[StudyState] = mapped_column(words(StudyState, 20), default=StudyState.DRAFT)
    design: Mapped[Design] = mapped_column(words(Design, 20), default=Design.INDEPENDENT)
    protocol: Mapped[Protocol] = mapped_column(ProtocolJson)
    ai_model_id: Mapped[int | None] = mapped_column(ForeignKey("ai_models.id"))
    ai_rule: Mapped[str] = mapped_column(String(60), default="paper")
    # names an AI read for every case, so it is loaded where it is needed only
    ai_parameters: Mapped[dict[str, Any]] = mapped_column(default=dict, deferred=True)
    seed: Mapped[int | None]
    created_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    unblinded_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    demo: Mapped[bool] = mapped_column(default=False, server_default=false())


class StudyMember(Base):
    """An account's role in running a study; readers and panel members have tables of their own. One is the owner.

    `managed` stays true once they could see the truth, also when the role has changed or ended since.
    """

    __tablename__ = "study_members"
    __table_args__ = (
        UniqueConstraint("study_id", "account_id"),
        CheckConstraint(one_of("role", [role for role in StudyRole if role != StudyRole.READER]), name="role"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    role: Mapped[StudyRole] = mapped_column(words(StudyRole, 20))
    managed: Mapped[bool]
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class StudyClass(Base):
    """One diagnosis readers may give. `ai_class` is the AI's class it corresponds to."""

    __tablename__ = "study_classes"
    __table_args__ = (UniqueConstraint("study_id", "code"), UniqueConstraint("study_id", "position"))

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    position: Mapped[int]
    code: Mapped[str] = mapped_column(String(40))
    label: Mapped[str] = mapped_column(String(120))
    letter: Mapped[str] = mapped_column(String(1))
    colour: Mapped[str] = mapped_column(String(9))
    ai_class: Mapped[str | None] = mapped_column(String(40))
    positive: Mapped[bool] = mapped_column(default=False)


class StudyCase(Base):
    """A case taken into a study. `frozen_truth_id` is the truth version the study was opened with."""

    __tablename__ = "study_cases"
    __table_args__ = (UniqueConstraint("study_id", "case_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    practice: Mapped[bool] = mapped_column(default=False)
    frozen_truth_id: Mapped[int | None] = mapped_column(ForeignKey("truth.id"))
    added_at: Mapped[datetime]


class Truth(Base):
    """The reference standard of one case in one study; append-only, a correction is a new version.

    In a study of findings `findings` has the level of each by code, `lesions` their places (core.study.lesions), and
    `class_code` says whether any is present.
    """

    __tablename__ = "truth"
    __table_args__ = (UniqueConstraint("study_id", "case_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    version: Mapped[int]
    class_code: Mapped[str] = mapped_column(String(40))
    source: Mapped[str] = mapped_column(String(200))
    author_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    reason: Mapped[str | None] = mapped_column(String(500))
    at: Mapped[datetime]
    findings: Mapped[dict[str, Any] | None]
    lesions: Mapped[list[Any] | None]


class PanelMember(Base):
    """An account on the panel that decides the truth of a study. An adjudicator decides splits and does not vote."""

    __tablename__ = "panel_members"
    __table_args__ = (UniqueConstraint("study_id", "account_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    adjudicator: Mapped[bool] = mapped_column(default=False)
    added_at: Mapped[datetime]
    left_at: Mapped[datetime | None]


class TruthVote(Base):
    """One panel member's opinion on the truth of a case, before majority or adjudication; append-only.

    `findings` and `lesions` as of Truth.
    """

    __tablename__ = "truth_votes"
    __table_args__ = (UniqueConstraint("study_id", "case_id", "author_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    version: Mapped[int]
    class_code: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]
    findings: Mapped[dict[str, Any] | None]
    lesions: Mapped[list[Any] | None]


class ReaderGroup(Base):
    """A group of readers, such as novices or experts; `position` gives the order of comparisons."""

    __tablename__ = "reader_groups"
    __table_args__ = (UniqueConstraint("study_id", "name"), UniqueConstraint("study_id", "position"))

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    position: Mapped[int]


class Reader(Base):
    """An account in its role as reader of one study, known in results by a pseudonym.

    `joined_reason` stands for those who joined when the study was open already. `streak` reads were locked in a row
    without a break, up to the one at `last_lock_at`.
    """

    __tablename__ = "readers"
    __table_args__ = (UniqueConstraint("study_id", "account_id"), UniqueConstraint("study_id", "pseudonym"))

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("reader_groups.id"))
    pseudonym: Mapped[str] = mapped_column(String(40))
    years: Mapped[float | None]
    added_at: Mapped[datetime]
    joined_reason: Mapped[str | None] = mapped_column(String(500))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str | None] = mapped_column(String(500))
    streak: Mapped[int] = mapped_column(default=0, server_default="0")
    streak_began: Mapped[datetime | None]
    last_lock_at: Mapped[datetime | None]


class ReadingOrder(Base):
    """The order of one reader in one session, made once from a recorded seed and never recomputed."""

    __tablename__ = "reading_orders"
    __table_args__ = (UniqueConstraint("reader_id", "session"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("readers.id"))
    session: Mapped[int]
    seed: Mapped[int]
    opens_at: Mapped[datetime | None]
    made_at: Mapped[datetime]


class OrderEntry(Base):
    """One place in a reading order: which case, in which arm. Practice cases come first."""

    __tablename__ = "order_entries"
    __table_args__ = (UniqueConstraint("order_id", "position"), UniqueConstraint("order_id", "case_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("reading_orders.id", ondelete="CASCADE"))
    position: Mapped[int]
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    arm: Mapped[Arm] = mapped_column(words(Arm, 20))
    practice: Mapped[bool]
