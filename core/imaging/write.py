"""A volume as a DICOM series: for procedural cohorts, measuring and tests."""

import hashlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

from core.imaging.volume import Volume

IMPLEMENTATION = UID("2.25.302043790172249692526321623266752743501")  # any fixed UID under the free 2.25 root
STORED_ZERO = -1024  # HU of the stored value 0


def write_series(
    volume: Volume,
    folder: Path,
    *,
    uid_seed: str,
    synthetic: bool = True,
    patient_id: str = "",
    series: int = 1,
) -> list[Path]:
    """Write one DICOM file a slice into folder (made if need be) and return the paths, apex first.

    The same uid_seed gives the same UIDs. synthetic marks every file as procedural, so nobody takes it for a patient.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index, data in enumerate(
        series_files(volume, uid_seed=uid_seed, synthetic=synthetic, patient_id=patient_id, series=series), start=1
    ):
        path = folder / f"slice-{index:04d}.dcm"
        path.write_bytes(data)
        paths.append(path)
    return paths


def series_files(
    volume: Volume, *, uid_seed: str, synthetic: bool = True, patient_id: str = "", series: int = 1
) -> Iterator[bytes]:
    """Yield the DICOM file of each slice, apex first; see write_series."""
    for index in range(volume.hu.shape[0]):
        yield file_bytes(
            slice_dataset(volume, index, uid_seed=uid_seed, synthetic=synthetic, patient_id=patient_id, series=series)
        )


def file_bytes(dataset: Dataset) -> bytes:
    """Return a data set that has its file meta information as the bytes of a DICOM file."""
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def slice_dataset(
    volume: Volume, index: int, *, uid_seed: str, synthetic: bool = True, patient_id: str = "", series: int = 1
) -> Dataset:
    """Return slice `index` as a CT image data set, axial, feet at the lower z, values stored from -1024 HU up."""
    attributes = volume.attributes
    step, row, column = volume.spacing_mm
    rows, columns = volume.hu.shape[1:]
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = CTImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = uid(f"{uid_seed}/{series}/{index}")
    dataset.file_meta.ImplementationClassUID = IMPLEMENTATION
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID = uid(f"{uid_seed}/study")
    dataset.SeriesInstanceUID = uid(f"{uid_seed}/{series}")
    dataset.FrameOfReferenceUID = uid(f"{uid_seed}/frame")
    dataset.Modality = "CT"
    dataset.ImageType = ["DERIVED" if synthetic else "ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.PatientName = "Synthetic^CT" if synthetic else ""
    dataset.PatientID = patient_id
    dataset.PatientSex = attributes.sex or ""
    dataset.PatientAge = f"{attributes.age:03d}Y" if attributes.age is not None else ""
    dataset.PatientIdentityRemoved = "YES"
    if synthetic:
        dataset.ImageComments = "Procedural CT made by a computer; not a patient"
    dataset.Manufacturer = attributes.manufacturer or ""
    dataset.ManufacturerModelName = attributes.model or ""
    dataset.ConvolutionKernel = attributes.kernel or ""
    dataset.KVP = attributes.kvp
    dataset.SliceThickness = attributes.thickness_mm if attributes.thickness_mm is not None else step
    dataset.PatientPosition = attributes.patient_position or "HFS"
    dataset.SeriesNumber = series
    dataset.InstanceNumber = index + 1
    dataset.ImagePositionPatient = [
        round(-column * (columns - 1) / 2, 4),
        round(-row * (rows - 1) / 2, 4),
        volume.z_mm[index],
    ]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [f"{row:.8g}", f"{column:.8g}"]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = rows, columns
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = STORED_ZERO, 1, "HU"
    stored = volume.hu[index].clip(STORED_ZERO).astype("<i4") - STORED_ZERO
    dataset.PixelData = stored.astype("<u2").tobytes()
    return dataset


def uid(seed: str) -> UID:
    """Return a UID under the free 2.25 root that is the same for the same seed."""
    return UID(f"2.25.{int.from_bytes(hashlib.sha256(seed.encode()).digest()[:16], 'big')}")
