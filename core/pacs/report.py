"""Reads as DICOM SR: one measurement report (TID 1500) for each AI read and each read of a person.

A call is a qualitative evaluation; probabilities and lengths are measurements; a mark is a planar region of interest
(TID 1410): on an image of the series where it lies on one, in space where it was set in another plane.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from highdicom.sr import (
    AlgorithmIdentification,
    Comprehensive3DSR,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    GraphicTypeValues,
    GraphicTypeValues3D,
    ImageRegion,
    ImageRegion3D,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    SourceImageForMeasurementGroup,
    SourceImageForRegion,
    TrackingIdentifier,
)
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from core import __version__
from core.imaging.write import uid
from core.pacs.places import Matrix, grid_affine, image_of, mark_mm
from core.pacs.results import AiResult, CaseResults, Diagnosis, ReaderResult

MAKER = "Parallax"
SERIES_NUMBER = 7001
SCHEME = "99PARALLAX"
CHEST_CT = Code("169069000", "SCT", "CT of chest")
LUNG = Code("39607008", "SCT", "Lung")
FINDING = Code("404684003", "SCT", "Clinical finding")
DIAGNOSIS = Code("439401001", "SCT", "Diagnosis")
NO_CALL = Code("no-call", SCHEME, "No call")
KNOWN = {  # labels, in small letters, that SNOMED CT has a code for
    "covid-19": Code("840539006", "SCT", "COVID-19"),
    "covid": Code("840539006", "SCT", "COVID-19"),
    "cap": Code("385093006", "SCT", "Community acquired pneumonia"),
    "community-acquired pneumonia": Code("385093006", "SCT", "Community acquired pneumonia"),
    "pneumonia": Code("233604007", "SCT", "Pneumonia"),
    "normal": Code("17621005", "SCT", "Normal"),
}
Group = MeasurementsAndQualitativeEvaluations | PlanarROIMeasurementsAndQualitativeEvaluations


def reports(results: CaseResults, source: Sequence[Dataset]) -> Iterator[Dataset]:
    """Yield an SR for each AI read and each read of a person; `source` has the images of the series, without pixels."""
    grid = grid_affine(results.affine, results.shape, results.z_mm)
    for number, ai in enumerate(results.ais, start=1):
        head = _Head(f"ai/{ai.sha256}/{ai.rule}", number, f"{ai.name} {ai.version}", device=True)
        yield _report(results, source, head, _of_ai(ai), [_ai_group(results, ai, source)])
    for number, read in enumerate(results.readers, start=len(results.ais) + 1):
        groups: list[Group] = [_reader_group(results, read, source)]
        groups += [_mark(results, read, place, mark, source, grid) for place, mark in enumerate(read.marks, start=1)]
        yield _report(results, source, _Head(_key(read), number, read.reader, device=False), _of_person(read), groups)


def diagnosis_code(call: Diagnosis | None) -> Code:
    """Return a class of a study as a code."""
    if call is None:
        return NO_CALL
    return KNOWN.get(call.label.lower(), Code(call.code[:16], SCHEME, call.label[:64]))


@dataclass(frozen=True, slots=True)
class _Head:
    key: str
    number: int
    observer: str
    device: bool


def _report(
    results: CaseResults, source: Sequence[Dataset], head: _Head, observer: ObserverContext, groups: list[Group]
) -> Dataset:
    context = ObservationContext(
        observer_person_context=None if head.device else observer,
        observer_device_context=observer if head.device else None,
    )
    seed = f"{results.seed}/{head.key}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of values of the source that the standard would write otherwise
        content = MeasurementReport(
            observation_context=context, procedure_reported=CHEST_CT, imaging_measurements=groups
        )
        made = Comprehensive3DSR(
            evidence=list(source),
            content=content[0],
            series_instance_uid=uid(f"{seed}/series"),
            series_number=SERIES_NUMBER + head.number,
            sop_instance_uid=uid(f"{seed}/report"),
            instance_number=1,
            manufacturer=MAKER,
            is_complete=True,
            is_final=True,
        )
    made.SeriesDescription = f"Parallax reader study: {head.observer}"[:64]
    made.SoftwareVersions = __version__
    made.ManufacturerModelName = MAKER
    made.DeviceSerialNumber = "0"
    return made


def _of_ai(ai: AiResult) -> ObserverContext:
    return ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
            uid=uid(f"ai/{ai.sha256}"),
            name=f"{ai.name} {ai.version}",
            manufacturer_name=MAKER,
            model_name=ai.name,
            serial_number=ai.sha256[:16],
        ),
    )


def _of_person(read: ReaderResult) -> ObserverContext:
    return ObserverContext(
        observer_type=codes.DCM.Person,
        observer_identifying_attributes=PersonObserverIdentifyingAttributes(
            name=read.reader.replace("^", " ") + "^"  # one component, as the standard wants it
        ),
    )


def _ai_group(results: CaseResults, ai: AiResult, source: Sequence[Dataset]) -> Group:
    algorithm = AlgorithmIdentification(
        name=ai.name, version=ai.version, parameters=[f"rule {ai.rule}", f"weights {ai.sha256}"]
    )
    measurements = [
        Measurement(
            name=Code("probability", SCHEME, f"Probability of {label}"[:64]),
            value=round(float(value), 6),
            unit=codes.UCUM.NoUnits,
        )
        for label, value in ai.probabilities.items()
    ]
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(results, f"ai/{ai.sha256}/{ai.rule}", f"{ai.name} {ai.version}"),
        finding_type=FINDING,
        algorithm_id=algorithm,
        finding_sites=[FindingSite(anatomic_location=LUNG)],
        measurements=measurements,
        qualitative_evaluations=[QualitativeEvaluation(name=DIAGNOSIS, value=diagnosis_code(ai.call))],
        source_images=_whole(source),
    )


def _reader_group(results: CaseResults, read: ReaderResult, source: Sequence[Dataset]) -> Group:
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(results, _key(read), f"{read.reader}, {read.arm}, session {read.session}"),
        finding_type=FINDING,
        finding_sites=[FindingSite(anatomic_location=LUNG)],
        qualitative_evaluations=[QualitativeEvaluation(name=DIAGNOSIS, value=diagnosis_code(read.call))],
        source_images=_whole(source),
    )


def _mark(
    results: CaseResults,
    read: ReaderResult,
    place: int,
    mark: dict[str, object],
    source: Sequence[Dataset],
    grid: Matrix,
) -> Group:
    points = mark_mm(mark, grid)
    measurements = []
    if mark["kind"] == "length":
        length = float(np.linalg.norm(points[1] - points[0]))
        measurements.append(Measurement(name=codes.SCT.Length, value=round(length, 2), unit=codes.UCUM.Millimeter))
    label = str(mark.get("label") or "") or f"{mark['kind']} {place}"
    return PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(results, f"{_key(read)}/mark {place}", label),
        referenced_region=_region(points, str(mark["kind"]), source),
        finding_type=FINDING,
        measurements=measurements or None,
    )


def _region(points: Matrix, kind: str, source: Sequence[Dataset]) -> ImageRegion | ImageRegion3D:
    on_image = image_of(source, points)
    point = kind == "point"
    if on_image is None:
        if kind == "ellipse":
            return ImageRegion3D(GraphicTypeValues3D.ELLIPSE, _axes(points), source[0].FrameOfReferenceUID)
        closed = GraphicTypeValues3D.POLYGON if kind == "box" else GraphicTypeValues3D.POLYLINE
        shape = GraphicTypeValues3D.POINT if point else closed
        return ImageRegion3D(shape, points, source[0].FrameOfReferenceUID)
    dataset, pixels = on_image
    image = SourceImageForRegion(dataset.SOPClassUID, dataset.SOPInstanceUID)
    if kind == "ellipse":
        return ImageRegion(GraphicTypeValues.ELLIPSE, _axes(pixels), image)
    return ImageRegion(GraphicTypeValues.POINT if point else GraphicTypeValues.POLYLINE, pixels, image)


def _axes(corners: Matrix) -> Matrix:
    """Return the ends of an ellipse's axes, the longer first, from the corners of the box around it."""
    a, b, c, d = corners[:4]
    across, down = np.array([(a + d) / 2, (b + c) / 2]), np.array([(a + b) / 2, (d + c) / 2])
    longer = np.linalg.norm(across[1] - across[0]) >= np.linalg.norm(down[1] - down[0])
    return np.concatenate([across, down] if longer else [down, across])


def _whole(source: Sequence[Dataset]) -> list[SourceImageForMeasurementGroup]:
    return [SourceImageForMeasurementGroup(image.SOPClassUID, image.SOPInstanceUID) for image in source]


def _tracking(results: CaseResults, key: str, name: str) -> TrackingIdentifier:
    return TrackingIdentifier(uid=uid(f"{results.seed}/{key}/tracking"), identifier=name[:64])


def _key(read: ReaderResult) -> str:
    return f"read/{read.reader}/{read.arm}/{read.session}/{read.attempt}"
