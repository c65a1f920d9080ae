"""Widgets bound to the protocol: they show what is stored, and store a change at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from core import clock
from core.study.protocol import Protocol
from core.study.words import StudyState
from db.accounts import Account
from db.engine import Session
from db.study import design as study_design
from db.study import info as study_info
from db.study.info import StudyInfo
from pages.components.acting import act

NOTHING = "—"


class Fields:
    """Widgets for fields of one study's protocol, by path such as "reference.who". Disabled once they are frozen."""

    def __init__(self, me: Account, study: StudyInfo, *, words: bool = False) -> None:
        self.me = me
        self.study = study
        self.disabled = not (study.editable or (words and study.state == StudyState.OPEN))

    def text(self, path: str, label: str, **rest: Any) -> None:
        """One line of text."""
        st.text_input(label, key=self._key(path), on_change=self._save, args=(path,), disabled=self.disabled, **rest)

    def area(self, path: str, label: str, **rest: Any) -> None:
        """Several lines of text."""
        st.text_area(label, key=self._key(path), on_change=self._save, args=(path,), disabled=self.disabled, **rest)

    def toggle(self, path: str, label: str, **rest: Any) -> None:
        """A yes or no."""
        st.toggle(label, key=self._key(path), on_change=self._save, args=(path,), disabled=self.disabled, **rest)

    def whole(self, path: str, label: str, **rest: Any) -> None:
        """A whole number; None is shown as empty."""
        st.number_input(
            label, key=self._key(path), on_change=self._save, args=(path,), disabled=self.disabled, step=1, **rest
        )

    def number(self, path: str, label: str, **rest: Any) -> None:
        """A number; None is shown as empty."""
        st.number_input(label, key=self._key(path), on_change=self._save, args=(path,), disabled=self.disabled, **rest)

    def choice(self, path: str, label: str, options: Mapping[str, str], **rest: Any) -> None:
        """One of several values, shown by name; a value that is no option any more is shown as nothing."""
        key = self._key(path)
        known = st.session_state[key] in options
        if not known:
            st.session_state[key] = None
        st.selectbox(
            label,
            list(options),
            key=key,
            index=0 if known else None,  # with None it could be cleared, and a choice is always one of its options
            format_func=lambda code: options.get(code, str(code)),
            on_change=self._save,
            args=(path,),
            disabled=self.disabled,
            **rest,
        )

    def several(self, path: str, label: str, options: Sequence[str] | Mapping[str, str], **rest: Any) -> None:
        """Several of several texts, to which own ones can be added; or of values by name, and of no others."""
        key = self._key(path)
        st.session_state[key] = list(st.session_state[key])
        names = options if isinstance(options, Mapping) else {}
        st.multiselect(
            label,
            [*options, *(own for own in st.session_state[key] if own not in options)],
            key=key,
            format_func=lambda code: names.get(code, str(code)),
            accept_new_options=not names,
            on_change=self._save,
            args=(path,),
            disabled=self.disabled,
            **rest,
        )

    def _key(self, path: str) -> str:
        key = f"study_{path.replace('.', '_')}_{self.study.id}"
        # what is stored is shown, so that a refused value or another coordinator's change never hides in the browser
        st.session_state[key] = _get(self.study.protocol, path)
        return key

    def _save(self, path: str) -> None:
        value = st.session_state[f"study_{path.replace('.', '_')}_{self.study.id}"]
        value = tuple(value) if isinstance(value, list) else value

        def save(session: Session) -> None:
            protocol = study_info.study(session, self.study.id, by=self.me.id).protocol
            new: Protocol = _put(protocol, path, value)
            study_design.save_protocol(session, self.study.id, new, by=self.me.id, at=clock.now())

        act(save)


def _get(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _put(value: Any, path: str, new: Any) -> Any:
    name, _, rest = path.partition(".")
    return replace(value, **{name: _put(getattr(value, name), rest, new) if rest else new})
