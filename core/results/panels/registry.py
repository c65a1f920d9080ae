"""The list of results panels. Pages, the report, the bench and the gap tests render from it and from nothing else."""

from core.results.panels import (
    agreement,
    bias,
    cases,
    characteristics,
    comparison,
    confusion,
    metrics,
    mrmc,
    next_study,
    ratings,
    roc,
    subgroups,
    times,
)
from core.results.panels.panel import Panel

PANELS: tuple[Panel, ...] = (
    comparison.PANEL,
    confusion.PANEL,
    metrics.PANEL,
    roc.PANEL,
    ratings.PANEL,
    mrmc.PANEL,
    agreement.PANEL,
    bias.PANEL,
    times.PANEL,
    subgroups.PANEL,
    characteristics.PANEL,
    cases.PANEL,
    next_study.PANEL,
)
