"""PACS: series from a DICOMweb server, and AI reads and marks back to it as DICOM SR and SEG."""
