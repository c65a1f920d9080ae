"""What the classes of one AI count as in a study: a table, one line a class of the AI."""

from collections.abc import Callable

import streamlit as st

from db.accounts import Account
from db.study.ais import AiOfStudy, labels_of
from db.study.info import StudyInfo

NOT_MAPPED, LEFT_OUT = "– choose –", "leave it out"


def class_map(me: Account, study: StudyInfo, place: int, ai: AiOfStudy, save: Callable[..., None]) -> None:
    """Show the map; a change is handed to `save` as the AI's whole map."""
    st.markdown("**What its classes count as**")
    labels, names = labels_of(ai.model), {study_class.code: study_class.label for study_class in study.classes}
    choices = [NOT_MAPPED, *names, LEFT_OUT]
    for name in ai.model.classes:
        key = f"study_ai_map_{study.id}_{place}_{name}"
        known = ai.classes.to_study
        stored = NOT_MAPPED if name not in known else LEFT_OUT if known[name] is None else str(known[name])
        st.session_state[key] = stored if stored in choices else NOT_MAPPED

        def change(name: str = name, key: str = key) -> None:
            new = {ai_class: code for ai_class, code in ai.classes.to_study.items() if ai_class != name}
            if st.session_state[key] != NOT_MAPPED:
                new[name] = None if st.session_state[key] == LEFT_OUT else st.session_state[key]
            save({study_class: new[study_class] for study_class in ai.model.classes if study_class in new})

        left, right = st.columns([2, 3], vertical_alignment="center")
        left.markdown(f"`{name}`" + (f" {labels[name]}" if name in labels else ""))
        right.selectbox(
            f"{name} counts as",
            choices,
            key=key,
            format_func=lambda code: names.get(code, code),
            on_change=change,
            disabled=not study.editable,
            label_visibility="collapsed",
        )
    missing = [name for name in ai.model.classes if name not in ai.classes.to_study]
    if missing:
        st.warning(f"Not mapped yet: {', '.join(missing)}. Choose a diagnosis for each, or leave it out.")
    for study_class in study.classes:
        sources = ai.classes.sources(study_class.code)
        if len(sources) > 1:
            st.caption(f"{' and '.join(sources)} count as {study_class.label}; their probabilities are added up.")
