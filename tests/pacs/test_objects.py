"""SR and SEG say the same of the patient as the reading page did, however the series was stored."""

import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from highdicom.seg import segread
from numpy.typing import NDArray

from core.errors import ParallaxError
from core.imaging.read import load, scan
from core.imaging.volume import Volume
from core.pacs.objects import objects
from core.pacs.results import AiResult, CaseResults, Diagnosis, ReaderResult, results_from
from core.pacs.source import deidentified_images
from tests import dicom_builder as build
from tests.pacs.sr import content, meaning, written

COVID = Diagnosis("covid", "COVID-19")
AI = AiResult("paper", "2.0", "a" * 64, "paper", COVID, "", {"COVID-19": 0.91, "Normal": 0.09})
STORED: dict[str, Callable[[Sequence[build.Dataset]], Sequence[build.Dataset]]] = {
    "as written": lambda one: one,
    "prone": build.prone,
    "feet first": build.feet_first,
    "transposed": lambda one: build.turned(one, transpose=True),
    "transposed and turned": lambda one: build.turned(one, transpose=True, flip_x=True, flip_y=True),
}


def mark(kind: str, z: int, points: list[list[float]], plane: str = "axial", label: str = "") -> dict[str, Any]:
    return {"id": "m", "kind": kind, "plane": plane, "slice": z, "points": points, "question": None, "label": label}


def given(volume: Volume, *marks: dict[str, Any], folder: Path | None = None) -> CaseResults:
    outline = ""
    if folder is not None:
        lungs = np.zeros(volume.hu.shape, np.uint8)
        lungs[3:6, 10:20, 5:12], lungs[3:6, 10:20, 30:40] = 1, 2
        outline = str(folder / "lungs.npy")
        np.save(outline, lungs)
    readers = (ReaderResult("Reader A", "unaided", 1, 1, COVID, marks),) if marks else ()
    shape = (volume.hu.shape[0], volume.hu.shape[1], volume.hu.shape[2])
    return CaseResults(
        "seed", 1234, "A study", shape, volume.spacing_mm, volume.z_mm, volume.affine,
        {"sex": "F", "age": 54}, (AI,), readers, outline, "paper 2.0" if outline else "",
    )  # fmt: skip


def stored(how: str) -> tuple[Volume, list[build.Dataset]]:
    datasets = STORED[how](build.series())
    found = scan(build.uploads(build.files_of(datasets)))
    source = deepcopy(list(datasets))
    return load(found.series[0]), source


def hu_at(image: build.Dataset, pixel: NDArray[np.floating]) -> int:
    column, row = (int(np.floor(value)) for value in pixel)
    return int(build.stored_values(image)[row, column]) - 1024


@pytest.mark.parametrize("how", STORED)
def test_a_mark_lies_on_the_pixel_that_the_reader_marked(how: str):
    volume, source = stored(how)
    points = [(2, 13.0, 31.0), (5, 40.0, 7.0), (9, 0.0, 47.0)]
    marks = [mark("point", z, [[x, y]], label=f"p{z}") for z, x, y in points]
    report = next(one for one in objects(given(volume, *marks), source) if "Reader A" in one.SeriesDescription)
    groups = content(report).get_planar_roi_measurement_groups()
    by_uid = {str(image.SOPInstanceUID): image for image in source}
    assert len(groups) == len(points)
    for group, (z, x, y) in zip(groups, points, strict=True):
        region = group.roi
        image = by_uid[referenced(region)]
        assert hu_at(image, region.value[0]) == volume.hu[z, int(y), int(x)]
        assert float(image.ImagePositionPatient[2]) == pytest.approx(volume.z_mm[z])


@pytest.mark.parametrize("how", STORED)
def test_outlined_lungs_lie_where_the_ai_outlined_them(how: str, tmp_path: Path):
    volume, source = stored(how)
    results = given(volume, folder=tmp_path)
    made = segread(written(next(one for one in objects(results, source) if one.Modality == "SEG")))
    back = made.get_volume(combine_segments=True)
    ours = np.load(results.lungs)
    for z, y, x in ((3, 10, 5), (5, 19, 11), (4, 15, 35), (3, 19, 39)):
        place = patient(volume, z, y, x)
        index = np.rint(back.map_reference_to_indices(place[None]))[0].astype(int)
        assert back.array[tuple(index)] == ours[z, y, x]
    assert int((back.array > 0).sum()) == int((ours > 0).sum())


def patient(volume: Volume, z: int, y: int, x: int) -> NDArray[np.float64]:
    """The place of a voxel as the builder's series has it, whichever way it is stored."""
    _, rows, columns = volume.hu.shape
    _, dy, dx = volume.spacing_mm
    return np.array([dx * (x - (columns - 1) / 2), dy * (y - (rows - 1) / 2), volume.z_mm[z]])


def test_every_kind_of_mark_is_written_in_every_plane(tmp_path: Path):
    volume, source = stored("feet first")
    shapes = {"point": [[3.0, 4.0]], "box": [[3.0, 4.0], [9.0, 8.0]], "length": [[3.0, 4.0], [3.0, 8.0]]}
    shapes["ellipse"] = [[3.0, 4.0], [9.0, 8.0]]
    marks = [
        mark(kind, 5, points, plane) for plane in ("axial", "coronal", "sagittal") for kind, points in shapes.items()
    ]
    made = objects(given(volume, *marks, folder=tmp_path), source)
    report = next(one for one in made if "Reader A" in one.SeriesDescription)
    groups = content(report).get_planar_roi_measurement_groups()
    assert len(groups) == len(marks)
    lengths = [float(group.get_measurements()[0].value) for group in groups if group.get_measurements()]
    step, row, _ = volume.spacing_mm
    assert lengths == pytest.approx([4 * row, 4 * step, 4 * step], abs=0.01)
    boxes = next(one for one in made if "Boxes" in one.SeriesDescription)
    assert int(segread(written(boxes)).pixel_array.sum()) == 7 * 5
    space = [group for group in groups if group.roi.ValueType == "SCOORD3D"]
    assert len(space) == 6  # a point of any plane lies on one axial image


def test_the_call_and_its_probabilities_are_in_the_report():
    volume, source = stored("as written")
    report = objects(given(volume), source)[0]
    group = content(report).get_image_measurement_groups()[0]
    assert [meaning(item) for item in group.get_qualitative_evaluations()] == ["COVID-19"]
    assert [float(one.value) for one in group.get_measurements()] == [0.91, 0.09]
    assert (
        len(report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence) == 10
    )


def test_a_failed_read_says_that_there_is_no_call():
    volume, source = stored("as written")
    failed = replace(given(volume), ais=(replace(AI, call=None, failure="no lungs", probabilities={}),))
    group = content(objects(failed, source)[0]).get_image_measurement_groups()[0]
    assert [meaning(item) for item in group.get_qualitative_evaluations()] == ["No call"]


def test_the_same_results_have_the_same_uids_and_others_have_others():
    volume, source = stored("as written")
    once = [one.SOPInstanceUID for one in objects(given(volume), source)]
    assert once == [one.SOPInstanceUID for one in objects(given(volume), source)]
    other = replace(given(volume), seed="another")
    assert not {one.SOPInstanceUID for one in objects(other, source)} & set(once)


def test_another_series_than_the_one_that_was_read_is_refused():
    volume, source = stored("as written")
    for image in source:
        image.ImagePositionPatient[2] += 40
    with pytest.raises(ParallaxError, match="another series"):
        objects(given(volume), source)
    with pytest.raises(ParallaxError, match="another series"):
        objects(given(volume), [])


def test_a_case_without_a_pacs_is_written_against_its_deidentified_images(tmp_path: Path):
    volume, _ = stored("prone")
    results = given(volume, mark("point", 2, [[13.0, 31.0]]), folder=tmp_path)
    images = list(deidentified_images(results, volume.hu))
    assert {str(one.PatientName) for one in images} == {"Case 1234"}
    made = objects(results, list(deidentified_images(results)))
    report = next(one for one in made if "Reader A" in one.SeriesDescription)
    region = content(report).get_planar_roi_measurement_groups()[0].roi
    image = next(one for one in images if one.SOPInstanceUID == referenced(region))
    assert hu_at(image, region.value[0]) == volume.hu[2, 31, 13]


def test_results_cross_to_the_child_as_json():
    volume, _ = stored("as written")
    results = given(volume, mark("box", 1, [[1.0, 2.0], [3.0, 4.0]]))
    assert results_from(json.loads(json.dumps(results.as_dict()))) == results


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools is not installed")
@pytest.mark.parametrize("how", ["as written", "transposed"])
def test_a_validator_of_the_standard_finds_no_error(how: str, tmp_path: Path):
    volume, source = stored(how)
    marks = [
        mark("point", 2, [[13.0, 31.0]]),
        mark("box", 3, [[3.0, 4.0], [9.0, 8.0]]),
        mark("length", 5, [[3, 4], [9, 8]]),
    ]
    for place, made in enumerate(objects(given(volume, *marks, folder=tmp_path), source)):
        path = tmp_path / f"{place}.dcm"
        path.write_bytes(written(made).getvalue())
        said = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
        assert "Error" not in said.stderr + said.stdout, said.stderr


def referenced(region: build.Dataset) -> str:
    return str(region.ContentSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID)
