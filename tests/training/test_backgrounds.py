"""Real lungs as backgrounds: which slices are taken, whose they are, and what a run may leave out."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.errors import InvalidInput
from core.imaging.volume import Attributes, volume_of
from core.imaging.write import write_series
from core.training.backgrounds import agreed, background_case, clear_runs, load_backgrounds
from core.training.cache import store, stored_cases, without
from core.training.export import training_patients
from core.training.procedural.case import procedural_case
from core.training.sources import CHANGES, attribution

SEEN = [[], [], ["tumour"], [], [], [], ["scar"], []]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two patients as TCIA folders: eight slices each, two of which show something."""
    root = tmp_path_factory.mktemp("real")
    notes = {}
    for number, patient in enumerate(("R01-001", "MSB-01068")):
        case = procedural_case(40 + number, "normal", size=64, spacing_z=20.0)
        hu = case.hu[4:12]
        written = volume_of(hu, case.spacing, top_z_mm=0.0, attributes=Attributes())
        write_series(written, root / "c" / patient, uid_seed=patient, patient_id=patient)
        files = sorted(path.name for path in (root / "c" / patient).iterdir())
        notes[f"c/{patient}"] = [{"file": name, "seen": seen} for name, seen in zip(files, SEEN, strict=True)]
    (root / "slices.json").write_text(json.dumps(notes))
    return root


def test_slices_with_something_seen_on_them_are_left_out(folder):
    found = load_backgrounds([folder], size=64)
    assert [(one.patient, len(one.hu)) for one in found] == [
        (patient, n) for patient in ("R01-001", "MSB-01068") for n in (2, 3, 1)
    ]
    assert all((one.lungs > 0).mean() > 0.02 for one in found if len(one.hu) > 1)
    assert all(one.spacing[0] == pytest.approx(20) for one in found)


def test_a_series_that_nobody_described_is_refused(tmp_path):
    case = procedural_case(1, "normal", size=48, spacing_z=30.0)
    write_series(
        volume_of(case.hu, case.spacing, top_z_mm=0.0, attributes=Attributes()), tmp_path / "x" / "p", uid_seed="x"
    )
    with pytest.raises(InvalidInput, match="clear slices"):
        load_backgrounds([tmp_path])


@pytest.mark.parametrize(
    ("clear", "runs"),
    [
        ([], []),
        ([True], [(0, 1)]),
        ([False, False], []),
        ([True, True, False, True], [(0, 2), (3, 4)]),
        ([False, True, True, False], [(1, 3)]),
    ],
)
def test_runs_are_of_neighbours(clear, runs):
    assert clear_runs(clear) == runs


def test_every_patient_gives_about_as_many_cases(folder):
    found = load_backgrounds([folder], size=48)
    long = [one for one in found if one.patient == "R01-001"] * 5 + [one for one in found if one.patient != "R01-001"]
    drawn = [background_case(seed, "normal", long).patient for seed in range(40)]
    assert 10 <= drawn.count("MSB-01068") <= 30


def test_a_held_out_patient_is_in_no_case_of_the_run(folder, tmp_path):
    found = load_backgrounds([folder], size=48)
    for seed in range(8):
        store(tmp_path / f"b{seed}", background_case(seed, "covid", found), "background", seed)
    cases = stored_cases(tmp_path)
    assert training_patients(cases) == {"R01-001", "MSB-01068"}
    kept = without(cases, ["R01-001"])
    assert training_patients(kept) == {"MSB-01068"}
    assert 0 < len(kept) < len(cases)
    assert cases[0].seen().shape == cases[0].lungs().shape
    with pytest.raises(InvalidInput, match="No made case has the lungs of nobody; there are MSB-01068, R01-001"):
        without(cases, ["nobody"])


def test_bowel_gas_that_the_pipeline_does_not_take_for_lung_goes():
    lungs, seen = np.zeros((1, 20, 20), np.uint8), np.zeros((1, 20, 20), np.uint8)
    lungs[0, 2:8, 2:8], lungs[0, 12:16, 12:16] = 1, 2
    seen[0, 3:9, 3:9] = 1
    out = agreed(lungs, seen)
    assert (out[0, 2:8, 2:8] == 1).all()
    assert not out[0, 12:16, 12:16].any()


def test_every_collection_that_lent_lungs_is_named_with_what_was_changed():
    lines = attribution(["R01-001", "Lung_Dx-A0001"])
    assert any("NSCLC Radiogenomics" in line for line in lines)
    assert any("Lung-PET-CT-Dx" in line for line in lines)
    assert not any("ACRIN" in line for line in lines)
    assert lines[-1] == CHANGES
    assert attribution(["my own patient"]) == []
