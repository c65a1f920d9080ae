"""Builds DICOM series and NIfTI files for tests, as bytes, with every fault a scanner or an export can bring."""

import io
import random
import zipfile
from collections.abc import Iterable

from core.imaging.synthetic import Lesion, small_chest
from core.imaging.write import series_files

__all__ = ["chest_files", "chest_zip", "small_chest", "zip_of"]


def chest_files(
    *, slices: int = 24, size: int = 128, lesion: Lesion | None = None, seed: int = 0, patient_id: str = ""
) -> list[bytes]:
    """The DICOM files of a small procedural chest, shuffled as exports are."""
    volume = small_chest(slices=slices, size=size, lesion=lesion, seed=seed)
    files = list(series_files(volume, uid_seed=f"chest-{seed}-{lesion}-{slices}-{size}", patient_id=patient_id))
    random.Random(seed).shuffle(files)
    return files


def chest_zip(
    *, slices: int = 24, size: int = 128, lesion: Lesion | None = None, seed: int = 0, patient_id: str = ""
) -> bytes:
    """A zip, as a coordinator would upload it, of a small procedural chest; another seed is another patient."""
    return zip_of(chest_files(slices=slices, size=size, lesion=lesion, seed=seed, patient_id=patient_id))


def zip_of(files: Iterable[bytes], *, folder: str = "export/series", extension: str = ".dcm") -> bytes:
    """A zip with the files numbered in the given order inside nested folders."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for index, data in enumerate(files, start=1):
            archive.writestr(f"{folder}/IM{index:04d}{extension}", data)
    return buffer.getvalue()
