"""Folders in the layout of COVID-CT-MD: read back as written, and procedural cohorts in that layout."""

import numpy as np
import pydicom
import pytest

from core.errors import InvalidInput
from core.imaging.read import read_path
from core.training.cohort import class_counts, cohort_case, write_cohort
from core.training.evaluate import SYNTHETIC
from core.training.layout import read_layout, write_labels


def dicom_names(folder, count=9):
    folder.mkdir(parents=True)
    for k in range(count):
        (folder / f"IM{k:04d}.dcm").write_bytes(b"")


def test_classes_come_from_folder_names_and_labels_from_the_index(tmp_path):
    dicom_names(tmp_path / "COVID-19 Cases" / "P002")
    dicom_names(tmp_path / "Cap Cases" / "cap001")
    dicom_names(tmp_path / "Normal Cases" / "normal007")
    dicom_names(tmp_path / "COVID-19 Cases" / "P001", count=3)  # too few to be a series
    write_labels(tmp_path, {"P002": np.array([0, 1, 1, 0], bool), "cap001": np.array([1, 0], bool)})
    found = {p.id: p for p in read_layout(tmp_path)}
    assert {k: p.label for k, p in found.items()} == {"P002": "covid", "cap001": "cap", "normal007": "normal"}
    assert found["P002"].slice_codes(5).tolist() == [0, 2, 2, 0, 0]
    assert found["cap001"].slice_codes(3).tolist() == [1, 0, 0]
    assert found["normal007"].slice_codes(2).tolist() == [0, 0]


def test_slices_of_an_unlabelled_sick_patient_are_of_no_class(tmp_path):
    dicom_names(tmp_path / "P009")
    (patient,) = read_layout(tmp_path)
    assert patient.slice_codes(2).tolist() == [255, 255]


def test_labels_that_do_not_fit_the_index_are_refused_in_words(tmp_path):
    dicom_names(tmp_path / "P002")
    write_labels(tmp_path, {"P002": np.array([1], bool), "P003": np.array([1], bool)})
    np.save(tmp_path / "Slice-level-labels.npy", np.zeros((1, 4)))
    with pytest.raises(InvalidInput, match="lists 2 patients"):
        read_layout(tmp_path)


def test_a_folder_without_patients_is_refused_in_words(tmp_path):
    with pytest.raises(InvalidInput, match="No patient folders"):
        read_layout(tmp_path)


def test_a_cohort_is_readable_synthetic_and_true_to_its_labels(tmp_path):
    counts = write_cohort(tmp_path, 3, 1, size=64, spacing_z=20.0)
    assert counts == {"normal": 1, "cap": 1, "covid": 1}
    found = {p.id: p for p in read_layout(tmp_path)}
    assert sorted(found) == ["P001", "cap001", "normal001"]
    number = {"normal001": 0, "cap001": 1, "P001": 2}
    for name, patient in found.items():
        case = cohort_case(1, number[name], patient.label, size=64, spacing_z=20.0)
        volume = read_path(patient.folder)
        assert np.array_equal(volume.hu, np.maximum(case.hu, -1024))
        assert volume.spacing_mm == pytest.approx(case.spacing, rel=1e-3)
        assert volume.attributes.manufacturer == SYNTHETIC  # what evaluate and its tables warn by
        if patient.label != "normal":
            assert ((case.labels == 1) | (case.labels == 2)).any()
            infected = patient.slice_codes(len(case.hu)) > 0
            assert infected[(case.labels > 0) & (case.labels < 255)].all()
        dataset = pydicom.dcmread(next(patient.folder.iterdir()))
        assert dataset.ImageType[0] == "DERIVED"
        assert "not a patient" in dataset.ImageComments


def test_class_counts_follow_the_paper_and_sum_up():
    assert class_counts(98) == {"normal": 24, "cap": 19, "covid": 55}
    assert all(sum(class_counts(n).values()) == n for n in range(1, 70))
