"""From bytes to a de-identified series, to a volume in HU, to storage."""
