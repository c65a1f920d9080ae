"""Where the real lungs behind made cases come from, as their licences ask it to be said. Imports nothing."""

from collections.abc import Iterable

CHANGES = (
    "Changes: slices selected, identifying tags removed, recompressed without loss; for training averaged in plane, "
    "warped and rescanned, lesions drawn in."
)
CLARK = (
    "Clark, K., et al. (2013). The Cancer Imaging Archive (TCIA): Maintaining and Operating a Public Information "
    "Repository. J Digit Imaging 26(6), 1045-1057."
)
ATTRIBUTIONS = {  # patient ids begin so -> the collection
    "Lung_Dx-": "Li P, Wang S, Li T, Lu J, HuangFu Y, Wang D. A Large-Scale CT and PET/CT Dataset for Lung Cancer "
    "Diagnosis (Lung-PET-CT-Dx), The Cancer Imaging Archive 2020, doi 10.7937/TCIA.2020.NNC2-0461, CC BY 4.0",
    "RIDER-1129164940": "Zhao, B., Schwartz, L. H., Kris, M. G., & Riely, G. J. (2015). Coffee-break lung CT "
    "collection with scan images reconstructed at multiple imaging parameters (Version 3). The Cancer Imaging Archive. "
    "https://doi.org/10.7937/k9/tcia.2015.u1x8a5nr (CC BY 4.0)",
    "R01-": "Bakr, S., Gevaert, O., Echegaray, S., et al. (2017). Data for NSCLC Radiogenomics. The Cancer Imaging "
    "Archive. https://doi.org/10.7937/K9/TCIA.2017.7hs46erv (CC BY 3.0)",
    "113_HM10395": "Hugo, G. D., Weiss, E., Sleeman, W. C., et al. (2016). Data from 4D Lung Imaging of NSCLC "
    "Patients. The Cancer Imaging Archive. https://doi.org/10.7937/K9/TCIA.2016.ELN8YGLE (CC BY 3.0)",
    "MSB-": "Cancer Moonshot Biobank. Cancer Moonshot Biobank - Colorectal Cancer Collection (CMB-CRC). The Cancer "
    "Imaging Archive. https://doi.org/10.7937/djg7-gz87 (CC BY 4.0)",
    "LungFCP-": "Madabhushi, A., & Rusu, M. (2018). Fused Radiology-Pathology Lung Dataset. The Cancer Imaging "
    "Archive. https://doi.org/10.7937/k9/tcia.2018.smt36lpn (CC BY 3.0)",
    "ACRIN-FLT-Breast_": "Kinahan, P., Muzi, M., Bialecki, B., & Coombs, L. (2017). Data from ACRIN-FLT-Breast. The "
    "Cancer Imaging Archive. http://doi.org/10.7937/K9/TCIA.2017.ol20zmxg (CC BY 3.0)",
}


def attribution(patients: Iterable[str]) -> list[str]:
    """Return what must be said of the collections these patients come from; empty where there is none of them."""
    there = set(patients)
    lines = [text for start, text in ATTRIBUTIONS.items() if any(patient.startswith(start) for patient in there)]
    return [*lines, CLARK, CHANGES] if lines else []
