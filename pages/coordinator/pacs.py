"""PACS: connections of the person's own, a search, series to tick, and fetching them in the background."""

from collections.abc import Callable
from dataclasses import astuple

import streamlit as st

from core import clock
from core.errors import ParallaxError
from core.jobs import queue
from core.pacs import client
from core.pacs.client import Address, Asked, FoundSeries, FoundStudy
from core.services.fetching import Fetching
from db import pacs
from db.accounts import Account
from db.engine import Session, open_session, open_view
from db.pacs import Server
from pages.components.access import require
from pages.components.acting import act, say
from pages.components.working import report, watch

FOUND = "pacs_found"  # studies of the last search, with the connection they are from
SERIES = "pacs_series"  # series of the ticked studies
FETCHING = "pacs_fetching"
FETCHED = "pacs_fetched"
MOST = 100  # studies of a search
MOST_STUDIES = 20  # whose series are listed at once


def page() -> None:
    """Show the connections, a search in one of them, and what is being fetched."""
    account = require("coordinator")
    st.title("PACS")
    say()
    st.caption(
        "Find chest CT in a PACS that speaks DICOMweb, and fetch series as cases. Identifiers are removed before "
        "anything is stored, as with an upload. Names on this page are shown to you and stored nowhere in clear."
    )
    with open_view() as session:
        servers = pacs.servers(session, by=account.id)
    _connections(account, servers)
    if FETCHING in st.session_state:
        watch(FETCHING, FETCHED, "You may leave this page: the fetching goes on, and the cases appear under Cases.")
        return
    report(FETCHED, "fetched. The AI reads in the background; the cases are in the library on the page Cases.")
    if servers:
        _search(account, servers)


def _connections(account: Account, servers: list[Server]) -> None:
    with st.expander("Connections", expanded=not servers, icon=":material/lan:"):
        st.caption("Only you use your connections. Address and password are kept encrypted.")
        for server in servers:
            left, right = st.columns([5, 1], vertical_alignment="center")
            left.markdown(f"**{server.name}**: {server.url}")
            if right.button("Remove", key=f"pacs_remove_{server.id}"):
                act(_removing(account, server.id), done="Removed")
                st.rerun()
        with st.form("pacs_add", border=False):
            name, url = st.columns([1, 2])
            named = name.text_input("Name", key="pacs_name", placeholder="Radiology PACS")
            at = url.text_input("Address of its DICOMweb service", key="pacs_url", placeholder="https://host/dicom-web")
            user, password, token = st.columns(3)
            address = Address(
                at.strip(),
                user.text_input("User name", key="pacs_user", autocomplete="off").strip(),
                password.text_input("Password", type="password", key="pacs_password", autocomplete="new-password"),
                token.text_input("Or a token", type="password", key="pacs_token", autocomplete="off").strip(),
            )
            if st.form_submit_button("Try and add", key="pacs_add_now", icon=":material/add_link:"):
                _add(account, named, address)


def _removing(account: Account, server: int) -> Callable[[Session], None]:
    return lambda session: pacs.remove_server(session, server, by=account.id, at=clock.now())


def _add(account: Account, name: str, address: Address) -> None:
    """Add a connection that answers."""
    try:
        address.check()
        with open_session() as session:
            number = pacs.add_server(session, name, address, by=account.id, at=clock.now())
        try:
            with st.spinner("Asking the PACS …"):
                client.check(address)
        except ParallaxError:
            with open_session() as session:
                pacs.remove_server(session, number, by=account.id, at=clock.now())
            raise
    except ParallaxError as error:
        st.error(str(error))
    else:
        st.rerun()


def _search(account: Account, servers: list[Server]) -> None:
    with st.form("pacs_search"):
        names = {server.id: server.name for server in servers}
        server = st.selectbox("Connection", list(names), format_func=names.__getitem__, key="pacs_server")
        first, second, third = st.columns(3)
        number = first.text_input("Patient ID", key="pacs_patient_id", placeholder="exact, or with *")
        name = second.text_input("Patient's name", key="pacs_patient_name", placeholder="Family name, or with *")
        accession = third.text_input("Accession number", key="pacs_accession")
        dates, what = st.columns([1, 2])
        span = dates.date_input("Study date, from and to", value=[], key="pacs_dates", format="YYYY-MM-DD")
        description = what.text_input("Study description", key="pacs_description", placeholder="*chest*")
        if st.form_submit_button("Search", key="pacs_search_now", type="primary", icon=":material/search:"):
            named = name.strip() if not name.strip() or "*" in name else f"{name.strip()}*"
            days = [f"{day:%Y%m%d}" for day in span] if isinstance(span, tuple) else []
            asked = Asked(number.strip(), named, accession.strip(), "-".join(days), description.strip())
            _find(account, int(server or 0), asked)
    if FOUND in st.session_state:
        _studies(account)


def _find(account: Account, server: int, asked: Asked) -> None:
    for key in (FOUND, SERIES, FETCHED):
        st.session_state.pop(key, None)
    if not any(astuple(asked)):
        st.info("Fill in one field at least: an empty search asks for the whole archive.")
        return
    try:
        with open_view() as session:
            address = pacs.address(session, server, by=account.id)
        with st.spinner("Searching …"):
            found = client.search(address, asked, limit=MOST)
        with open_session() as session:
            pacs.note_search(session, server, by=account.id, at=clock.now(), studies=len(found))
    except ParallaxError as error:
        st.error(str(error))
        return
    st.session_state[FOUND] = (server, found)


def _studies(account: Account) -> None:
    server, found = st.session_state[FOUND]
    if not found:
        st.info("No CT study matches. Use * for letters you do not know, as in *chest*.", icon=":material/search_off:")
        return
    more = f"; the PACS may have more than these {MOST}, so narrow the search" if len(found) == MOST else ""
    st.subheader(f"{len(found)} {'study' if len(found) == 1 else 'studies'}")
    st.caption(f"Tick studies to see their series{more}.")
    chosen = st.dataframe(
        [_study_row(study) for study in found],
        key="pacs_studies",
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        placeholder="",
    )
    studies = [found[row] for row in chosen.selection.rows if row < len(found)]
    if len(studies) > MOST_STUDIES:
        st.info(f"Tick {MOST_STUDIES} studies at most at a time.")
        return
    if studies:
        _series(account, server, studies)


def _study_row(study: FoundStudy) -> dict[str, str]:
    date = f"{study.date[:4]}-{study.date[4:6]}-{study.date[6:]}" if len(study.date) == 8 else study.date
    return {
        "Patient": study.patient_name.replace("^", ", ").strip(", "),
        "Patient ID": study.patient_id,
        "Date": date,
        "Study": study.description,
        "Accession": study.accession,
    }


def _series(account: Account, server: int, studies: list[FoundStudy]) -> None:
    try:
        with open_view() as session:
            address = pacs.address(session, server, by=account.id)
        listed = _listed(address, studies)
    except ParallaxError as error:
        st.error(str(error))
        return
    if not listed:
        st.info("These studies hold no CT series.")
        return
    st.subheader(f"{len(listed)} series")
    st.caption("Tick the series to fetch: one for each case, axial and thin, as a rule.")
    edited = st.data_editor(
        [_series_row(series) for series in listed],
        key="pacs_series_rows",
        hide_index=True,
        disabled=["Patient ID", "Study", "Series", "Description", "Images"],
    )
    chosen = [series for series, row in zip(listed, edited, strict=True) if row["Fetch"]]
    label = "Fetch 1 series" if len(chosen) == 1 else f"Fetch {len(chosen)} series"
    if st.button(label, key="pacs_fetch", type="primary", disabled=not chosen, icon=":material/download:"):
        st.session_state[FETCHING] = Fetching(server, address, chosen, account.id, queue.enqueue).start()
        for key in (FOUND, SERIES):
            st.session_state.pop(key, None)
        st.rerun()


def _listed(address: Address, studies: list[FoundStudy]) -> list[FoundSeries]:
    """Return the series of studies, asked for once each."""
    known: dict[str, list[FoundSeries]] = st.session_state.setdefault(SERIES, {})
    for study in studies:
        if study.uid not in known:
            with st.spinner("Asking for series …"):
                known[study.uid] = client.series_of(address, study)
    return [series for study in studies for series in known[study.uid]]


def _series_row(series: FoundSeries) -> dict[str, object]:
    return {
        "Fetch": False,
        "Patient ID": series.study.patient_id,
        "Study": series.study.description,
        "Series": series.number,
        "Description": series.description,
        "Images": series.images or None,
    }


page()
