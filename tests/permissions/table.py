"""Every verb that asks who is calling: what it is called with, and who may call it for a study of their own."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from core.pacs.client import Address
from core.study.protocol import Protocol
from core.study.words import Design
from db import accounts, audit, cases, library, links, pacs, register, signatures, system, tokens, web_sessions
from db.ai import marks as ai_marks
from db.ai import models as ai_models
from db.ai import reads as ai_reads
from db.models import PanelMember, Study
from db.reading import access, events, informed, preview, reads, resets, work_list
from db.results import case as review
from db.results import rows as results
from db.results import taken
from db.study import (
    ais,
    clinical,
    deletion,
    design,
    info,
    letters,
    life,
    monitor,
    monitor_cells,
    orders,
    preflight,
    quality,
    readers,
    sharing,
)
from db.study import cases as study_cases
from db.truth import authors, lesions, members, panel, records
from tests.permissions.scene import (
    ADMINISTRATOR,
    AUDITOR,
    COORDINATOR,
    IN_INSTALLATION,
    OBSERVER,
    OWNER,
    READER,
    STATISTICIAN,
    STRANGE_READER,
    STRANGER,
    Place,
    Scene,
)
from tests.study import builder
from tests.study.builder import AT, CLASSES


def _seated(session: Session, place: Place, account_id: int) -> int:
    """Put somebody on the panel, so that there is a member to act on."""
    session.add(PanelMember(study_id=place.draft, account_id=account_id, adjudicator=False, added_at=AT))
    session.flush()
    return account_id


def _opened(session: Session, place: Place) -> int:
    session.execute(update(Study).where(Study.id == place.draft).values(state="open"))
    return place.draft


def _add_case(session: Session, by: int) -> object:
    return builder.case(session, 4321, by=by)


def _model(session: Session, by: int) -> object:
    kept: dict[str, Any] = {"kind": "csv", "sha256": "b" * 64, "classes": [], "card": {}, "manifest": [], "at": AT}
    return ai_models.register_model(session, name="new", version="1", by=by, **kept)


def _server(session: Session, by: int) -> int:
    return pacs.add_server(session, "PACS", Address("https://pacs.example/dicom-web"), by=by, at=AT)


def _token(session: Session, scene: Scene, place: Place, by: int) -> tuple[str, tokens.Token]:
    return tokens.make(session, name="x", scopes=[tokens.Scope.STUDIES], days=1, by=by, at=AT)


Call = Callable[[Session, Scene, Place, int], Any]  # session, scene, the study in question, who calls
EVERYBODY = frozenset(IN_INSTALLATION) - {"disabled owner"}
MANAGE = frozenset({OWNER, COORDINATOR})
OVERVIEW = MANAGE | {OBSERVER, STATISTICIAN}
MONITOR = MANAGE | {OBSERVER}
RESULTS = MANAGE | {STATISTICIAN}
OWN = frozenset({OWNER})
STAFF = frozenset({ADMINISTRATOR, OWNER, STRANGER})  # administrators and coordinators of the installation
INVITE = STAFF | {COORDINATOR}  # who manages a study invites too
READS = frozenset({READER})
AUDIT = frozenset({ADMINISTRATOR, AUDITOR})
THE_READER = frozenset({ADMINISTRATOR, READER})  # a reader's own sign-ins


@dataclass(frozen=True)
class Verb:
    """One row. `study` has the roles in the study in question; `anywhere` the accounts, whatever the study."""

    call: Call
    study: frozenset[str] | None = None
    anywhere: frozenset[str] | None = None

    def allows(self, who: str, place: str) -> bool:
        """Tell whether somebody may call it for their own study, or for the other one."""
        if self.anywhere is not None:
            return who in self.anywhere
        assert self.study is not None
        if who == ADMINISTRATOR and self.study != READS:
            return True
        if place == "own":
            return who in self.study
        as_if = {STRANGER: OWNER, STRANGE_READER: READER}.get(who)
        return as_if in self.study


AS: dict[str, Any] = {"at": AT}
MATTERS = {
    # the design of a study
    design.save_title: lambda s, e, p, by: design.save_title(s, p.draft, "New", by=by, **AS),
    design.save_design: lambda s, e, p, by: design.save_design(s, p.draft, Design.CROSSOVER, by=by, **AS),
    design.save_protocol: lambda s, e, p, by: design.save_protocol(s, p.draft, Protocol(undo=False), by=by, **AS),
    design.save_classes: lambda s, e, p, by: design.save_classes(
        s, p.draft, [replace(study_class, label=f"{study_class.label}!") for study_class in CLASSES], by=by, **AS
    ),
    design.save_groups: lambda s, e, p, by: design.save_groups(s, p.draft, ["Novices", "Experts", "C"], by=by, **AS),
    design.save_ai: lambda s, e, p, by: design.save_ai(s, p.draft, model_id=e.model_id, by=by, **AS),
    design.add_ai: lambda s, e, p, by: design.add_ai(s, p.draft, model_id=e.model_id, rule="run-length", by=by, **AS),
    design.save_ais: lambda s, e, p, by: design.save_ais(s, p.draft, [], by=by, **AS),
    study_cases.add_cases: lambda s, e, p, by: study_cases.add_cases(s, p.draft, [p.case_id], by=by, **AS),
    study_cases.remove_cases: lambda s, e, p, by: study_cases.remove_cases(s, p.draft, [p.case_id], by=by, **AS),
    study_cases.set_practice: lambda s, e, p, by: study_cases.set_practice(s, p.draft, [p.case_id], by=by, **AS),
    design.editing: lambda s, e, p, by: design.editing(s, p.draft, by=by, **AS),
    # its people
    readers.add_reader: lambda s, e, p, by: readers.add_reader(
        s, p.draft, e.people[AUDITOR], group="Experts", by=by, **AS
    ),
    readers.join_reader: lambda s, e, p, by: readers.join_reader(
        s, p.unblinded, e.people[AUDITOR], group="expert", reason="late", seed=1, by=by, **AS
    ),
    readers.change_reader: lambda s, e, p, by: readers.change_reader(
        s, p.reader_id, group="Experts", years=None, by=by, **AS
    ),
    readers.remove_reader: lambda s, e, p, by: readers.remove_reader(s, p.reader_id, by=by, **AS),
    readers.withdraw_reader: lambda s, e, p, by: readers.withdraw_reader(s, p.reader_id, reason="ill", by=by, **AS),
    info.readers: lambda s, e, p, by: info.readers(s, p.draft, by=by),
    info.cases: lambda s, e, p, by: info.cases(s, p.draft, by=by),
    members.members: lambda s, e, p, by: members.members(s, p.draft, by=by),
    members.add_member: lambda s, e, p, by: members.add_member(s, p.draft, e.people[AUDITOR], by=by, **AS),
    members.remove_member: lambda s, e, p, by: members.remove_member(
        s, p.draft, _seated(s, p, e.people[AUDITOR]), by=by, **AS
    ),
    # its truth
    records.current: lambda s, e, p, by: records.current(s, p.draft, by=by),
    records.history: lambda s, e, p, by: records.history(s, p.draft, p.case_id, by=by),
    records.preview: lambda s, e, p, by: records.preview(s, p.draft, [], by=by),
    records.take: lambda s, e, p, by: records.take(s, p.draft, [], by=by, **AS),
    lesions.take_lesions: lambda s, e, p, by: lesions.take_lesions(s, p.draft, {}, by=by, **AS),
    ai_marks.take_marks: lambda s, e, p, by: ai_marks.take_marks(s, p.draft, e.model_id, {}, by=by, **AS),
    records.record: lambda s, e, p, by: records.record(
        s, p.draft, p.case_id, class_code="cap", source="PCR", by=by, **AS
    ),
    authors.may_author: lambda s, e, p, by: authors.may_author(s, p.draft, by),
    panel.panel_cases: lambda s, e, p, by: panel.panel_cases(s, p.draft, by=by),
    panel.votes_of: lambda s, e, p, by: panel.votes_of(s, p.draft, e.people[AUDITOR], by=by),
    panel.vote: lambda s, e, p, by: panel.vote(
        s, p.draft, p.case_id, class_code="cap", author_id=_seated(s, p, e.people[AUDITOR]), by=by, **AS
    ),
    panel.settle: lambda s, e, p, by: panel.settle(s, p.draft, by=by, **AS),
    panel.adjudicate: lambda s, e, p, by: panel.adjudicate(
        s, p.draft, p.case_number, class_code="cap", reason="two of three", by=by, **AS
    ),
    # its life
    preflight.preflight: lambda s, e, p, by: preflight.preflight(s, p.draft, volumes=None, by=by),
    preflight.storage_keys: lambda s, e, p, by: preflight.storage_keys(s, p.draft, by=by),
    life.check_study: lambda s, e, p, by: life.check_study(s, p.draft, volumes={}, by=by, **AS),
    life.open_study: lambda s, e, p, by: life.open_study(s, p.draft, volumes={}, seed=1, by=by, **AS),
    life.close_study: lambda s, e, p, by: life.close_study(s, p.draft, by=by, **AS),
    life.unblind: lambda s, e, p, by: life.unblind(s, p.draft, reason="all is read", by=by, **AS),
    clinical.notes: lambda s, e, p, by: clinical.notes(s, p.draft, by=by),
    clinical.take: lambda s, e, p, by: clinical.take(s, p.draft, [], by=by, **AS),
    clinical.undo: lambda s, e, p, by: clinical.undo(s, p.draft, by=by, **AS),
    orders.planned: lambda s, e, p, by: orders.planned(s, p.draft, by=by),
    orders.table: lambda s, e, p, by: orders.table(s, p.unblinded, by=by),
    resets.reset: lambda s, e, p, by: resets.reset(s, read_id=p.read_id, reason="screen failed", by=by, **AS),
    resets.reset_effect: lambda s, e, p, by: resets.reset_effect(s, p.read_id, by=by),
    deletion.deletion_effect: lambda s, e, p, by: deletion.deletion_effect(s, p.draft, by=by, **AS),
}
OWNS = {
    deletion.delete_study: lambda s, e, p, by: deletion.delete_study(s, p.draft, by=by, **AS),
    deletion.take_back: lambda s, e, p, by: deletion.take_back(s, p.draft, by=by, **AS),
    sharing.share: lambda s, e, p, by: sharing.share(s, p.draft, "auditor", role="observer", by=by, **AS),
    sharing.change: lambda s, e, p, by: sharing.change(s, p.draft, e.people[AUDITOR], role="observer", by=by, **AS),
    sharing.remove: lambda s, e, p, by: sharing.remove(s, p.draft, e.people[AUDITOR], by=by, **AS),
    sharing.transfer: lambda s, e, p, by: sharing.transfer(s, p.draft, e.people[AUDITOR], by=by, **AS),
}
LOOKS = {
    info.study: lambda s, e, p, by: info.study(s, p.draft, by=by),
    ais.of_study: lambda s, e, p, by: ais.of_study(s, p.draft, by=by),
    life.export_study: lambda s, e, p, by: life.export_study(s, p.draft, by=by),
    sharing.members: lambda s, e, p, by: sharing.members(s, p.draft, by=by),
}
SEES = {
    results.stamp: lambda s, e, p, by: results.stamp(s, study_id=p.unblinded, by=by),
    results.rows: lambda s, e, p, by: results.rows(s, study_id=p.unblinded, by=by),
    results.ai_runs: lambda s, e, p, by: results.ai_runs(s, study_id=p.unblinded, by=by),
    results.story: lambda s, e, p, by: results.story(s, study_id=p.unblinded, by=by),
    results.unsealed: lambda s, e, p, by: results.unsealed(s, p.unblinded, by),
    taken.results: lambda s, e, p, by: taken.results(s, p.unblinded, "csv", by=by, at=AT),
    review.case_review: lambda s, e, p, by: review.case_review(s, study_id=p.unblinded, case_number=p.reviewed, by=by),
    review.review_images: lambda s, e, p, by: review.review_images(
        s, study_id=p.unblinded, case_number=p.reviewed, by=by
    ),
    review.review_overlay: lambda s, e, p, by: review.review_overlay(
        s, study_id=p.unblinded, case_number=p.reviewed, by=by
    ),
}
CASES = {
    cases.by_number: lambda s, e, p, by: cases.by_number(s, p.case_number, by=by),
    cases.by_series: lambda s, e, p, by: cases.by_series(s, p.series_id, by=by),
    cases.set_tags: lambda s, e, p, by: cases.set_tags(s, p.case_id, ["thin"], by=by, **AS),
    library.add_tags: lambda s, e, p, by: library.add_tags(s, [p.case_id], ["thin"], by=by, **AS),
}
LISTS: dict[Any, Call] = {  # for everybody: what they return is tested apart
    info.every: lambda s, e, p, by: info.every(s, by=by),
    results.choices: lambda s, e, p, by: results.choices(s, by=by),
    deletion.deleted: lambda s, e, p, by: deletion.deleted(s, by=by),
    cases.every: lambda s, e, p, by: cases.every(s, by=by),
    library.shelf: lambda s, e, p, by: library.shelf(s, by=by),
    ai_models.pinned: lambda s, e, p, by: ai_models.pinned(s, by=by),
    register.add: lambda s, e, p, by: register.add(s, case_id=p.case_id, source="x", by=by, **AS),
    register.read: lambda s, e, p, by: register.read(s, by, by=by, **AS),
    register.allow: lambda s, e, p, by: register.allow(s, "auditor", by=by, **AS),
    register.disallow: lambda s, e, p, by: register.disallow(s, e.people[AUDITOR], by=by, **AS),
    register.destroy: lambda s, e, p, by: register.destroy(s, by=by, **AS),
    register.holding: lambda s, e, p, by: register.holding(s, by),
    register.readers: lambda s, e, p, by: register.readers(s, by),
    register.owners: lambda s, e, p, by: register.owners(s, by),
    members.seats: lambda s, e, p, by: members.seats(s, by),
    info.studies_for_reader: lambda s, e, p, by: info.studies_for_reader(s, by),
    work_list.progress: lambda s, e, p, by: work_list.progress(s, account_id=by, **AS),
    ai_reads.states: lambda s, e, p, by: ai_reads.states(s, [p.series_id], e.model_id, "paper", by=by),
    ai_models.check_removable: lambda s, e, p, by: ai_models.check_removable(s, e.model_id, by=by),
}
CREATE: dict[str, Any] = {"username": "new", "name": "New"}
TABLE: dict[Any, Verb] = {
    **{verb: Verb(call, study=MANAGE) for verb, call in MATTERS.items()},
    **{verb: Verb(call, study=OWN) for verb, call in OWNS.items()},
    **{verb: Verb(call, study=OVERVIEW) for verb, call in LOOKS.items()},
    **{verb: Verb(call, study=RESULTS) for verb, call in SEES.items()},
    **{verb: Verb(call, study=MANAGE) for verb, call in CASES.items()},
    **{verb: Verb(call, anywhere=EVERYBODY) for verb, call in LISTS.items()},
    quality.quality: Verb(lambda s, e, p, by: quality.quality(s, p.unblinded, by=by), study=MONITOR),
    letters.sent: Verb(
        lambda s, e, p, by: letters.sent(s, p.draft, kind="reminders", taken=1, refused=0, by=by, at=AT), study=MANAGE
    ),
    readers.expertise: Verb(lambda s, e, p, by: readers.expertise(s, p.draft, by=by), study=MANAGE),
    monitor.progress: Verb(lambda s, e, p, by: monitor.progress(s, p.unblinded, by=by, **AS), study=MONITOR),
    tokens.make: Verb(_token, anywhere=EVERYBODY),
    tokens.mine: Verb(lambda s, e, p, by: tokens.mine(s, by=by, at=AT), anywhere=EVERYBODY),
    tokens.revoke: Verb(
        lambda s, e, p, by: tokens.revoke(s, _token(s, e, p, by)[1].id, by=by, at=AT), anywhere=EVERYBODY
    ),
    system.state: Verb(lambda s, e, p, by: system.state(s, by=by, at=AT), anywhere=frozenset({ADMINISTRATOR})),
    system.note_retry: Verb(
        lambda s, e, p, by: system.note_retry(s, p.series_id, "m 1", by=by, at=AT), anywhere=frozenset({ADMINISTRATOR})
    ),
    taken.orders: Verb(lambda s, e, p, by: taken.orders(s, p.draft, by=by, at=AT), study=MANAGE),
    signatures.of_study: Verb(lambda s, e, p, by: signatures.of_study(s, p.draft, by=by), study=OVERVIEW),
    signatures.count_wrong: Verb(
        lambda s, e, p, by: signatures.count_wrong(s, by=by, password="x", at=AT), anywhere=EVERYBODY
    ),
    signatures.require: Verb(
        lambda s, e, p, by: signatures.require(
            s, s.get_one(Study, p.draft), signatures.Act.OPENING, password="", by=by, at=AT
        ),
        anywhere=frozenset(IN_INSTALLATION),  # asks nothing here; the verbs that call it ask for the right
    ),
    taken.trail: Verb(lambda s, e, p, by: taken.trail(s, "csv", by=by, at=AT), anywhere=AUDIT),
    taken.register: Verb(lambda s, e, p, by: taken.register(s, by=by, at=AT, entries=1), anywhere=EVERYBODY),
    monitor_cells.cells: Verb(lambda s, e, p, by: monitor_cells.cells(s, p.unblinded, by=by), study=MONITOR),
    monitor_cells.locked_reads: Verb(
        lambda s, e, p, by: monitor_cells.locked_reads(s, p.unblinded, reader_id=1, case_number=1, by=by), study=MANAGE
    ),
    pacs.add_server: Verb(lambda s, e, p, by: _server(s, by), anywhere=STAFF),
    pacs.servers: Verb(lambda s, e, p, by: pacs.servers(s, by=by), anywhere=STAFF),
    pacs.address: Verb(lambda s, e, p, by: pacs.address(s, _server(s, by), by=by), anywhere=STAFF),
    pacs.remove_server: Verb(lambda s, e, p, by: pacs.remove_server(s, _server(s, by), by=by, **AS), anywhere=STAFF),
    pacs.note_search: Verb(
        lambda s, e, p, by: pacs.note_search(s, _server(s, by), studies=1, by=by, **AS), anywhere=STAFF
    ),
    pacs.add_source: Verb(
        lambda s, e, p, by: pacs.add_source(s, p.case_id, pacs.Source(_server(s, by), "1", "2"), by=by, **AS), study=OWN
    ),
    pacs.sources: Verb(lambda s, e, p, by: pacs.sources(s, [p.case_id], by=by), anywhere=STAFF),
    pacs.note_sent: Verb(lambda s, e, p, by: pacs.note_sent(s, p.unblinded, 1, 1, by=by, **AS), study=RESULTS),
    pacs.forget_sources: Verb(lambda s, e, p, by: pacs.forget_sources(s, by=by), anywhere=EVERYBODY),
    audit.events: Verb(lambda s, e, p, by: audit.events(s, by=by), anywhere=AUDIT),
    audit.find: Verb(lambda s, e, p, by: audit.find(s, audit.Filter(), by=by), anywhere=AUDIT),
    audit.count: Verb(lambda s, e, p, by: audit.count(s, audit.Filter(), by=by), anywhere=AUDIT),
    audit.choices: Verb(lambda s, e, p, by: audit.choices(s, by=by), anywhere=AUDIT),
    web_sessions.end: Verb(
        lambda s, e, p, by: web_sessions.end(s, e.people[READER], "f" * 16, by=by, **AS), anywhere=THE_READER
    ),
    web_sessions.end_all: Verb(
        lambda s, e, p, by: web_sessions.end_all(s, e.people[READER], by=by, **AS), anywhere=THE_READER
    ),
    design.create_study: Verb(lambda s, e, p, by: design.create_study(s, title="New", by=by, **AS), anywhere=STAFF),
    life.import_study: Verb(lambda s, e, p, by: life.import_study(s, "{}", by=by, **AS), anywhere=STAFF),
    life.copy_study: Verb(
        lambda s, e, p, by: life.copy_study(s, p.draft, title="C", with_cases=True, by=by, **AS), study=OWN
    ),
    cases.set_withdrawn: Verb(
        lambda s, e, p, by: cases.set_withdrawn(s, p.case_id, withdrawn=True, by=by, **AS),
        anywhere=frozenset({ADMINISTRATOR}),  # its uploader is somebody else here
    ),
    cases.add: Verb(lambda s, e, p, by: _add_case(s, by), anywhere=STAFF),
    accounts.every: Verb(lambda s, e, p, by: accounts.every(s, by=by), anywhere=INVITE),
    accounts.by_id: Verb(lambda s, e, p, by: accounts.by_id(s, by, by=by), anywhere=INVITE),
    accounts.create: Verb(
        lambda s, e, p, by: accounts.create(s, **CREATE, role="administrator", by=by, **AS),
        anywhere=frozenset({ADMINISTRATOR}),
    ),
    links.password_link: Verb(
        lambda s, e, p, by: links.password_link(s, e.people[OWNER], by=by, **AS),
        anywhere=frozenset({ADMINISTRATOR}),
    ),
    accounts.set_disabled: Verb(
        lambda s, e, p, by: accounts.set_disabled(s, e.people[READER], disabled=True, by=by, **AS),
        anywhere=frozenset({ADMINISTRATOR}),
    ),
    deletion.remove_demo: Verb(
        lambda s, e, p, by: deletion.remove_demo(s, [], by=by, **AS), anywhere=frozenset({ADMINISTRATOR})
    ),
    ai_models.set_default: Verb(lambda s, e, p, by: ai_models.set_default(s, e.model_id, by=by, **AS), anywhere=STAFF),
    ai_models.undo_calls: Verb(lambda s, e, p, by: ai_models.undo_calls(s, e.model_id, by=by, **AS), anywhere=STAFF),
    ai_models.remove: Verb(lambda s, e, p, by: ai_models.remove(s, e.model_id, by=by, **AS), anywhere=STAFF),
    ai_models.register_model: Verb(lambda s, e, p, by: _model(s, by), anywhere=STAFF),
    ai_reads.store: Verb(
        lambda s, e, p, by: ai_reads.store(
            s, series_id=p.series_id, model_id=e.model_id, parameters_hash="h", scores=None, calls=[], by=by, **AS
        ),
        study=OWN,
    ),
    # reading: the account itself
    reads.next_read: Verb(
        lambda s, e, p, by: reads.next_read(s, account_id=by, study_id=_opened(s, p), **AS), study=READS
    ),
    access.case_access: Verb(
        lambda s, e, p, by: access.case_access(s, account_id=by, study_id=p.draft, case_number=p.case_number, **AS),
        study=MANAGE,
    ),
    preview.phase: Verb(lambda s, e, p, by: preview.phase(s, p.draft, 0, since=AT, at=AT, by=by), study=MANAGE),
    preview.check: Verb(lambda s, e, p, by: preview.check(s, p.draft, {}, complete=False, by=by, **AS), study=MANAGE),
    preview.volume: Verb(lambda s, e, p, by: preview.volume(s, p.draft, by=by, **AS), study=MANAGE),
    preview.overlay: Verb(lambda s, e, p, by: preview.overlay(s, p.draft, "heat", by=by, **AS), anywhere=frozenset()),
    panel.label: Verb(
        lambda s, e, p, by: panel.label(s, p.draft, p.case_number, class_code="cap", account_id=by, **AS),
        anywhere=frozenset(),
    ),
    panel.tasks: Verb(lambda s, e, p, by: panel.tasks(s, p.draft, by), anywhere=frozenset()),
    access.ai_overlay_access: Verb(
        lambda s, e, p, by: access.ai_overlay_access(s, account_id=by, token=p.token, **AS), anywhere=frozenset()
    ),
    reads.save_draft: Verb(
        lambda s, e, p, by: reads.save_draft(s, account_id=by, token=p.token, revision=0, tab="t", content={}, **AS),
        anywhere=frozenset(),
    ),
    reads.lock: Verb(
        lambda s, e, p, by: reads.lock(s, account_id=by, token=p.token, revision=0, tab="t", content={}, **AS),
        anywhere=frozenset(),
    ),
    informed.show_clinical: Verb(
        lambda s, e, p, by: informed.show_clinical(s, account_id=by, token=p.token, **AS), anywhere=frozenset()
    ),
    events.add_events: Verb(
        lambda s, e, p, by: events.add_events(s, account_id=by, token=p.token, tab="t", events=[], counters={}, **AS),
        anywhere=frozenset(),
    ),
}
