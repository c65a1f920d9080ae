"""Reading an SR back, as a stranger would."""

from io import BytesIO
from typing import cast

from highdicom.sr import MeasurementReport, srread

from tests import dicom_builder as build


def written(dataset: build.Dataset) -> BytesIO:
    return BytesIO(build.file_bytes(dataset))


def content(report: build.Dataset) -> MeasurementReport:
    return cast(MeasurementReport, srread(written(report)).content)
