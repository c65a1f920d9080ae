"""Reading an SR back, as a stranger would."""

from io import BytesIO
from typing import Any, cast

from highdicom.sr import MeasurementReport, srread

from tests import dicom_builder as build


def written(dataset: build.Dataset) -> BytesIO:
    return BytesIO(build.file_bytes(dataset))


def content(report: build.Dataset) -> MeasurementReport:
    return cast(MeasurementReport, srread(written(report)).content)


def meaning(item: Any) -> str:
    """What a coded evaluation says; fails where it is a number."""
    return str(item.value.meaning)
