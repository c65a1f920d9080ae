"""The panels of studies of findings, which come before those that every study has."""

from core.results.across import findings, localisation
from core.results.panels.panel import Panel
from core.results.panels.registry import PANELS
from core.results.rows import StudyFacts
from core.study.protocol import Protocol

OF_FINDINGS: tuple[Panel, ...] = (findings.PANEL, localisation.PANEL)


def panels_of(study: StudyFacts) -> tuple[Panel, ...]:
    """Return the panels of a study in their order."""
    return (*(of_findings(study.protocol) if study.finding else ()), *PANELS)


def of_findings(protocol: Protocol) -> tuple[Panel, ...]:
    """Return the panels that a protocol has for its findings: none where it asks for one diagnosis."""
    marked = any(finding.mark for finding in protocol.findings)
    return OF_FINDINGS if marked else OF_FINDINGS[: bool(protocol.findings)]
