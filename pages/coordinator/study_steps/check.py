"""The check that names every blocker, the opening, and what the opening froze."""

import secrets
from collections import Counter

import streamlit as st

from core import clock
from core.imaging.storage import VolumeStore
from core.settings import settings
from core.spreadsheet import csv_text
from core.study.orders import SEEDS, largest_imbalance
from core.study.preflight_facts import AREAS, Remark
from core.study.words import StudyState
from db.accounts import Account
from db.engine import Session, open_session, open_view
from db.results import taken
from db.signatures import Act
from db.study import life as study_life
from db.study import orders, preflight
from db.study.ais import OTHERS
from db.study.info import StudyInfo
from db.study.orders import OrderRow
from pages.components import places
from pages.components.acting import act
from pages.components.signing import act_signed, asked

FOUND = "study_findings"


def show(me: Account, study: StudyInfo) -> None:
    """Check and open a study; afterwards show what is frozen."""
    if study.editable:
        _check(me, study)
        if study.state == StudyState.CHECKED:
            _open(me, study)
    else:
        _frozen(me, study)


def _volumes(me: Account, study: StudyInfo) -> preflight.Volumes:
    """Open every volume of a study, between two transactions: nobody waits for it."""
    with open_view() as session:
        keys = preflight.storage_keys(session, study.id, by=me.id)
    return preflight.try_volumes(keys, _opens)


def _opens(key: str) -> object:
    store = VolumeStore(settings().storage)
    (depth, _, _), _, _ = store.geometry(key)
    return [store.slice(key, z) for z in (0, depth // 2, depth - 1)]


def _check(me: Account, study: StudyInfo) -> None:
    st.write(
        "The check opens every volume, looks for missing truth and AI reads, for patients the AI was trained on, and "
        "tries the reading orders. It changes nothing of the design."
    )
    with st.container(horizontal=True):
        pressed = st.button(
            "Check the study", key="study_check", type="primary" if study.state == StudyState.DRAFT else "secondary"
        )
        st.link_button(
            "Preview as a reader",
            f"/preview?study={study.id}",
            key="study_preview",
            icon=":material/visibility:",
            help="The reading page with one case of this study, in a tab of its own. Nothing of it is kept.",
        )
    if pressed:
        found: list[Remark] = []

        with st.spinner("Opening every volume …"):
            volumes = _volumes(me, study)

            def check(session: Session) -> None:
                found.extend(study_life.check_study(session, study.id, volumes=volumes, by=me.id, at=clock.now()))

            held = act(check, done="Checked")
        if held:
            st.session_state[FOUND] = (study.id, found)
        st.rerun()
    of_study, found = st.session_state.get(FOUND, (None, []))
    if of_study == study.id:
        _findings(found, study)
    elif study.state == StudyState.CHECKED:
        st.success("Checked: nothing stands in the way.")


def _findings(found: list[Remark], study: StudyInfo) -> None:
    blockers = [finding for finding in found if finding.blocks]
    notes = [finding for finding in found if not finding.blocks]
    if blockers:
        st.error(f"{len(blockers)} {'thing stands' if len(blockers) == 1 else 'things stand'} in the way:")
        _list(blockers, study)
    elif study.state == StudyState.CHECKED:
        st.success("Nothing stands in the way.")
    else:
        st.info("The study was changed since; check it again.")
    if notes:
        with st.expander(f"{len(notes)} notes worth a look; they do not block", expanded=not blockers):
            _list(notes, study)


def _list(found: list[Remark], study: StudyInfo) -> None:
    """Show findings by step, each step as the way to the place where they are mended."""
    design = places.PARTS[0].path
    for area, name in AREAS.items():
        of_area = [finding.message for finding in found if finding.area == area]
        if of_area:
            st.page_link(
                design,
                label=f"**{name}**",
                icon=":material/arrow_forward:",
                query_params={"study": str(study.id), "step": area},
            )
            st.markdown("\n".join(f"- {message}" for message in of_area))


def _open(me: Account, study: StudyInfo) -> None:
    with st.container(border=True):
        st.markdown(
            "**Open the study.** Readers can begin at once. From then on the protocol, the prespecification, the "
            "truth versions, the AI with its rule and parameters, and every reader's order are frozen for good; to "
            "change them you would copy the study."
        )
        password = asked(study, Act.OPENING, key="study_open_password")
        sure = st.checkbox("I have read this", key="study_open_sure")
        if st.button("Open the study", key="study_open", type="primary", disabled=not sure):
            seed = secrets.randbelow(SEEDS)
            with st.spinner("Checking once more and making the orders …"):
                volumes = _volumes(me, study)
                held = act_signed(
                    me,
                    password,
                    lambda session: study_life.open_study(
                        session, study.id, volumes=volumes, seed=seed, by=me.id, at=clock.now(), password=password
                    ),
                    done="The study is open",
                )
            st.session_state.pop(FOUND, None)
            if held:
                places.go("reading", study.id)
            st.rerun()


def _frozen(me: Account, study: StudyInfo) -> None:
    with open_view() as session:
        places = orders.table(session, study.id, by=me.id)
    opened = study.opened_at.strftime("%Y-%m-%d %H:%M UTC") if study.opened_at else ""
    st.markdown(f"Opened {opened}. Seed of the orders: {study.seed}.")
    pinned = study.ai_parameters
    for entry in [pinned, *pinned.get(OTHERS, [])] if pinned else []:
        st.markdown(
            f"AI: {entry.get('model')} {entry.get('version')}, rule {entry.get('rule')}, weights "
            f"`{str(entry.get('sha256'))[:16]}…`, {len(entry.get('reads', []))} reads pinned."
        )
    st.subheader("Reading orders")
    _balance(places)
    st.dataframe(_wide(places), key="study_orders", hide_index=True)
    st.download_button(
        "Orders as CSV",
        order_csv(places),
        file_name=f"orders-{study.id}.csv",
        mime="text/csv",
        key="study_orders_csv",
        icon=":material/download:",
        on_click=_note_orders,
        args=(me.id, study.id),
    )


def _note_orders(account_id: int, study_id: int) -> None:
    with open_session() as session:
        taken.orders(session, study_id, by=account_id, at=clock.now())


def _by_reader(places: list[OrderRow]) -> dict[tuple[int, str], list[OrderRow]]:
    made: dict[tuple[int, str], list[OrderRow]] = {}
    for place in places:
        made.setdefault((place.session, place.pseudonym), []).append(place)
    return made


def _balance(places: list[OrderRow]) -> None:
    for number in sorted({place.session for place in places}):
        found = [
            [place.case_number for place in order if not place.practice]
            for (session, _), order in _by_reader(places).items()
            if session == number
        ]
        often = Counter(case for order in found for case in order).values()
        same = min(often, default=0) == max(often, default=0)
        st.caption(
            f"Session {number}: {len(found)} readers, each case has {'' if same else f'{min(often)} to '}"
            f"{max(often, default=0)} of them; its mean position is at most {largest_imbalance(found):.2f} places from "
            "the middle. Made once and stored; never computed again."
        )


def _wide(places: list[OrderRow]) -> list[dict[str, object]]:
    """Return one row a position, one column a reader and session."""
    columns = _by_reader(places)
    longest = max((len(order) for order in columns.values()), default=0)
    several = len({place.arm for place in places}) > 1
    rows: list[dict[str, object]] = []
    for n in range(longest):
        row: dict[str, object] = {"Position": n + 1}
        for (session, pseudonym), order in columns.items():
            name = pseudonym if len({number for number, _ in columns}) == 1 else f"{pseudonym}, session {session}"
            one = order[n] if n < len(order) else None
            arm = f" {one.arm}" if one and several else ""
            row[name] = "" if one is None else f"{one.case_number}{arm}{' (practice)' if one.practice else ''}"
        rows.append(row)
    return rows


def order_csv(places: list[OrderRow]) -> str:
    """Return the reading orders as CSV."""
    head = ("reader", "session", "position", "case", "arm", "practice")
    rows = [
        (place.pseudonym, place.session, place.position, place.case_number, place.arm, int(place.practice))
        for place in places
    ]
    return csv_text([head, *rows])
