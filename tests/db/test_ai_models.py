"""The registry of AI models: the default, what pins one, and what can be removed."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from db import audit
from db.ai import models as ai_models
from db.ai import reads as ai_reads
from db.ai.models import ModelInfo
from db.models import AiModel
from db.permissions import SYSTEM
from db.study import deletion as study_deletion
from db.study import design as study_design
from db.study import info as study_info
from tests.study import builder
from tests.study.builder import AT


def register(session: Session, name: str, *, added: bool = False, **more: Any) -> ModelInfo:
    stated: dict[str, Any] = {"version": "1", "kind": "networks", "sha256": name * 8, "origin": "own", **more}
    return ai_models.register_model(
        session,
        name=name,
        classes=["normal", "cap", "covid"],
        card={},
        manifest=[],
        at=AT,
        added=added,
        **stated,
        by=SYSTEM,
    )


def test_the_default_is_the_chosen_else_the_newest_shipped_else_the_newest(session: Session, at: datetime):
    assert ai_models.default(session) is None
    register(session, "csv", kind="csv", origin=None)
    assert ai_models.default(session) is None
    own = register(session, "own")
    assert ai_models.default(session) == own
    shipped = register(session, "shipped", origin="shipped")
    register(session, "later")
    assert ai_models.default(session) == shipped
    me = builder.coordinator(session)
    ai_models.set_default(session, own.id, by=me, at=at)
    assert ai_models.default(session) == own
    ai_models.set_default(session, shipped.id, by=me, at=at + timedelta(seconds=1))
    assert ai_models.default(session) == shipped
    ai_models.set_default(session, own.id, by=me, at=at + timedelta(seconds=2))
    ai_models.remove(session, own.id, by=me, at=at)
    assert ai_models.default(session) == shipped


def test_calls_of_a_csv_cannot_read_new_cases(session: Session, at: datetime):
    calls = register(session, "calls", kind="csv", origin=None)
    with pytest.raises(InvalidInput, match="table of calls"):
        ai_models.set_default(session, calls.id, by=builder.coordinator(session), at=at)


def test_a_pinned_model_stays_and_says_what_pins_it(session: Session, at: datetime):
    me, made = builder.coordinator(session), builder.study(session)
    own = register(session, "own")
    study_design.save_ai(session, made.id, model_id=own.id, by=me, at=AT)
    assert ai_models.pinned(session, by=SYSTEM) == {own.id: ("A study",)}
    with pytest.raises(Conflict, match="is the AI of “A study”"):
        ai_models.remove(session, own.id, by=me, at=at)
    study_design.save_ai(session, made.id, model_id=None, by=me, at=AT)
    ai_models.remove(session, own.id, by=me, at=at)
    assert ai_models.models(session) == []
    with pytest.raises(NotFound, match="not any more"):
        study_design.save_ai(session, made.id, model_id=own.id, by=me, at=AT)


def test_a_deleted_draft_keeps_no_model_and_comes_back_without_one(session: Session, at: datetime):
    me, made = builder.coordinator(session), builder.study(session)
    own = register(session, "own")
    study_design.save_ai(session, made.id, model_id=own.id, by=me, at=AT)
    study_deletion.delete_study(session, made.id, by=me, at=AT)
    assert ai_models.pinned(session, by=SYSTEM) == {}
    ai_models.remove(session, own.id, by=me, at=at)
    study_deletion.take_back(session, made.id, by=me, at=AT)
    assert study_info.study(session, made.id, by=SYSTEM).ai_model_id is None


def test_a_shipped_model_stays(session: Session, at: datetime):
    shipped = register(session, "shipped", origin="shipped")
    with pytest.raises(Forbidden, match="comes with Parallax"):
        ai_models.remove(session, shipped.id, by=builder.coordinator(session), at=at)


def test_a_model_that_has_read_leaves_its_reads_and_its_frozen_version(session: Session, at: datetime):
    me, made = builder.coordinator(session), builder.study(session)
    own = register(session, "own")
    case = study_info.cases(session, made.id, by=SYSTEM)[0].case
    builder.ai_read(session, case, own.id)
    ai_models.remove(session, own.id, by=me, at=at)
    assert ai_models.models(session) == []
    kept = ai_reads.current(session, case.series_id, own.id, "paper")
    assert kept is not None
    assert kept.call == "covid"
    with pytest.raises(NotFound):
        ai_models.remove(session, own.id, by=me, at=at)
    with pytest.raises(Conflict, match="other weights"):
        register(session, "own", sha256="f" * 64, added=True)
    with pytest.raises(Conflict, match="was removed"):  # a worker that finds the folder still there
        register(session, "own")
    assert register(session, "own", added=True).id == own.id
    assert [model.id for model in ai_models.models(session)] == [own.id]


def test_a_model_that_never_read_leaves_only_the_trail(session: Session, at: datetime):
    own = register(session, "own")
    ai_models.remove(session, own.id, by=builder.coordinator(session), at=at)
    assert session.scalar(select(func.count()).select_from(AiModel)) == 0
    kinds = [event.kind for event in audit.events(session, by=SYSTEM)]
    assert kinds[0] == "AI model removed"
    assert "AI model registered" in kinds
    assert register(session, "own", sha256="f" * 64).name == "own"
