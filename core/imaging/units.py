"""What the values of an image are by its header: HU, or a map of something else that must not be read as HU.

Rescale types are those of DICOM PS3.3 C.11.1.1.2; an absent type, "US" (unspecified) and Hounsfield in any spelling
leave the question to the voxels, see core.imaging.plausible.
"""

import re

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from core.imaging.errors import ImagingError
from core.imaging.identity import text_of, value_of

UNSAID = {"", "US", "UNSPECIFIED", "NONE", "N/A"}
HOUNSFIELD = re.compile(r"(CT[ _-]*)?\[?(HU|H\.?U\.?|HNSF'?U|HO\w*N\w*SF\w*([ _-]*(UNITS?|NUMBERS?))?)\]?")
OTHERS = {
    "MGML": "mg/ml of a material such as iodine",
    "MG/ML": "mg/ml of a material such as iodine",
    "MG/CM3": "mg/cm3 of a material",
    "UGML": "µg/ml of a material",
    "Z_EFF": "effective atomic numbers",
    "ZEFF": "effective atomic numbers",
    "ED": "electron densities",
    "EDW": "electron densities relative to water",
    "HU_MOD": "HU that were modified, such as after removing a material",
    "PCT": "percentages",
    "%": "percentages",
    "OD": "optical densities",
    "SUV": "uptake values",
    "BQML": "activities",
    "GY": "doses",
}
IMAGE_TYPES = (
    (re.compile(r"MAT_SPECIFIC|MAT_FRACTIONAL|IODINE|CALCIUM_MAP|URIC_?ACID|MATERIAL_?(MAP|DENSITY)"), "of a material"),
    (re.compile(r"EFF_ATOMIC_NUM|Z_?EFF|EFFECTIVE_?Z"), "of effective atomic numbers"),
    (re.compile(r"ELECTRON_?DENSITY|RHO_?E"), "of electron density"),
    (re.compile(r"MAT_MODIFIED|MAT_VALUE_BASED"), "with modified values"),
    (re.compile(r"PERFUSION|CBF|CBV|MTT|TTP|TMAX|PBV|VENTILATION"), "of perfusion or ventilation"),
    (re.compile(r"PROBABILITY|SEGMENTATION|MASK"), "of a segmentation"),
)
REMEDY = "choose the CT series itself"


def check_units(dataset: Dataset, item: Dataset) -> None:
    """Raise ImagingError where the header says that values are not HU; item holds the values of one image."""
    kind = text_of(item, "RescaleType").upper().strip()
    if kind not in UNSAID and not HOUNSFIELD.fullmatch(kind):
        meaning = OTHERS.get(kind)
        what = f"are {meaning}, not HU (rescale type {kind})" if meaning else "are not HU: their rescale type says so"
        raise ImagingError(f"The values of this image {what}; {REMEDY}.")
    for word in text_of(item, "ImageType").upper().split("/")[2:]:
        for pattern, what in IMAGE_TYPES:
            if pattern.search(word.replace(" ", "_")):
                raise ImagingError(f"This image is a map {what}, not a CT image in HU; {REMEDY}.")
    units = [code for holder in (item, dataset) for code in _mapped_units(holder)]
    if units and not any(HOUNSFIELD.fullmatch(code) for code in units):
        raise ImagingError(f"The values of this image are mapped to another unit than HU; {REMEDY}.")


def _mapped_units(holder: Dataset) -> list[str]:
    """Return the units that an image maps its values to, where it says so."""
    codes = []
    mappings = value_of(holder, "RealWorldValueMappingSequence")
    for mapping in mappings if isinstance(mappings, Sequence) else ():
        units = value_of(mapping, "MeasurementUnitsCodeSequence")
        if isinstance(units, Sequence) and len(units):
            codes.append(text_of(units[0], "CodeValue").upper().strip("[]"))
    return [code for code in codes if code]
