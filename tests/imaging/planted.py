"""Changes to headers: wrong values, and a secret in every place where exports carry an identifier."""

from collections.abc import Sequence
from copy import deepcopy

from pydicom import config
from pydicom.dataset import Dataset


def edited(datasets: Sequence[Dataset], **values: object) -> list[Dataset]:
    """Copies with other values of some elements, wrong ones too."""
    made = deepcopy(list(datasets))
    with config.disable_value_validation():
        for dataset in made:
            _set(dataset, **values)
    return made


def _set(dataset: Dataset, **values: object) -> None:
    for keyword, value in values.items():
        if keyword in dataset:
            delattr(dataset, keyword)  # an element that is there goes on checking its values
        setattr(dataset, keyword, value)


def with_identifiers(datasets: Sequence[Dataset], secret: str) -> list[Dataset]:
    """A secret wherever exports carry one: plain tags, free texts, private tags, sequences in sequences, comments."""
    made = deepcopy(list(datasets))
    with config.disable_value_validation():
        for dataset in made:
            _plant(dataset, secret)
    return made


def _plant(dataset: Dataset, secret: str) -> None:
    _set(
        dataset,
        PatientName=f"{secret}^Name",
        PatientID=f"{secret}-id",
        OtherPatientIDs=f"{secret}-other",
        AccessionNumber=secret,
        StudyID=secret,
        InstitutionName=f"{secret} hospital",
        StationName=secret,
        ReferringPhysicianName=f"{secret}^Dr",
        OperatorsName=f"{secret}^Op",
        DeviceSerialNumber=secret,
        StudyDescription=f"Chest {secret}",
        SeriesDescription=f"{secret} 1.0",
        ImageComments=f"compare {secret}",
        ManufacturerModelName=f"Scanner {secret}",
        ConvolutionKernel=f"B30f {secret}",
        PatientAge=secret[:4],
        PatientSex=secret[:4],
    )
    private = dataset.private_block(0x0099, f"{secret} maker", create=True)
    private.add_new(0x01, "LO", f"{secret} private")
    inner, outer = Dataset(), Dataset()
    inner.PersonName = f"{secret}^Nested"
    outer.PersonIdentificationCodeSequence = [inner]
    outer.InstitutionName = secret
    dataset.RequestAttributesSequence = [outer]
    dataset.OriginalAttributesSequence = [outer]
