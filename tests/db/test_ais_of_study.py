"""A study with several AIs and with classes that are not theirs: from the draft to frozen reads and figures."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy.orm import Session

from core.errors import Conflict, InvalidInput
from core.export.long import csv_pieces, study_json
from core.report.document import report_html
from core.results.study_results import StudyResults
from core.stats.analyse import analyse
from core.stats.reads import table_from_text
from core.study.classes import StudyClass
from db.ai import models as ai_models
from db.ai import reads as ai_reads
from db.models import Study
from db.permissions import SYSTEM
from db.results import rows as results
from db.study import ais as study_ais
from db.study import design as study_design
from db.study import info as study_info
from db.study import life as study_life
from db.truth import records as truth
from tests.report.test_report import made
from tests.study import builder
from tests.study.builder import AT

TWO = (
    StudyClass("normal", "Normal", "N", "#009E73"),
    StudyClass("pneumonia", "Pneumonia", "A", "#E69F00", positive=True),
)
JOINED = {"normal": "normal", "cap": "pneumonia", "covid": "pneumonia"}
CALLS = ("normal", "cap", "covid", "normal", "covid", "cap")
TRUTHS = ("normal", "pneumonia", "pneumonia", "pneumonia", "pneumonia", "normal")


def two_class_study(session: Session) -> tuple[int, int, int]:
    """A draft of two classes with truth and one AI of three, chosen; its id, the model's and the coordinator's."""
    made, me = builder.study(session, cases_=6), builder.coordinator(session)
    study_design.save_classes(session, made.id, TWO, by=me, at=AT)
    model = builder.model(session)
    for n, link in enumerate(study_info.cases(session, made.id, by=SYSTEM)):
        truth.record(session, made.id, link.case.id, class_code=TRUTHS[n], source="PCR", by=me, at=AT)
        shares = {"normal": 0.6 - 0.1 * n, "cap": 0.1, "covid": 0.3 + 0.1 * n}
        store(session, link.case.series_id, model, CALLS[n], shares)
    study_design.save_ai(session, made.id, model_id=model, by=me, at=AT)
    return made.id, model, me


def store(session: Session, series: int, model: int, call: str, shares: dict[str, float]) -> None:
    made = ai_reads.NewCall("paper", call, None, shares, {}, [], None, 1.0)
    ai_reads.store(session, series_id=series, model_id=model, parameters_hash="p", scores=None, calls=[made], at=AT,
                   by=SYSTEM)  # fmt: skip


def second(session: Session, study_id: int, *, version: str = "2", name: str = "demo") -> int:
    model = ai_models.register_model(
        session, name=name, version=version, kind="csv", sha256="b" * 64, classes=["no", "pneumonia"], card={},
        manifest=[], at=AT, by=SYSTEM,
    ).id  # fmt: skip
    for n, link in enumerate(study_info.cases(session, study_id, by=SYSTEM)):
        call = "no" if TRUTHS[n] == "normal" else "pneumonia"
        shares = {"no": 0.9 - 0.01 * n, "pneumonia": 0.1 + 0.01 * n} if call == "no" else {"no": 0.2, "pneumonia": 0.8}
        store(session, link.case.series_id, model, call, shares)
    return model


def opened_and_read(session: Session, study_id: int, me: int) -> None:
    volumes = builder.volumes(session, study_id)
    found = study_life.check_study(session, study_id, volumes=volumes, by=me, at=AT)
    assert [finding.message for finding in found if finding.blocks] == []
    study_life.open_study(session, study_id, volumes=volumes, seed=3, by=me, at=AT)


def unblinded(session: Session, study_id: int, me: int) -> StudyResults:
    study_life.close_study(session, study_id, reason="a pilot", by=me, at=AT)
    study_life.unblind(session, study_id, reason="the analysis begins", by=me, at=AT)
    return StudyResults(results.rows(session, study_id=study_id, by=SYSTEM))


def test_choosing_the_ai_maps_three_classes_to_two_and_the_study_opens(session: Session):
    study_id, _, me = two_class_study(session)
    (ai,) = study_ais.of_study(session, study_id, by=SYSTEM)
    assert ai.classes.to_study == JOINED
    opened_and_read(session, study_id, me)


def test_figures_of_the_joined_classes_are_those_computed_by_hand(session: Session):
    study_id, _, me = two_class_study(session)
    opened_and_read(session, study_id, me)
    found = unblinded(session, study_id, me)
    (ai,) = (reader for reader in found.analysis.readers if reader.group == "AI")
    # calls normal, pneumonia, pneumonia, normal, pneumonia, pneumonia against the truths above: 4 of 6 right
    assert ai.confusion == ((1, 1, 0, 0), (1, 3, 0, 0))
    assert ai.accuracy.value == pytest.approx(4 / 6)
    assert ai.classes[1].sensitivity.value == pytest.approx(3 / 4)
    # p(pneumonia) is the sum, .4 .5 .6 .7 .8 .9; positives .5 .6 .7 .8 against .4 and .9: 4 of 8 pairs in order
    summed = found.rows.probabilities[found.rows.is_ai][:, 1]
    assert np.sort(summed) == pytest.approx([0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
    assert ai.scores[1].auc.value == pytest.approx(4 / 8)


def test_a_class_without_a_place_blocks_until_it_is_mapped_or_left_out(session: Session):
    study_id, _, me = two_class_study(session)
    (ai,) = study_ais.of_study(session, study_id, by=SYSTEM)
    for classes, blocked in (({"normal": "normal", "cap": "pneumonia"}, True), ({**JOINED, "covid": None}, False)):
        new = replace(ai.named, classes=dict(classes))
        study_design.save_ais(session, study_id, [new], by=me, at=AT)
        volumes = builder.volumes(session, study_id)
        found = study_life.check_study(session, study_id, volumes=volumes, by=me, at=AT)
        assert any(one.blocks and "covid is mapped to no class" in one.message for one in found) == blocked
    opened_and_read(session, study_id, me)
    left = unblinded(session, study_id, me)
    (machine,) = (reader for reader in left.analysis.readers if reader.group == "AI")
    assert machine.indeterminate == 2  # its two calls of covid are no diagnosis of the study


def test_classes_that_come_and_go_keep_the_map_true(session: Session):
    study_id, _, me = two_class_study(session)
    more = (*TWO, StudyClass("covid", "COVID-19", "C", "#0072B2"))
    study_design.save_classes(session, study_id, more, by=me, at=AT)
    (ai,) = study_ais.of_study(session, study_id, by=SYSTEM)
    assert ai.classes.to_study == JOINED  # what was said stays
    study_design.save_ais(session, study_id, [replace(ai.named, classes={**JOINED, "covid": "covid"})],
                          by=me, at=AT)  # fmt: skip
    study_design.save_classes(session, study_id, TWO, by=me, at=AT)
    (ai,) = study_ais.of_study(session, study_id, by=SYSTEM)
    assert ai.classes.to_study == JOINED  # what is gone is guessed again


def test_two_ais_are_frozen_each_and_stand_beside_the_readers(session: Session):
    study_id, _, me = two_class_study(session)
    other = second(session, study_id)
    study_design.add_ai(session, study_id, model_id=other, by=me, at=AT)
    assert [ai.name for ai in study_ais.of_study(session, study_id, by=SYSTEM)] == ["demo 1", "demo 2"]
    opened_and_read(session, study_id, me)
    frozen = study_info.study(session, study_id, by=SYSTEM).ai_parameters
    assert (frozen["sha256"], frozen["others"][0]["sha256"]) == ("a" * 64, "b" * 64)
    assert len(frozen["others"][0]["reads"]) == 6
    # reads made after the opening change nothing
    for link in study_info.cases(session, study_id, by=SYSTEM):
        call = ai_reads.NewCall("paper", "no", None, {"no": 1.0, "pneumonia": 0.0}, {}, [], None, None)
        ai_reads.store(session, series_id=link.case.series_id, model_id=other, parameters_hash="later", scores=None,
                       calls=[call], at=AT, by=SYSTEM)  # fmt: skip
    found = unblinded(session, study_id, me)
    figures = {reader.reader: reader.accuracy.value for reader in found.analysis.readers}
    assert figures == {"demo 1": pytest.approx(4 / 6), "demo 2": 1.0}
    pair = next(one for one in found.analysis.ais_compared if one.with_ai and one.comparison.figure == "accuracy")
    assert (pair.comparison.ai, pair.comparison.group) == ("demo 2", "demo 1")
    assert pair.comparison.result is not None
    assert pair.comparison.result.difference == pytest.approx(2 / 6)


def test_the_export_of_two_ais_analyses_to_the_panels_figures(session: Session):
    study_id, _, me = two_class_study(session)
    study_design.add_ai(session, study_id, model_id=second(session, study_id), by=me, at=AT)
    opened_and_read(session, study_id, me)
    found = unblinded(session, study_id, me)
    text = "".join(csv_pieces(found.rows))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["reader"] for row in rows if row["group"] == "AI"} == {"demo 1", "demo 2"}
    again = analyse(table_from_text(text))
    mine = {reader.reader: reader for reader in found.analysis.readers}
    for reader in again.readers:
        one = mine[reader.reader]
        assert (reader.confusion, reader.accuracy.value) == (one.confusion, one.accuracy.value)
        assert [each.auc.value for each in reader.scores] == pytest.approx([each.auc.value for each in one.scores])
    values = [
        (one.comparison.figure, one.comparison.ai, one.comparison.group, one.p_holm) for one in again.ais_compared
    ]
    assert values == [
        (one.comparison.figure, one.comparison.ai, one.comparison.group, pytest.approx(one.p_holm))
        for one in found.analysis.ais_compared
    ]
    about = study_json(found.rows)
    assert [ai["classes"] for ai in about["ais"]] == [JOINED, {"no": "normal", "pneumonia": "pneumonia"}]


def test_the_report_and_the_comparison_name_both_ais_and_what_their_classes_count_as(session: Session):
    study_id, _, me = two_class_study(session)
    study_design.add_ai(session, study_id, model_id=second(session, study_id), by=me, at=AT)
    opened_and_read(session, study_id, me)
    found = unblinded(session, study_id, me)
    whole = StudyResults(results.rows(session, study_id=study_id, by=SYSTEM, detail=True))
    html = report_html(whole, results.story(session, study_id=study_id, by=SYSTEM), made=made(found.rows))
    for text in ("demo 1", "demo 2", "AI against AI", "cap and covid count as Pneumonia"):
        assert text in html


def test_an_ai_of_a_study_is_pinned_whatever_its_place(session: Session):
    study_id, _, me = two_class_study(session)
    other = second(session, study_id)
    study_design.add_ai(session, study_id, model_id=other, by=me, at=AT)
    assert set(ai_models.pinned(session, by=SYSTEM)) == {session.get_one(Study, study_id).ai_model_id, other}
    with pytest.raises(Conflict, match="A study"):
        ai_models.remove(session, other, by=SYSTEM, at=AT)
    with pytest.raises(InvalidInput, match="already"):
        study_design.add_ai(session, study_id, model_id=other, by=me, at=AT)


def test_a_protocol_file_carries_the_ais_and_a_missing_one_is_named(session: Session):
    study_id, _, me = two_class_study(session)
    study_design.add_ai(session, study_id, model_id=second(session, study_id), by=me, at=AT)
    data = study_life.export_study(session, study_id, by=me)
    data["protocol"]["ais"][1]["version"] = "9"
    made = study_life.import_study(session, data, title="Copy", by=me, at=AT)
    assert [ai.name for ai in study_ais.of_study(session, made.id, by=SYSTEM)] == ["demo 1"]
    found = study_life.check_study(session, made.id, volumes={}, by=me, at=AT)
    assert any("The AI demo 9 is not registered here" in one.message for one in found if one.blocks)


def test_calls_of_a_table_are_taken_back_until_a_study_is_opened_with_them(session: Session):
    study_id, _, me = two_class_study(session)
    other = second(session, study_id)
    study_design.add_ai(session, study_id, model_id=other, by=me, at=AT)
    ai_models.undo_calls(session, other, by=me, at=AT)
    assert [ai.name for ai in study_ais.of_study(session, study_id, by=SYSTEM)] == ["demo 1"]
    again = second(session, study_id)  # the name and version are free again
    study_design.add_ai(session, study_id, model_id=again, by=me, at=AT)
    with pytest.raises(InvalidInput, match="no table of calls"):
        ai_models.undo_calls(session, session.get_one(Study, study_id).ai_model_id or 0, by=me, at=AT)
    opened_and_read(session, study_id, me)
    with pytest.raises(Conflict, match="was opened with it"):
        ai_models.undo_calls(session, again, by=me, at=AT)
