"""The ways to begin a study: template, empty, copy, import."""

from datetime import datetime

import streamlit as st

from core import clock
from core.study.templates import TEMPLATES
from core.study.words import Design
from db.accounts import Account
from db.ai import models as ai_models
from db.engine import Session, open_view
from db.study import design as study_design
from db.study import info as study_info
from db.study import life as study_life
from db.study.info import StudyInfo
from pages.components import places
from pages.components.acting import act

DESIGN_NAMES = {
    Design.INDEPENDENT: "Independent: every case is read once",
    Design.SEQUENTIAL: "Sequential: read without the AI and locked, then with it",
    Design.CROSSOVER: "Crossover: every case is read twice, weeks apart, once with the AI",
}
WAYS = {
    **{code: name for code, (name, _) in TEMPLATES.items()},
    "empty": "An empty study",
    "copy": "A copy of a study",
    "import": "A protocol file",
}


def show_new(me: Account) -> None:
    """Offer the ways to begin a study."""
    with open_view() as session:
        known = {line.id: line.title for line in study_info.every(session, by=me.id)}
    st.subheader("New study")
    ways = {way: name for way, name in WAYS.items() if way != "copy" or known}
    way = st.radio("Begin with", list(ways), format_func=lambda way_: ways[way_], key="studies_way", horizontal=True)
    source, file = None, None
    if way == "copy":
        source = st.selectbox("Study to copy", list(known), format_func=lambda way_: known[way_], key="studies_source")
    if way == "import":
        file = st.file_uploader("Protocol exported from Parallax", type=["json"], key="studies_file")
    suggested = TEMPLATES[way][1].title if way in TEMPLATES else f"{known[source][:193]} (copy)" if source else ""
    key = f"studies_title_{way}_{source}" if source else f"studies_title_{way}"
    title = st.text_input("Title", suggested, key=key)
    parts = _parts() if way == "copy" else {}
    if st.button("Create the study", key="studies_create", type="primary", disabled=way == "import" and file is None):
        data = file.getvalue() if file is not None else b""
        _create(me, way, title, source=source, data=data, parts=parts)


def _parts() -> dict[str, bool]:
    """Ask what of a study is copied beside its design; reads and orders never are."""
    with st.container(horizontal=True):
        cases = st.checkbox("Its cases", True, key="studies_with_cases")
        truth = st.checkbox("Their truth", key="studies_with_truth", disabled=not cases)
        readers = st.checkbox("Its readers", key="studies_with_readers")
    st.caption("Reads are not copied; reading orders are made anew when the copy is opened.")
    return {"with_cases": cases, "with_truth": truth and cases, "with_readers": readers}


def _create(me: Account, way: str, title: str, *, source: int | None, data: bytes, parts: dict[str, bool]) -> None:
    made: list[StudyInfo] = []
    at = clock.now()

    def create(session: Session) -> None:
        if way == "copy" and source is not None:
            made.append(study_life.copy_study(session, source, title=title, **parts, by=me.id, at=at))
        elif way == "import":
            made.append(study_life.import_study(session, data, title=title, by=me.id, at=at))
        elif way in TEMPLATES:
            made.append(_from_template(session, me, way, title, at))
        else:
            made.append(study_design.create_study(session, title=title, by=me.id, at=at))

    if act(create, done="The study is a draft; go through its steps."):
        places.go("design", made[0].id)
    st.rerun()


def _from_template(session: Session, me: Account, way: str, title: str, at: datetime) -> StudyInfo:
    """Return a draft from a template; that of the published study has the default AI as the fifth reader."""
    chosen = TEMPLATES[way][1]
    made = study_design.create_study(
        session,
        title=title,
        design=chosen.design,
        protocol=chosen.protocol,
        classes=chosen.classes,
        groups=chosen.groups,
        by=me.id,
        at=at,
    )
    model = ai_models.default(session) if way == "template" else None
    if model is not None:
        study_design.save_ai(session, made.id, model_id=model.id, by=me.id, at=at)
    return made
