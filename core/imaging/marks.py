"""Read from a header what tells one reconstruction from another: see core.imaging.mixture."""

from datetime import UTC, datetime

from pydicom.dataset import Dataset

from core.imaging.frames import Marks
from core.imaging.identity import number_of, numbers_of, text_of

FIXED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("frame of reference", ("FrameOfReferenceUID",)),
    ("kernel", ("ConvolutionKernel",)),
    ("image type", ("ImageType",)),
    ("kVp", ("KVP",)),
    ("energy", ("MonoenergeticEnergyEquivalent", "MultienergyCTPathIndex", "EnergyWindowNumber")),
    ("phase", ("NominalPercentageOfCardiacPhase", "NominalPercentageOfRespiratoryPhase")),
    ("time point", ("TemporalPositionIdentifier", "TemporalPositionIndex")),
    ("echo", ("EchoNumbers", "EchoTime")),
    ("slice thickness", ("SliceThickness",)),
    ("reconstruction", ("ReconstructionAlgorithm", "ReconstructionDiameter", "FilterType", "FilterMaterial")),
    ("position of the patient", ("PatientPosition",)),
    ("kind of value", ("RescaleType",)),
    ("contrast agent", ("ContrastBolusAgent",)),
    ("scan mode", ("ScanOptions", "AcquisitionType")),
    ("stack", ("StackID",)),
    ("series number", ("SeriesNumber",)),
    ("description", ("SeriesDescription",)),
    ("scanner", ("Manufacturer", "ManufacturerModelName", "StationName")),
)
CHANGING = ("IrradiationEventUID", "TriggerTime", "NominalCardiacTriggerDelayTime", "InstanceNumber",
            "AcquisitionDateTime", "AcquisitionDate", "AcquisitionTime", "ContentDate", "ContentTime",
            "SeriesDate", "SeriesTime", "FrameAcquisitionDateTime", "FrameReferenceDateTime")  # fmt: skip
MARKING = (*(keyword for _, keywords in FIXED for keyword in keywords), *CHANGING)
STEPPING = ("AXIAL MODE", "AXIAL", "CINE", "SEQUENCE", "SEQUENCED", "STATIONARY", "STEP", "STEP_AND_SHOOT", "SEQ")


def marks_of(dataset: Dataset, item: Dataset) -> Marks:
    """Return the marks of an image; item is the file's data set, or what holds for one image of a multi-frame."""
    modes = {part.upper() for keyword in ("ScanOptions", "AcquisitionType") for part in _words(item, keyword)}
    modes |= {word.upper() for part in _words(item, "ImageType")[3:] for word in part.split()}
    one_image = item is dataset
    number = number_of(dataset, "InstanceNumber") if one_image else None
    acquired = _time(text_of(item, "FrameAcquisitionDateTime") or text_of(item, "FrameReferenceDateTime"))
    return Marks(
        fixed=tuple((word, "|".join(_value(item, keyword) for keyword in keywords)) for word, keywords in FIXED),
        acquisition=text_of(item, "AcquisitionNumber"),
        event=text_of(item, "IrradiationEventUID"),
        trigger=text_of(item, "TriggerTime") or text_of(item, "NominalCardiacTriggerDelayTime"),
        acquired=acquired or _time(text_of(dataset, "AcquisitionDateTime")) or _moment(dataset, "Acquisition"),
        made=_moment(dataset, "Content") if one_image else None,
        begun=_moment(dataset, "Series") if one_image else None,
        number=None if number is None else int(number),
        step_and_shoot=bool(modes & set(STEPPING)),
    )


def _words(item: Dataset, keyword: str) -> list[str]:
    text = text_of(item, keyword)
    return text.split("/") if text else []


def _value(item: Dataset, keyword: str) -> str:
    """Return a value in one way of writing: 120 and 120.0, "Lung" and "LUNG " are the same."""
    numbers = numbers_of(item, keyword)
    if numbers:
        return "/".join(f"{number:.2f}" for number in numbers)
    return " ".join(text_of(item, keyword).casefold().split())


def _moment(dataset: Dataset, what: str) -> float | None:
    return _time(f"{text_of(dataset, f'{what}Date') or '20000101'}{text_of(dataset, f'{what}Time')}")


def _time(text: str) -> float | None:
    """Return a DICOM date and time (YYYYMMDDHHMMSS.ffffff, the end may be absent) in s, or None."""
    digits = text.replace(":", "").split("+")[0].split("-")[0]
    whole, _, fraction = digits.partition(".")
    if len(whole) < 10:
        return None
    try:
        moment = datetime.strptime(whole[:14].ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        return moment.timestamp() + float(f"0.{fraction or 0}")
    except ValueError:
        return None
