"""Patients on disk made ready for training, and what a shipped model says of itself."""

import json

import numpy as np
import torch
from torch import nn

from core.ai import model_files
from core.ai.card import card_text
from core.training.cache import stored_cases
from core.training.cohort import write_cohort
from core.training.export import half_weights, training_patients
from core.training.patients import store_patients


def test_a_folder_of_patients_becomes_cases_with_their_slice_labels(tmp_path, monkeypatch):
    monkeypatch.setattr(model_files, "available_models", lambda: ())  # lungs by threshold: quick, and no weights needed
    write_cohort(tmp_path / "data", 3, 2, size=96, spacing_z=20.0)
    assert store_patients(tmp_path / "data", tmp_path / "cases", size=64) == 3
    cases = {c.folder.name: c for c in stored_cases(tmp_path / "cases")}
    assert {k: c.label for k, c in cases.items()} == {"P001": "covid", "cap001": "cap", "normal001": "normal"}
    for case in cases.values():
        assert case.kind == "folder"
        assert case.hu().shape == case.lungs().shape == (len(case.labels), 64, 64)
        assert np.asarray(case.lungs()).any()
    assert 2 in cases["P001"].labels
    assert set(cases["normal001"].labels) == {0}
    assert training_patients(list(cases.values())) == {"P001", "cap001", "normal001"}


def test_shipped_weights_are_half_precision_and_load_again():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    state = half_weights(net)
    assert state["0.weight"].dtype == torch.float16
    assert state["1.num_batches_tracked"].dtype == torch.int64
    net.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})


TRAINED = {  # every real patient behind whose lungs the shipped networks were trained
    "Lung_Dx-A0001",
    "Lung_Dx-A0002",
    "RIDER-1129164940",
    "R01-001",
    "113_HM10395",
    "MSB-01068",
    "LungFCP-01-0001",
    "ACRIN-FLT-Breast_001",
}


def test_the_shipped_card_states_what_a_user_must_know():
    for path in model_files.SHIPPED.glob("*/*/card.json"):
        card = json.loads(path.read_text())
        text = card_text(card)
        assert path.with_name("card.md").read_text() == text
        assert "Not a medical device" in text
        assert "CC BY 4.0" in text
        assert card["manifest"]["never_used"] == "COVID-CT-MD"
        assert set(card["manifest"]["trained"]) == TRAINED
        assert card["limits"]
        assert card["seed"] is not None
