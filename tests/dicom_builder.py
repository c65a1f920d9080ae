"""Builds DICOM series and NIfTI files for tests, with every fault a scanner or an export can bring.

A series is a list of pydicom data sets, apex first; functions change such lists, and file_bytes makes files of them.
chest_files and chest_zip are the short way to an upload that should work.
"""

import io
import random
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from copy import deepcopy
from pathlib import Path

import gdcm
import nibabel
import numpy as np
from numpy.typing import NDArray
from pydicom import config
from pydicom import dcmread as dcmread_file
from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, CTImageStorage, EnhancedCTImageStorage, MRImageStorage

from core.imaging.source import Source, sources_from_uploads
from core.imaging.synthetic import Lesion, small_chest
from core.imaging.volume import Volume
from core.imaging.write import file_bytes, series_files, slice_dataset, uid
from tests.imaging.planted import edited, with_identifiers

__all__ = [
    "COMPRESSED", "JPEG_EXTENDED", "UNCOMPRESSED", "Dataset", "NamedBytes", "Volume", "chest", "chest_files",
    "chest_zip", "dcmread", "edited", "encoded", "enhanced", "feet_first", "file_bytes", "files_of", "localizer",
    "magnetic", "nifti", "prone", "renumbered", "rewritten", "series", "small_chest", "stored_values", "tilted",
    "turned", "uid", "uploads", "with_identifiers", "with_pixels", "zip_named", "zip_of",
]  # fmt: skip

UNCOMPRESSED = {
    "implicit": "1.2.840.10008.1.2",
    "explicit": "1.2.840.10008.1.2.1",
    "big endian": "1.2.840.10008.1.2.2",
    "deflated": "1.2.840.10008.1.2.1.99",
}
COMPRESSED = {
    "JPEG lossless": "1.2.840.10008.1.2.4.57",
    "JPEG lossless first order": "1.2.840.10008.1.2.4.70",
    "JPEG-LS": "1.2.840.10008.1.2.4.80",
    "JPEG 2000": "1.2.840.10008.1.2.4.90",
    "RLE": "1.2.840.10008.1.2.5",
}


JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"  # 12 bits, lossy


class NamedBytes(io.BytesIO):
    """What a browser uploads: bytes with a name."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name


def uploads(files: Iterable[bytes], *, name: str = "IM{:04d}") -> list[Source]:
    """The sources of files uploaded one by one."""
    return sources_from_uploads([NamedBytes(data, name.format(i)) for i, data in enumerate(files, start=1)])


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


def zip_of(
    files: Iterable[bytes],
    *,
    folder: str = "export/series",
    extension: str = ".dcm",
    how: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """A zip with the files numbered in the given order inside nested folders."""
    return zip_named({f"{folder}/IM{index:04d}{extension}": data for index, data in enumerate(files, start=1)}, how)


def zip_named(files: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of the given names and contents."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", how) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def chest(*, slices: int = 10, size: int = 48, seed: int = 0) -> Volume:
    """The volume behind `series`, small enough to decode in no time."""
    return small_chest(slices=slices, size=size, seed=seed)


def series(volume: Volume | None = None, *, patient_id: str = "", number: int = 1, seed: str = "s") -> list[Dataset]:
    """The data sets of a volume, apex first."""
    shown = volume or chest()
    return [
        slice_dataset(shown, index, uid_seed=seed, patient_id=patient_id, series=number)
        for index in range(len(shown.hu))
    ]


def files_of(datasets: Iterable[Dataset], *, syntax: str = UNCOMPRESSED["explicit"]) -> list[bytes]:
    """The files of a series in a transfer syntax."""
    return [encoded(dataset, syntax) for dataset in datasets]


def encoded(dataset: Dataset, syntax: str) -> bytes:
    """The file of one data set in a transfer syntax; gdcm and pydicom do the packing."""
    copy = deepcopy(dataset)
    if syntax in (*COMPRESSED.values(), JPEG_EXTENDED):
        return _packed(copy, syntax)
    copy.file_meta.TransferSyntaxUID = UID(syntax)
    if syntax == UNCOMPRESSED["big endian"]:
        copy.PixelData = np.frombuffer(copy.PixelData, "<u2").astype(">u2").tobytes()
    return file_bytes(copy)


def _packed(dataset: Dataset, syntax: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        plain, packed = Path(folder) / "plain", Path(folder) / "packed"
        plain.write_bytes(file_bytes(dataset))
        reader = gdcm.ImageReader()
        reader.SetFileName(str(plain))
        assert reader.Read()
        change = gdcm.ImageChangeTransferSyntax()
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(syntax)))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer = gdcm.ImageWriter()
        writer.SetFileName(str(packed))
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
        written = dcmread_file(packed)
        assert written.file_meta.TransferSyntaxUID == syntax
        return packed.read_bytes()


def dcmread(data: bytes) -> Dataset:
    """The data set of a file."""
    return dcmread_file(io.BytesIO(data))


def rewritten(dataset: Dataset) -> bytes:
    """A data set that was read, as a file again, whatever it lacks."""
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=False)
    return buffer.getvalue()


def with_pixels(dataset: Dataset, stored: NDArray[np.integer]) -> Dataset:
    """A copy with other stored values; their type says the bits and the sign."""
    copy = deepcopy(dataset)
    copy.Rows, copy.Columns = stored.shape
    copy.BitsAllocated = copy.BitsStored = stored.dtype.itemsize * 8
    copy.HighBit = copy.BitsStored - 1
    copy.PixelRepresentation = int(stored.dtype.kind == "i")
    copy.PixelData = stored.astype(stored.dtype.newbyteorder("<")).tobytes()
    return copy


def stored_values(dataset: Dataset) -> NDArray[np.uint16]:
    """The stored values of a data set that `series` made."""
    return np.frombuffer(dataset.PixelData, "<u2").reshape(dataset.Rows, dataset.Columns)


def turned(datasets: Sequence[Dataset], *, flip_x: bool = False, flip_y: bool = False, transpose: bool = False):
    """The same patient with rows and columns stored another way round, and the header saying so."""
    made = []
    for dataset in datasets:
        stored = stored_values(dataset)
        x, y, z = (float(value) for value in dataset.ImagePositionPatient)
        dy, dx = (float(value) for value in dataset.PixelSpacing)
        columns, rows = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]
        if flip_x:
            stored, x, columns = stored[:, ::-1], x + dx * (stored.shape[1] - 1), [-1.0, 0.0, 0.0]
        if flip_y:
            stored, y, rows = stored[::-1], y + dy * (stored.shape[0] - 1), [0.0, -1.0, 0.0]
        if transpose:
            stored, columns, rows, dy, dx = stored.T, rows, columns, dx, dy
        copy = with_pixels(dataset, np.ascontiguousarray(stored))
        copy.ImagePositionPatient = [round(x, 6), round(y, 6), z]
        copy.ImageOrientationPatient = [*columns, *rows]
        copy.PixelSpacing = [f"{dy:.10g}", f"{dx:.10g}"]
        made.append(copy)
    return made


def prone(datasets: Sequence[Dataset]) -> list[Dataset]:
    """The patient on the belly, as scanners store it: the picture turned by half, the header saying so."""
    made = turned(datasets, flip_x=True, flip_y=True)
    for dataset in made:
        dataset.PatientPosition = "HFP"
    return made


def feet_first(datasets: Sequence[Dataset]) -> list[Dataset]:
    """The patient feet first: instance numbers run from the feet, columns run to the patient's right."""
    made = turned(datasets, flip_x=True)
    for number, dataset in enumerate(reversed(made), start=1):
        dataset.PatientPosition, dataset.InstanceNumber = "FFS", number
    return made[::-1]


def tilted(datasets: Sequence[Dataset], *, degrees: float) -> list[Dataset]:
    """A gantry tilt: slices lean by an angle, the table still travels along z."""
    made = deepcopy(list(datasets))
    angle = np.radians(degrees)
    for dataset in made:
        dataset.ImageOrientationPatient = [1, 0, 0, 0, round(float(np.cos(angle)), 8), round(-float(np.sin(angle)), 8)]
        dataset.GantryDetectorTilt = degrees
    return made


def localizer(*, number: int = 9) -> Dataset:
    """A scout view."""
    dataset = series(number=number)[0]
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    return dataset


def magnetic(dataset: Dataset) -> Dataset:
    """The same picture as an MR image."""
    copy = deepcopy(dataset)
    copy.Modality = "MR"
    copy.SOPClassUID = copy.file_meta.MediaStorageSOPClassUID = MRImageStorage
    return copy


def enhanced(datasets: Sequence[Dataset], *, order: Sequence[int] | None = None) -> Dataset:
    """One enhanced multi-frame file of a series, its frames in any order, geometry in the functional groups."""
    with config.disable_value_validation():
        return _enhanced([datasets[index] for index in (order or range(len(datasets)))])


def _enhanced(picked: list[Dataset]) -> Dataset:
    first = picked[0]
    whole = deepcopy(first)
    whole.SOPClassUID = whole.file_meta.MediaStorageSOPClassUID = EnhancedCTImageStorage
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness",
                    "RescaleSlope", "RescaleIntercept", "RescaleType", "ConvolutionKernel", "KVP"):  # fmt: skip
        delattr(whole, keyword)
    whole.NumberOfFrames = len(picked)
    whole.PixelData = b"".join(dataset.PixelData for dataset in picked)
    shared, orientation, measures, reconstruction = Dataset(), Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = first.ImageOrientationPatient
    measures.PixelSpacing, measures.SliceThickness = first.PixelSpacing, first.SliceThickness
    reconstruction.ConvolutionKernel = first.ConvolutionKernel
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [orientation], [measures]
    shared.CTReconstructionSequence = [reconstruction]
    whole.SharedFunctionalGroupsSequence = [shared]
    groups = []
    for dataset in picked:
        group, position, values = Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient = dataset.ImagePositionPatient
        values.RescaleSlope, values.RescaleIntercept = dataset.RescaleSlope, dataset.RescaleIntercept
        values.RescaleType = "HU"
        group.PlanePositionSequence, group.PixelValueTransformationSequence = [position], [values]
        groups.append(group)
    whole.PerFrameFunctionalGroupsSequence = groups
    return whole


def renumbered(dataset: Dataset, seed: str) -> Dataset:
    """A copy that is an image of its own, with its own UID."""
    copy = deepcopy(dataset)
    copy.SOPInstanceUID = copy.file_meta.MediaStorageSOPInstanceUID = uid(seed)
    copy.SOPClassUID = CTImageStorage
    return copy


def nifti(volume: Volume, *, axes: str = "RAS", dtype: str = "<i2", version: int = 1) -> bytes:
    """A .nii file of a volume, its axes stored in any order and direction, such as RAS, LPS or IPL."""
    data = np.transpose(volume.hu).astype(dtype)  # (x, y, z) = L, P, I
    spacing = volume.spacing_mm[::-1]
    affine = np.diag([-spacing[0], -spacing[1], -spacing[2], 1.0])
    affine[:3, 3] = [10.0, 20.0, volume.z_mm[0]]
    turn = nibabel.orientations.ornt_transform(
        nibabel.orientations.axcodes2ornt(("L", "P", "I")), nibabel.orientations.axcodes2ornt(tuple(axes))
    )
    stored = nibabel.orientations.apply_orientation(data, turn)
    affine = affine @ nibabel.orientations.inv_ornt_aff(turn, data.shape)
    kind = nibabel.Nifti1Image if version == 1 else nibabel.Nifti2Image
    image = kind(stored, affine)
    image.header.set_xyzt_units("mm")
    return image.to_bytes()
