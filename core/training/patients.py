"""Real patients as stored cases: a folder in the layout of COVID-CT-MD made ready for training."""

import json
from pathlib import Path

import cv2
import numpy as np

from core.errors import InvalidInput
from core.imaging.read import read_path
from core.imaging.volume import Volume
from core.progress import Progress, ignore
from core.training.backgrounds import threshold_lungs
from core.training.layout import read_layout

SIZE = 288  # pixels in plane; the slice network sees 160 of the lungs' box


def store_patients(root: Path, cache: Path, *, size: int = SIZE, on_progress: Progress = ignore) -> int:
    """Store every patient under `root` that is not stored yet; return how many there are.

    Lungs come from the shipped lung network where there is one, else from threshold and morphology.
    """
    patients = read_layout(root)
    for n, patient in enumerate(patients):
        folder = cache / patient.id
        if not (folder / "truth.json").exists():
            volume = shrunk(read_path(patient.folder), size)
            folder.mkdir(parents=True, exist_ok=True)
            np.save(folder / "hu.npy", volume.hu)
            np.save(folder / "lungs.npy", lungs_of(volume))
            codes = patient.slice_codes(len(volume.hu)).tolist()
            truth = {"kind": "folder", "seed": n, "label": patient.label, "labels": codes}
            truth |= {"patient": patient.id, "spacing": volume.spacing_mm}
            (folder / "truth.json").write_text(json.dumps(truth))
        on_progress(n + 1, len(patients))
    return len(patients)


def shrunk(volume: Volume, size: int) -> Volume:
    """Return the volume averaged to at most `size` pixels a side in plane."""
    from core.imaging.volume import volume_of

    _, rows, columns = volume.hu.shape
    if max(rows, columns) <= size:
        return volume
    scale = size / max(rows, columns)
    to = (round(columns * scale), round(rows * scale))
    planes = [cv2.resize(p.astype(np.float32), to, interpolation=cv2.INTER_AREA) for p in volume.hu]
    hu = np.rint(np.stack(planes)).astype(np.int16)
    z, y, x = volume.spacing_mm
    return volume_of(hu, (z, y * rows / to[1], x * columns / to[0]), attributes=volume.attributes)


def lungs_of(volume: Volume) -> np.ndarray:
    """Return the lungs (z, y, x; 1 right, 2 left) of a real volume."""
    from core.ai.lungs import lung_mask
    from core.ai.model_files import available_models
    from core.ai.weights import load_model

    if available_models():
        model = load_model()
        return lung_mask(volume.hu, volume.spacing_mm, model, parameters=model.parameters)
    lungs = threshold_lungs(volume.hu.astype(np.float32))
    if not lungs.any():
        raise InvalidInput("No lungs were found in a patient of this folder; check that it holds chest CT.")
    return lungs
