"""Pixels, lungs and heat maps for some cases of a simulated study."""

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.imaging.storage import VolumeStore
from core.imaging.synthetic import small_chest
from db.models import AiModel, Case, Series, SliceScores, Study, StudyCase


def picture(session: Session, store: VolumeStore, study_id: int, *, cases: int = 1, size: int = 128) -> list[int]:
    """Give the first cases of a study a procedural chest with lungs and heat maps; return their case numbers."""
    sha = session.get_one(AiModel, session.get_one(Study, study_id).ai_model_id).sha256
    query = (
        select(Series, Case.number, SliceScores.heat_slices)
        .join(Case, Case.id == Series.case_id)
        .join(StudyCase, StudyCase.case_id == Case.id)
        .join(SliceScores, SliceScores.series_id == Series.id)
        .where(StudyCase.study_id == study_id)
        .order_by(Case.number)
        .limit(cases)
    )
    numbers = []
    for seed, (series, number, heat_slices) in enumerate(session.execute(query).all()):
        volume = small_chest(slices=series.slices, size=size, lesion="covid", seed=seed)
        series.storage_key = store.put(volume)
        series.rows, series.columns = size, size
        series.spacing_mm, series.z_mm = list(volume.spacing_mm), list(volume.z_mm)
        store.put_array(series.storage_key, f"lungs-{sha[:12]}", lungs_of(volume.hu))
        store.put_array(series.storage_key, f"heat-{sha[:12]}", heat_of(len(heat_slices)))
        numbers.append(number)
    return numbers


def lungs_of(hu: np.ndarray) -> np.ndarray:
    """Right (1) and left (2) lung of a small chest by threshold: uint8 (z, y, x)."""
    inside = (hu < -600) & (hu > -960)
    side = np.where(np.arange(hu.shape[2]) < hu.shape[2] // 2, 1, 2)
    return (inside * side[None, None, :]).astype(np.uint8)


def heat_of(count: int) -> np.ndarray:
    """One warm spot a map: uint8 (count, 16, 16)."""
    y, x = np.mgrid[:16, :16]
    spot = 255 * np.exp(-((x - 4.0) ** 2 + (y - 8.0) ** 2) / 6)
    return np.repeat(spot.astype(np.uint8)[None], count, axis=0)
