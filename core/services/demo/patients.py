"""The demo's CT: procedural chests made from seeds, the same on every machine of a kind."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from core.imaging.volume import Attributes, Volume, volume_of
from core.services.demo.plan import SIZE, SPACING_MM, DemoPatient
from core.training.procedural.case import procedural_case

MOST_PROCESSES = 4


def volume(patient: DemoPatient) -> Volume:
    """Return the CT of a demo patient; the same patient gives the same voxels."""
    case = procedural_case(patient.seed, patient.label, size=SIZE, spacing_z=SPACING_MM, unseen=True)
    rng = np.random.default_rng([patient.seed, 1])
    attributes = Attributes(
        sex=str(rng.choice(["F", "M"])),
        age=int(np.clip(rng.normal(57, 14), 22, 88)),
        manufacturer="Procedural",
        model="Parallax",
        kernel="sharp" if case.scanner.sharpen > 0 else "soft",
        thickness_mm=round(case.scanner.thickness, 2),
        patient_position="HFS",
    )
    return volume_of(case.hu, case.spacing, attributes=attributes)


def volumes(patients: Sequence[DemoPatient], take: Callable[[DemoPatient, Volume], None]) -> None:
    """Make the CT of every patient, several at a time, and hand each to `take` as it comes, in order."""
    processes = min(MOST_PROCESSES, os.cpu_count() or 1)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for patient, made in zip(patients, pool.map(volume, patients), strict=True):
            take(patient, made)
