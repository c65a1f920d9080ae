"""SR and SEG of a case's results, checked before they leave."""

from collections.abc import Sequence
from io import BytesIO
from typing import cast

import numpy as np
from highdicom.seg import segread
from highdicom.sr import MeasurementReport, srread
from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite

from core.errors import ParallaxError
from core.pacs.places import grid_affine
from core.pacs.report import reports
from core.pacs.results import CaseResults
from core.pacs.segmentation import segmentations

NEEDED = ("SOPClassUID", "SOPInstanceUID", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")
REQUIRED = ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyID", "StudyDate", "StudyTime",
            "AccessionNumber", "ReferringPhysicianName")  # fmt: skip


def objects(results: CaseResults, source: Sequence[Dataset]) -> list[Dataset]:
    """Return SR and SEG of results for the images of their series, `source` in any order, without pixels.

    Raises ParallaxError where these are not the images of the stored volume, or an object is not valid.
    """
    images = [image for image in source if all(name in image for name in NEEDED)]
    _check_same(results, images)
    for one in images:
        for name in REQUIRED:
            if name not in one:
                setattr(one, name, "")
        if one.get("PatientIdentityRemoved") == "YES" and "DeidentificationMethod" not in one:
            one.DeidentificationMethod = "not stated"
    frames = {str(image.get("FrameOfReferenceUID", "")) for image in images}
    if len(frames) != 1 or "" in frames:
        raise ParallaxError("The images of this series have no common frame of reference; marks have no place on them.")
    images.sort(key=lambda one: -float(one.ImagePositionPatient[2]))
    made = [*reports(results, images), *segmentations(results, images)]
    for one in made:
        _check(one)
    return made


def _check_same(results: CaseResults, images: Sequence[Dataset]) -> None:
    """Raise ParallaxError where the images do not lie where the slices of the volume lie."""
    grid = grid_affine(results.affine, results.shape, results.z_mm)
    ends = (grid[:3, 3], (grid @ [0, 0, results.shape[0] - 1, 1])[:3])
    normal = np.cross(grid[:3, 0], grid[:3, 1])
    normal /= np.linalg.norm(normal)
    depths = [float(np.array(image.ImagePositionPatient, float) @ normal) for image in images]
    if not depths or any(min(abs(depth - float(end @ normal)) for depth in depths) > 0.5 for end in ends):
        raise ParallaxError(
            "The PACS has another series now than the one that this case was made from; fetch it again."
        )


def _check(made: Dataset) -> None:
    """Read an object back as a stranger would: written, parsed, its template or its frames gone through."""
    buffer = BytesIO()
    dcmwrite(buffer, made, enforce_file_format=True)
    buffer.seek(0)
    try:
        if made.Modality == "SR":
            content = cast(MeasurementReport, srread(buffer).content)
            if not content.get_image_measurement_groups() and not content.get_planar_roi_measurement_groups():
                raise ValueError("no measurements")
        elif not segread(buffer).segment_numbers:
            raise ValueError("no segments")
    except (ValueError, AttributeError, KeyError, TypeError):
        failure = ParallaxError(
            "The SR or SEG of this case came out wrong and was not sent; this is a fault of Parallax."
        )
    else:
        return
    raise failure
