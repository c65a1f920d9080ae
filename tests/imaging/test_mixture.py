"""Two scans or reconstructions under one series number never become one volume."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.imaging.read import load, scan
from tests import dicom_builder as build

SMALL = build.small_chest(slices=10, size=16)
STEP = SMALL.spacing_mm[0]

Edit = Callable[[list[build.Dataset], int], None]


def setting(keyword: str, first: object, second: object) -> Edit:
    def edit(datasets: list[build.Dataset], which: int) -> None:
        for dataset in datasets:
            setattr(dataset, keyword, (first, second)[which])

    return edit


def clock(keyword: str, *, pause_s: float, each_s: float) -> Edit:
    """Times that run on along a scan; the second begins a pause after the first ends."""

    def edit(datasets: list[build.Dataset], which: int) -> None:
        start = 36_000 + which * (len(datasets) * each_s + pause_s)
        for place, dataset in enumerate(datasets):
            at = start + place * each_s
            text = f"{int(at) // 3600:02d}{int(at) // 60 % 60:02d}{int(at) % 60:02d}.{int(at % 1 * 1e6):06d}"
            setattr(dataset, keyword, text)

    return edit


def a_number_a_slice(datasets: list[build.Dataset], which: int) -> None:
    for place, dataset in enumerate(datasets):
        dataset.AcquisitionNumber = 1 + place + which * len(datasets)


DIFFERENCES: dict[str, Edit] = {
    "acquisition": setting("AcquisitionNumber", 1, 2),
    "acquisition absent in one": setting("AcquisitionNumber", None, 2),
    "kernel": setting("ConvolutionKernel", "B30f", "B70f"),
    "kernel with its strength": setting("ConvolutionKernel", ["Br40d", "3"], ["Br40d", "5"]),
    "frame of reference": setting("FrameOfReferenceUID", build.uid("here"), build.uid("there")),
    "image type": setting("ImageType", ["ORIGINAL", "PRIMARY", "AXIAL"], ["DERIVED", "SECONDARY", "AXIAL"]),
    "image type of one energy": setting(
        "ImageType", ["DERIVED", "PRIMARY", "AXIAL", "DE_40KV"], ["DERIVED", "PRIMARY", "AXIAL", "DE_70KV"]
    ),
    "phase": setting("NominalPercentageOfCardiacPhase", 40.0, 70.0),
    "respiratory phase": setting("NominalPercentageOfRespiratoryPhase", 0.0, 50.0),
    "time point": setting("TemporalPositionIdentifier", 1, 2),
    "trigger": setting("TriggerTime", "340", "710"),
    "kVp": setting("KVP", "80", "140"),
    "energy": setting("MonoenergeticEnergyEquivalent", 40.0, 70.0),
    "content time": setting("ContentTime", "101500", "102000"),
    "content time running on": clock("ContentTime", pause_s=1.0, each_s=1.0),
    "content time after a while": clock("ContentTime", pause_s=300.0, each_s=0.5),
    "acquisition time": setting("AcquisitionTime", "101500.25", "101900"),
    "series time": setting("SeriesTime", "101500", "112000"),
    "echo": setting("EchoNumbers", 1, 2),
    "echo time": setting("EchoTime", "1.2", "4.8"),
    "reconstruction": setting("ReconstructionAlgorithm", "FILTER_BACK_PROJ", "ITERATIVE"),
    "field of view": setting("ReconstructionDiameter", "380", "350"),
    "thickness": setting("SliceThickness", "1", "5"),
    "contrast": setting("ContrastBolusAgent", "", "yes"),
    "scanner": setting("ManufacturerModelName", "one", "two"),
    "description": setting("SeriesDescription", "Lung", "Soft"),
    "event": setting("IrradiationEventUID", build.uid("e1"), build.uid("e2")),
    "an acquisition number a slice": a_number_a_slice,
    "patient's position": setting("PatientPosition", "HFS", "HFP"),
}


def placed(which: int, depths: list[float], difference: str, numbering: str) -> list[build.Dataset]:
    datasets = deepcopy(build.series(SMALL))[: len(depths)]
    for place, (dataset, depth) in enumerate(zip(datasets, depths, strict=True)):
        x, y, _ = dataset.ImagePositionPatient
        dataset.ImagePositionPatient = [x, y, round(-50 - STEP * depth, 4)]
        number = {"again": place + 1, "on": which * len(depths) + place + 1, "backwards": 100 - place, "absent": None}
        dataset.InstanceNumber = number[numbering]
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = build.uid(f"{which} {place}")
        if difference in ("content time", "content time after a while", "series time"):
            dataset.ContentDate = dataset.SeriesDate = "20200102"
    DIFFERENCES[difference](datasets, which)
    return datasets


LAYOUTS: dict[str, tuple[list[float], list[float]]] = {
    "half a step apart": ([*range(10)], [place + 0.5 for place in range(10)]),
    "a third of a step apart": ([*range(10)], [place + 0.33 for place in range(10)]),
    "every other slice": ([*range(0, 20, 2)], [*range(1, 20, 2)]),
    "one below the other": ([*range(10)], [*range(10, 20)]),
    "at one place": ([*range(10)], [*range(10)]),
    "overlapping by half": ([*range(10)], [place + 5.5 for place in range(10)]),
    "few of one": ([*range(10)], [10.0, 11.0, 12.0, 13.0]),
    "turns of four": ([0, 1, 2, 3, 8, 9, 10, 11], [4, 5, 6, 7, 12, 13, 14, 15]),
}
INDISTINCT = {  # a series that goes on with the next number or second is no mixture that anybody could see
    ("an acquisition number a slice", "one below the other"), ("an acquisition number a slice", "few of one"),
    ("content time running on", "one below the other"), ("content time running on", "few of one"),
    ("trigger", "one below the other"), ("trigger", "few of one"), ("trigger", "turns of four"),
}  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    difference=st.sampled_from(sorted(DIFFERENCES)),
    layout=st.sampled_from(sorted(LAYOUTS)),
    numbering=st.sampled_from(["again", "on", "backwards", "absent"]),
    seed=st.randoms(use_true_random=False),
)
def test_no_mixture_of_two_series_ever_becomes_one_volume(difference: str, layout: str, numbering: str, seed):
    if (difference, layout) in INDISTINCT:
        return
    both = [placed(which, depths, difference, numbering) for which, depths in enumerate(LAYOUTS[layout])]
    files = build.files_of([dataset for datasets in both for dataset in datasets])
    seed.shuffle(files)
    of_first = {str(dataset.SOPInstanceUID) for dataset in both[0]}
    for candidate in scan(build.uploads(files)).series:
        content: Any = candidate.content
        frames = content.frames
        assert len({frame.uid in of_first for frame in frames}) == 1, (difference, layout, numbering)


@pytest.mark.parametrize("difference", sorted(set(DIFFERENCES) - {"thickness", "patient's position"}))
def test_two_whole_series_between_each_other_are_read_apart(difference: str):
    both = [placed(which, depths, difference, "on") for which, depths in enumerate(LAYOUTS["half a step apart"])]
    found = scan(build.uploads(build.files_of([dataset for datasets in both for dataset in datasets])))
    assert [one.slices for one in found.series] == [10, 10]
    assert all(one.spacing_mm[0] == pytest.approx(STEP) for one in found.series)
    assert all("mixes images that differ in their" in one.warnings[0] for one in found.series)


def alone(edit: Callable[[int, build.Dataset], None]) -> list[int]:
    """The slices of the volumes that one whole series becomes."""
    datasets = deepcopy(build.series(build.chest(slices=24, size=16)))
    for place, dataset in enumerate(datasets):
        edit(place, dataset)
    found = scan(build.uploads(build.files_of(datasets)))
    assert found.rejected == ()
    return [one.slices for one in found.series]


def numbered(keyword: str, value: Callable[[int], object]) -> Callable[[int, build.Dataset], None]:
    return lambda place, dataset: setattr(dataset, keyword, value(place))


ONE_SERIES = {
    "an acquisition number a slice": numbered("AcquisitionNumber", lambda place: place + 1),
    "an acquisition number a slice, from the feet": numbered("AcquisitionNumber", lambda place: 90 - place),
    "an acquisition number for four slices": numbered("AcquisitionNumber", lambda place: 1 + place // 4),
    "an event a slice": numbered("IrradiationEventUID", lambda place: f"2.25.{place + 1000}"),
    "times that run on": numbered("AcquisitionTime", lambda place: f"1015{place:02d}.5"),
    "two slices a second": numbered("ContentTime", lambda place: f"1015{place // 2:02d}"),
    "slices made out of order": numbered("ContentTime", lambda place: f"1015{place + (place % 3) * 2:02d}"),
    "times in no order": numbered("ContentTime", lambda place: f"10{place * 7 % 24:02d}00"),
    "numbers in no order": numbered("InstanceNumber", lambda place: 1 + place * 7 % 24),
    "numbers from the feet": numbered("InstanceNumber", lambda place: 90 - place),
    "a trigger a beat": numbered("TriggerTime", lambda place: 650 + place // 6),
    "one number for all": numbered("InstanceNumber", lambda place: 1),
    "current that follows the body": numbered("XRayTubeCurrent", lambda place: 100 + place),
    "kVp written in two ways": numbered("KVP", lambda place: "120" if place % 2 else "120.0"),
    "kernel in two cases": numbered("ConvolutionKernel", lambda place: "LUNG" if place % 2 else "Lung "),
}


@pytest.mark.parametrize("how", sorted(ONE_SERIES))
def test_one_series_stays_one(how: str):
    assert alone(ONE_SERIES[how]) == [24]


def test_wide_steps_stay_one_series_where_the_file_says_so():
    def step(place: int, dataset: build.Dataset) -> None:
        dataset.AcquisitionNumber, dataset.ScanOptions = 1 + place // 8, "AXIAL MODE"

    assert alone(step) == [24]
    assert alone(lambda place, dataset: setattr(dataset, "AcquisitionNumber", 1 + place // 8)) == [8, 8, 8]


def test_positions_are_never_compared_across_frames_of_reference():
    datasets = deepcopy(build.series(SMALL))
    for dataset in datasets[5:]:
        dataset.FrameOfReferenceUID = build.uid("elsewhere")
    found = scan(build.uploads(build.files_of(datasets)))
    assert found.series == ()
    assert {one.reason for one in found.rejected} == {
        "This series mixes images that differ in their frame of reference; they are read apart. This series has only "
        "5 slices; a chest CT needs 8 or more, so upload all files of the series."
    }


def test_images_that_share_their_numbers_are_refused_where_nothing_else_tells_them_apart():
    both = [placed(which, depths, "contrast", "again") for which, depths in enumerate(LAYOUTS["half a step apart"])]
    files = []
    for datasets in both:
        for dataset in datasets:
            del dataset.ContrastBolusAgent
        files += build.files_of(datasets)
    found = scan(build.uploads(files))
    assert found.series == ()
    assert "20 images of this series share their numbers, so it mixes two series" in found.rejected[0].reason


@pytest.mark.parametrize("keyword", ["kernel", "phase", "stack"])
def test_frames_of_one_file_are_read_apart_too(keyword: str):
    both = [placed(which, depths, "contrast", "again") for which, depths in enumerate(LAYOUTS["half a step apart"])]
    whole = build.enhanced([dataset for datasets in both for dataset in datasets])
    for place, group in enumerate(whole.PerFrameFunctionalGroupsSequence):
        item = build.Dataset()
        if keyword == "kernel":
            item.ConvolutionKernel = "B30f" if place < 10 else "B70f"
            group.CTReconstructionSequence = [item]
        elif keyword == "phase":
            item.NominalPercentageOfCardiacPhase = 40.0 if place < 10 else 70.0
            group.CardiacSynchronizationSequence = [item]
        else:
            item.StackID = "1" if place < 10 else "2"
            group.FrameContentSequence = [item]
    found = scan(build.uploads([build.file_bytes(whole)]))
    assert [one.slices for one in found.series] == [10, 10]
    assert np.array_equal(load(found.series[0]).hu, SMALL.hu)
