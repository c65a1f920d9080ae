"""The panels of studies of findings, which come before those that every study has."""

from core.results.across import findings, localisation
from core.results.panels.panel import Panel
from core.results.panels.registry import PANELS
from core.results.rows import StudyFacts

OF_FINDINGS: tuple[Panel, ...] = (findings.PANEL, localisation.PANEL)


def panels_of(study: StudyFacts) -> tuple[Panel, ...]:
    """Return the panels of a study in their order."""
    if not study.finding:
        return PANELS
    marked = any(finding.mark for finding in study.protocol.findings)
    return (*(OF_FINDINGS if marked else OF_FINDINGS[:1]), *PANELS)
