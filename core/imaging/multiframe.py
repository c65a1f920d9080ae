"""Enhanced multi-frame CT: the values of one frame, looked up in its own and in the shared functional groups."""

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from core.imaging.errors import ImagingError
from core.imaging.identity import number_of, value_of
from core.imaging.marks import MARKING

FUNCTIONAL_GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
MACROS = (
    ("PlanePositionSequence", ("ImagePositionPatient",)),
    ("PlaneOrientationSequence", ("ImageOrientationPatient",)),
    ("PixelMeasuresSequence", ("PixelSpacing", "SliceThickness")),
    ("PixelValueTransformationSequence", ("RescaleSlope", "RescaleIntercept", "RescaleType")),
    ("CTReconstructionSequence", ("ConvolutionKernel", "ReconstructionAlgorithm", "ReconstructionDiameter")),
    ("CTXRayDetailsSequence", ("KVP", "FilterType", "FilterMaterial")),
    ("CTAcquisitionTypeSequence", ("AcquisitionType",)),
    ("CTImageFrameTypeSequence", ("ImageType",)),
    ("CardiacSynchronizationSequence", ("NominalPercentageOfCardiacPhase", "NominalCardiacTriggerDelayTime")),
    ("RespiratorySynchronizationSequence", ("NominalPercentageOfRespiratoryPhase",)),
    (
        "FrameContentSequence",
        ("StackID", "TemporalPositionIndex", "FrameAcquisitionDateTime", "FrameReferenceDateTime"),
    ),
    ("MultienergyCTProcessingSequence", ("MonoenergeticEnergyEquivalent",)),
    ("IrradiationEventIdentificationSequence", ("IrradiationEventUID",)),
)
NAMED_OTHERWISE = {"ImageType": "FrameType"}  # by the top of the file: by the frame
AT_TOP = (
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "RescaleSlope",
    "RescaleIntercept", "RescaleType", "ConvolutionKernel", "KVP", "ImageType", "RealWorldValueMappingSequence",
    "AcquisitionNumber",
)  # fmt: skip

CONTENT = "FrameContentSequence"


def is_enhanced(dataset: Dataset) -> bool:
    """Whether a file describes its images by functional groups."""
    return isinstance(value_of(dataset, FUNCTIONAL_GROUPS[1]), Sequence)


def frame_items(dataset: Dataset) -> list[Dataset]:
    """Return, for each frame in stored order, a data set with the values that a classic CT file has at its top.

    Raises ImagingError where the groups do not fit the number of frames.
    """
    per_frame = value_of(dataset, FUNCTIONAL_GROUPS[1])
    shared = value_of(dataset, FUNCTIONAL_GROUPS[0])
    common = shared[0] if isinstance(shared, Sequence) and len(shared) else Dataset()
    frames = number_of(dataset, "NumberOfFrames")
    if frames is None or len(per_frame) != int(frames):
        raise ImagingError("This multi-frame file does not describe each of its images; export the series again.")
    return [_flat(dataset, common, own) for own in per_frame]


def _flat(dataset: Dataset, common: Dataset, own: Dataset) -> Dataset:
    flat = Dataset()
    for keyword in {*MARKING, *AT_TOP}:  # some files state at their top what holds for every frame
        value = value_of(dataset, keyword)
        if value is not None:
            setattr(flat, keyword, value)
    for macro, keywords in MACROS:
        for group in (common, own):  # the frame's own value wins
            item = _first(group, macro)
            for keyword in keywords:
                value = value_of(item, NAMED_OTHERWISE.get(keyword, keyword)) if item is not None else None
                if value is not None:
                    setattr(flat, keyword, value)
    content = _first(own, CONTENT)
    acquisition = value_of(content, "FrameAcquisitionNumber") if content is not None else None
    if acquisition is not None:
        flat.AcquisitionNumber = acquisition
    mappings = [value_of(group, "RealWorldValueMappingSequence") for group in (common, own)]
    for mapping in mappings:
        if isinstance(mapping, Sequence):
            flat.RealWorldValueMappingSequence = mapping
    return flat


def _first(group: Dataset, keyword: str) -> Dataset | None:
    sequence = value_of(group, keyword)
    return sequence[0] if isinstance(sequence, Sequence) and len(sequence) else None
