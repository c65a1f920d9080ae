"""The images that SR and SEG speak of where no PACS has them: those of the de-identified volume, as DICOM headers."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from core.imaging.volume import Attributes, Volume
from core.imaging.write import slice_dataset
from core.pacs.places import grid_affine
from core.pacs.results import CaseResults


def deidentified_images(results: CaseResults, hu: NDArray[np.int16] | None = None) -> Iterator[Dataset]:
    """Yield the CT images of a stored volume, apex first: where they lie and whose case they are, and no name.

    With `hu` (z, y, x) they have their pixels.
    """
    grid = grid_affine(results.affine, results.shape, results.z_mm)
    empty = np.zeros((1, 1, 1), np.int16)
    volume = Volume(
        hu if hu is not None else np.broadcast_to(empty, results.shape),
        results.spacing_mm,
        results.z_mm,
        results.affine,
        Attributes(**results.attributes),
        "",
    )
    lengths = np.linalg.norm(grid[:3, :3], axis=0)
    directions = [f"{value:.8g}" for value in (grid[:3, :2] / lengths[:2]).T.ravel()]
    for index in range(results.shape[0]):
        number = str(results.number)
        image = slice_dataset(volume, index, uid_seed=results.seed, synthetic=False, patient_id=number)
        image.PatientName = f"Case {number}"
        image.ImagePositionPatient = [f"{value:.8g}" for value in (grid @ [0, 0, index, 1])[:3]]
        image.ImageOrientationPatient = directions
        image.PatientBirthDate = image.StudyDate = image.StudyTime = image.AccessionNumber = ""
        image.ReferringPhysicianName = image.StudyID = ""
        image.DeidentificationMethod = "Parallax"
        if hu is None:
            del image.PixelData
        yield image
