"""The tables. Only db/ sees these classes; verbs return frozen dataclasses."""

from db.models.accounts import Account, Link, SignInFailure, SignInTicket, WebSession
from db.models.ai import AiMarks, AiModel, AiRead, SliceScores, Worker
from db.models.audit import AuditEvent, ChainLink
from db.models.base import Base
from db.models.cases import Case, CaseUploader, Patient, Series
from db.models.clinical import ClinicalNoteRow
from db.models.pacs import PacsServer, PacsSource
from db.models.reads import Draft, Read, ReaderPlace, ReadEvent
from db.models.register import RegisterEntry, RegisterReader
from db.models.studies import (
    OrderEntry,
    PanelMember,
    Reader,
    ReaderGroup,
    ReadingOrder,
    Study,
    StudyCase,
    StudyClass,
    StudyMember,
    Truth,
    TruthVote,
)
from db.models.tokens import ApiToken

__all__ = [
    "Account",
    "AiMarks",
    "AiModel",
    "AiRead",
    "ApiToken",
    "AuditEvent",
    "Base",
    "Case",
    "CaseUploader",
    "ChainLink",
    "ClinicalNoteRow",
    "Draft",
    "Link",
    "OrderEntry",
    "PacsServer",
    "PacsSource",
    "PanelMember",
    "Patient",
    "Read",
    "ReadEvent",
    "Reader",
    "ReaderGroup",
    "ReaderPlace",
    "ReadingOrder",
    "RegisterEntry",
    "RegisterReader",
    "Series",
    "SignInFailure",
    "SignInTicket",
    "SliceScores",
    "Study",
    "StudyCase",
    "StudyClass",
    "StudyMember",
    "Truth",
    "TruthVote",
    "WebSession",
    "Worker",
]
