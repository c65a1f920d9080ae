"""The readers of a study: groups, people, invitations to copy."""

import secrets
from dataclasses import replace

import streamlit as st

from core import clock
from core.errors import ParallaxError
from core.results.draw.text import many
from core.services.invite import Add
from core.study.letters import invitation
from core.study.orders import SEEDS
from core.study.reader_list import Line, reader_list
from core.study.template import PUBLISHED
from core.study.words import Role, StudyState
from db import accounts
from db.accounts import Account
from db.engine import Session, open_view
from db.study import design as study_design
from db.study import info as study_info
from db.study import readers as study_readers
from db.study.info import ReaderInfo, StudyInfo
from pages.components.acting import act, say
from pages.components.forms import fresh, used
from pages.coordinator.study_steps import allocation, inviting


def show(me: Account, study: StudyInfo) -> None:
    """Show groups and readers, add people, and the invitations made in this sitting."""
    with open_view() as session:
        found = study_info.readers(session, study.id, by=me.id)
        everyone = accounts.every(session, by=me.id)
    _groups(me, study)
    active = [reader for reader in found if reader.withdrawn_at is None]
    st.subheader(f"{len(active)} {'reader' if len(active) == 1 else 'readers'}")
    if study.editable:
        _add(me, study, found, everyone)
        _paste(me, study, found)
    elif study.state == StudyState.OPEN:
        with st.expander("Let a reader join the open study"):
            st.caption(
                "A departure from the plan: it is logged and reported with your reason. The new reader gets an order "
                "that balances with those that stand; no other order changes. Who has authored truth here, or "
                "coordinates, cannot join."
            )
            _add(me, study, found, [account for account in everyone if account.role == Role.NONE])
    _letters(me, study)
    allocation.show(me, study)
    st.subheader("Readers in the study")
    if not found:
        st.info("No readers yet. Add them above; who has no account gets one, with an invitation to copy.")
        return
    st.dataframe([_row(reader) for reader in found], key="study_readers", hide_index=True)
    _change(me, study, found)


def _row(reader: ReaderInfo) -> dict[str, object]:
    state = "ready" if reader.has_password else "no password yet"
    return {
        "In results": reader.pseudonym,
        "Name": reader.name,
        "User name": reader.username,
        "Group": reader.group,
        "Experience (years)": reader.years,
        "State": f"withdrawn: {reader.withdrawn_reason}" if reader.withdrawn_at else state,
    }


def _groups(me: Account, study: StudyInfo) -> None:
    key = f"study_groups_{study.id}"
    st.session_state[key] = ", ".join(group.name for group in study.groups)

    def save() -> None:
        names = [name.strip() for name in str(st.session_state[key]).split(",") if name.strip()]
        act(lambda session: study_design.save_groups(session, study.id, names, by=me.id, at=clock.now()))

    st.text_input(
        "Reader groups, in the order of comparison, separated by commas",
        key=key,
        on_change=save,
        disabled=not study.editable,
    )


def _suggested(study: StudyInfo, there: list[str]) -> tuple[str, float | None]:
    """Return the group and years of the next reader: as in the published study, else the emptiest group.

    `there` are the groups of the readers who are in already.
    """
    counts = {group.name: there.count(group.name) for group in study.groups}
    if tuple(counts) == PUBLISHED.groups and len(there) < len(PUBLISHED.readers):
        group, years = PUBLISHED.readers[len(there)]
        return group, float(years)
    return min(counts, key=lambda name: counts[name]), None


def _add(me: Account, study: StudyInfo, found: list[ReaderInfo], everyone: list[Account]) -> None:
    group, years = _suggested(study, [reader.group for reader in found])
    names = [reader.name for reader in study.groups]
    turn = len(found)  # fresh fields after every reader
    there = {reader.account_id for reader in found}
    chosen = inviting.who("Add a reader", everyone, without=there, box=_box(study), key=f"study_reader_who_{turn}")
    if chosen:
        with open_view() as session:
            last = study_readers.expertise(session, study.id, by=me.id).get(chosen)
        if last is not None:
            group, years = (last.group if last.group in names else group), last.years
    name, username = "", ""
    with st.form(f"study_reader_new_{turn}", enter_to_submit=False):
        name_box, user_box, group_box, years_box = st.columns([3, 3, 2, 2])
        if not chosen:
            name = name_box.text_input("Name", key=f"study_reader_name_{turn}")
            username = user_box.text_input("User name or e-mail", key=f"study_reader_username_{turn}")
        group = group_box.selectbox("Group", names, index=names.index(group), key=f"study_reader_group_{turn}_{chosen}")
        years = years_box.number_input(
            "Experience (years)",
            0.0,
            70.0,
            years,
            step=1.0,
            format="%g",
            placeholder="not recorded",
            key=f"study_reader_years_{turn}_{chosen}" if chosen else f"study_reader_years_{turn}",
        )
        reason = ""
        if not study.editable:
            reason = st.text_input("Reason", key=f"study_reader_reason_{turn}", placeholder="such as: R3 fell ill")
        word = "Add the reader" if study.editable else "Let the reader join"
        if st.form_submit_button(word, key=f"study_reader_add_{turn}", type="primary"):
            _create(me, study, chosen, name=name, username=username, group=group, years=years, reason=reason)
            st.rerun()


def _paste(me: Account, study: StudyInfo, found: list[ReaderInfo]) -> None:
    """Take a list of readers, pasted or from a file; groups and years that it leaves open are suggested."""
    form = fresh(f"study_readers_list_{study.id}")
    with (
        st.expander("Add several readers at once", expanded=not found, icon=":material/group_add:"),
        st.form(form, enter_to_submit=False, border=False),
    ):
        text = st.text_area(
            "A reader on each line",
            key=f"{form}_text",
            height=120,
            placeholder="Ada Lovelace, ada@clinic.org, Novices, 2\nGrace Hopper <grace@clinic.org>",
            help="Name, e-mail or user name, group, years of experience; what is left out is suggested.",
        )
        file = st.file_uploader("Or a CSV file", type=["csv", "txt"], key=f"{form}_file")
        if st.form_submit_button("Add these readers", key=f"{form}_add", type="primary"):
            _add_list(me, study, found, file.getvalue().decode("utf-8-sig", "replace") if file else text)


def _add_list(me: Account, study: StudyInfo, found: list[ReaderInfo], text: str) -> None:
    try:
        lines = reader_list(text, groups=[group.name for group in study.groups])
        with open_view() as session:
            known = {account.username: account.id for account in accounts.every(session, by=me.id)}
            before = study_readers.expertise(session, study.id, by=me.id)
    except ParallaxError as error:
        st.error(str(error))  # the form keeps what was written
        return
    filled: list[Line] = []
    groups = [reader.group for reader in found]
    for line in lines:
        last = before.get(known.get(line.username, 0))
        group, years = _suggested(study, [*groups, *(reader.group or "" for reader in filled)])
        if last is not None:
            group, years = (last.group if last.group in {reader.name for reader in study.groups} else group), last.years
        if line.group is not None:
            years = years if last is not None or line.group == group else None
        filled.append(replace(line, group=line.group or group, years=line.years if line.years is not None else years))
    at = clock.now()

    def add(line: Line) -> Add:
        return lambda session, account_id: study_readers.add_reader(
            session, study.id, account_id, group=line.group or "", years=line.years, by=me.id, at=at
        )

    if inviting.invite_all(me, _box(study), filled, add, done=f"{many(len(filled), 'reader')} added"):
        used(f"study_readers_list_{study.id}")
        st.rerun()
    say()


def _create(
    me: Account,
    study: StudyInfo,
    account_id: int,
    *,
    name: str,
    username: str,
    group: str,
    years: float | None,
    reason: str,
) -> None:
    at, seed = clock.now(), secrets.randbelow(SEEDS)

    def add(session: Session, chosen: int) -> object:
        if study.editable:
            return study_readers.add_reader(session, study.id, chosen, group=group, years=years, by=me.id, at=at)
        return study_readers.join_reader(
            session, study.id, chosen, group=group, years=years, reason=reason, seed=seed, by=me.id, at=at
        )

    done = f"{name or 'Reader'} added"
    inviting.invite(me, _box(study), account_id, name=name, username=username, add=add, done=done)


def _box(study: StudyInfo) -> str:
    return f"study_invitations_{study.id}"


def _letters(me: Account, study: StudyInfo) -> None:
    with open_view() as session:
        taken = study_info.cases(session, study.id, by=me.id)
    practice = sum(case.practice for case in taken)
    inviting.letters(
        me,
        study,
        _box(study),
        lambda letter, address: invitation(
            name=letter.name,
            username=letter.username,
            title=study.title,
            link=letter.link,
            address=address,
            cases=len(taken) - practice,
            practice=practice,
            sessions=study.sessions,
        ),
    )


def _change(me: Account, study: StudyInfo, found: list[ReaderInfo]) -> None:
    with st.expander("Change a reader, or make a new link", key="study_reader_change"):
        names = {reader.id: f"{reader.pseudonym} {reader.name}" for reader in found}
        chosen = st.selectbox("Reader", list(names), format_func=lambda key: names[key], key="study_reader_chosen")
        reader = next(account for account in found if account.id == chosen)
        groups = [group.name for group in study.groups]
        left, right = st.columns(2)
        group = left.selectbox(
            "Group",
            groups,
            index=groups.index(reader.group),
            key=f"study_reader_new_group_{chosen}",
            disabled=not study.editable,
        )
        years = right.number_input(
            "Experience (years)",
            0.0,
            70.0,
            reader.years,
            step=1.0,
            format="%g",
            placeholder="not recorded",
            key=f"study_reader_new_years_{chosen}",
            disabled=not study.editable,
        )
        at = clock.now()
        with st.container(horizontal=True):
            if st.button("New link", key="study_reader_link"):
                inviting.renew(me, _box(study), reader.account_id)
                st.rerun()
            if st.button("Save", key="study_reader_save", disabled=not study.editable):
                act(
                    lambda session: study_readers.change_reader(
                        session, chosen, group=group, years=years, by=me.id, at=at
                    )
                )
                st.rerun()
            if st.button("Remove from the study", key="study_reader_remove", disabled=not study.editable):
                act(lambda session: study_readers.remove_reader(session, chosen, by=me.id, at=at))
                st.rerun()
