"""What happened in a study beside its reads, for the report: the flow of cases and reads, and departures from plan."""

from dataclasses import dataclass
from datetime import datetime

from core.stats.confusion import Codes


@dataclass(frozen=True, slots=True)
class Flow:
    """Counts from the study's cases to the reads that are analysed."""

    cases: int
    practice_cases: int
    without_truth: int
    planned_reads: int
    locked_reads: int
    practice_reads: int
    superseded_reads: int
    open_reads: int
    ai_reads: int
    ai_failures: int


@dataclass(frozen=True, slots=True)
class Deviation:
    """Something that departed from the plan: when, what, and why if a reason was given."""

    at: datetime | None
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Story:
    """Flow, deviations in order of time, the seeds of the reading orders, and the steps of the study's life."""

    flow: Flow
    deviations: tuple[Deviation, ...]
    order_seeds: tuple[tuple[str, int, int], ...]  # reader, session, seed
    steps: tuple[tuple[datetime, str], ...]


@dataclass(frozen=True, slots=True)
class AiRun:
    """One model version under one rule and parameters. calls, truth: int64 (n,), codes as core.stats.confusion has."""

    name: str
    rule: str
    parameters: str
    of_study: bool
    labels: tuple[str, ...]
    calls: Codes
    truth: Codes
