"""Every template is a design that can be opened once cases, readers and truth are there, and brings its own window."""

import re
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from core.study.classes import class_problems
from core.study.protocol import Protocol, protocol_problems
from core.study.template import PUBLISHED
from core.study.templates import TEMPLATES
from core.study.words import FirstWindow
from db.permissions import SYSTEM
from db.study import design as study_design
from db.study import info as study_info
from tests.study import builder
from tests.study.builder import AT

WINDOWS = Path(__file__).parents[2] / "core/viewer/src/viewer/windows.js"


@pytest.mark.parametrize("way", TEMPLATES)
def test_a_template_becomes_a_draft_without_faults_of_its_own(session: Session, way: str):
    _, chosen = TEMPLATES[way]
    made = study_design.create_study(
        session, title=chosen.title, design=chosen.design, protocol=chosen.protocol, classes=chosen.classes,
        groups=chosen.groups, by=builder.coordinator(session), at=AT,
    )  # fmt: skip
    kept = study_info.study(session, made.id, by=SYSTEM)
    assert kept.protocol == Protocol.from_json(chosen.protocol.to_json()) == chosen.protocol
    assert class_problems(kept.classes, findings=bool(chosen.protocol.findings)) == ()
    faults = [text for text in protocol_problems(kept.protocol) if "eference" not in text]
    assert faults == []
    assert chosen.protocol.instructions


def test_wording_and_windows_follow_the_kind_of_study():
    texts = [chosen.protocol.instructions for _, chosen in TEMPLATES.values()]
    assert len(set(texts)) == len(texts)
    assert {TEMPLATES[way][1].protocol.window for way in ("embolism", "triage", "nodules")} == {"angio", "wide", "lung"}
    assert PUBLISHED.protocol.window == FirstWindow.LUNG


def test_the_viewer_knows_every_window_a_protocol_can_name():
    known = set(re.findall(r"^  (\w+): \{ width", WINDOWS.read_text(), re.MULTILINE))
    assert known == set(FirstWindow)
