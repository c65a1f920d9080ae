from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from core.imaging.read import scan
from core.imaging.source import sources_from_path
from core.services.model_registry import training_keys
from core.settings import settings
from tests.dicom_builder import chest_zip


def test_a_patient_that_trained_a_model_is_recognised_when_uploaded(data_dir: Path, tmp_path: Path):
    path = tmp_path / "case.zip"
    path.write_bytes(chest_zip(slices=10, size=64, patient_id="Training-007"))
    key = scan(sources_from_path(path)).series[0].patient_key(settings().secret_bytes())
    card = {"manifest": {"trained": ["Training-006", "Training-007"], "tuned": []}}
    assert key in training_keys(card)
    assert key not in training_keys({"manifest": {"trained": ["Training-006"]}})
    assert training_keys({}) == []


def test_the_shipped_model_registers_twice_without_harm(
    session: Session, at: datetime, monkeypatch: pytest.MonkeyPatch
):
    from contextlib import contextmanager

    from core.ai.model_files import available_models
    from core.services import model_registry
    from db.ai import models as ai_models

    @contextmanager
    def same_session():
        yield session

    monkeypatch.setattr(model_registry, "open_session", same_session)
    model_registry.register_all()
    model_registry.register_all()
    shipped = available_models()
    assert shipped
    assert {(m.name, m.version, m.sha256) for m in ai_models.models(session)} == {
        (m.name, m.version, m.sha256) for m in shipped
    }
