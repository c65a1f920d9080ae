"""The command that simulates studies: size, power, coverage of intervals, or one study as a file."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from core.cli.plan import Json
from core.cli.planning import numbers
from core.stats.choices import Covariance, Factor

Structure = Literal["HL", "LL", "HH", "LH"]
Method = Literal["or", "bdg"]


def simulate(
    areas: Annotated[
        str, typer.Option(help="Expected areas of the treatments; equal ones give the size.")
    ] = "0.855,0.855",
    readers: Annotated[int, typer.Option(help="Number of readers.")] = 5,
    positives: Annotated[int, typer.Option(help="Positive cases.")] = 50,
    negatives: Annotated[int, typer.Option(help="Negative cases.")] = 50,
    structure: Annotated[
        Structure, typer.Option(help="Correlation of data, variation of readers: high or low.")
    ] = "HL",
    levels: Annotated[int | None, typer.Option(help="Rating levels; continuous without it.")] = None,
    repeats: Annotated[int, typer.Option(help="Studies to simulate.")] = 500,
    figure: Annotated[
        str, typer.Option(help="auc, sensitivity, specificity, accuracy, or of marks: wafroc, afroc, hrauc ...")
    ] = "auc",
    threshold: Annotated[
        float | None, typer.Option(help="Positive at rating >= threshold; negatives centre at 0.", show_default=False)
    ] = None,
    method: Annotated[Method, typer.Option(help="or: Obuchowski-Rockette; bdg: U-statistics.")] = "or",
    blocks: Annotated[int, typer.Option(help="Split-plot: readers and cases split into so many blocks.")] = 1,
    margin: Annotated[
        float | None,
        typer.Option(help="Non-inferiority margin of the last treatment; one-sided at alpha / 2.", show_default=False),
    ] = None,
    found: Annotated[float, typer.Option(help="Marks: share of lesions that are seen.")] = 0.8,
    false_marks: Annotated[float, typer.Option(help="Marks: false marks a case, on average.")] = 1.0,
    covariance: Annotated[Covariance, typer.Option()] = "delong",
    readers_as: Annotated[Factor, typer.Option(help="Readers random or fixed.")] = "random",
    cases_as: Annotated[Factor, typer.Option(help="Cases random or fixed.")] = "random",
    alpha: Annotated[float, typer.Option(help="Level of the test.")] = 0.05,
    seed: Annotated[int, typer.Option(help="Seed; the same seed gives the same studies.")] = 1,
    csv: Annotated[Path | None, typer.Option(help="Write one simulated study here instead.")] = None,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="How often the intervals of proportions hold the truth, on a grid.")
    ] = False,
    draws: Annotated[int, typer.Option(help="With --coverage: studies a cell.")] = 2000,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="With --coverage: the table as it stands in the documentation.")
    ] = False,
    json: Json = False,
) -> None:
    """Size or power of a test on simulated studies (Roe & Metz 1997; marks by a search model), or one study as CSV."""
    from core.cli import show

    if coverage:
        _coverage(draws, seed, json=json, markdown=markdown)
        return
    from core.stats import power_by_simulation as planned
    from core.stats import roe_metz, simulation
    from core.stats.estimate import StatsError
    from core.stats.localisation.simulated import SearchModel

    plan = simulation.Plan(
        areas=numbers(areas, option="--areas"), readers=readers, positives=positives, negatives=negatives,
        variances=roe_metz.STRUCTURES[structure], levels=levels,
    )  # fmt: skip
    if csv is not None:
        text = simulation.study_csv(plan, seed=seed)
        try:
            csv.write_text(text, encoding="utf-8")
        except OSError:
            raise StatsError(f"--csv: {csv} cannot be written; check the folder.") from None
        typer.echo(show.as_json({"csv": str(csv), "seed": seed}) if json else f"Wrote one study to {csv}.")
        return
    test = planned.Test(figure.casefold(), threshold, method, covariance, readers_as, cases_as, margin, blocks)
    marks = SearchModel(plan.areas, found, false_marks, variances=plan.variances)
    rate = planned.simulated_power(plan, test, repeats=repeats, alpha=alpha, seed=seed, marks=marks)
    if json:
        head = {"areas": plan.areas, "structure": structure, "readers": readers, "figure": test.figure}
        typer.echo(show.as_json({**head, "method": method, "blocks": blocks, "margin": margin, "result": rate}))
        return
    name = "Size" if len(set(plan.areas)) == 1 and margin is None else "Power"
    typer.echo(
        f"{name} at alpha {alpha:g}: {show.figure(rate.rate.value)} ({show.figure(rate.rate.ci)}), "
        f"{repeats} studies, seed {seed}; {rate.failed} gave no p-value."
    )


def _coverage(draws: int, seed: int, *, json: bool, markdown: bool) -> None:
    """Print the coverage of intervals of proportions over readers; figures of flagged cells say so."""
    from core.cli import show
    from core.stats.coverage import coverage

    rows = tuple(coverage(draws=draws, seed=seed))
    if json:
        typer.echo(show.as_json({"draws": draws, "seed": seed, "cells": rows}))
        return
    typer.echo(f"Share of {draws} simulated studies whose 95 % interval holds the true proportion; * is flagged.")
    for what in dict.fromkeys(row.what for row in rows):
        own = [row for row in rows if row.what == what]
        shares = tuple(dict.fromkeys(row.p for row in own))
        cells = {(row.readers, row.cases, row.p): f"{row.coverage:.3f}{'*' if row.flag else ''}" for row in own}
        sizes = dict.fromkeys((row.readers, row.cases) for row in own)
        if markdown:
            head = ["readers", "cases", *map(str, shares)]
            lines = [[str(r), str(n), *(cells[r, n, p] for p in shares)] for r, n in sizes]
            rule = ["---"] * len(head)
            body = "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *lines))
            typer.echo(f"\n### {NAMES[what]}\n\n{body}")
            continue
        typer.echo(f"\n{NAMES[what]}")
        typer.echo(show.grid(("readers", "cases", *map(str, shares)), [(r, n, *(cells[r, n, p] for p in shares))
                                                                      for r, n in sizes]))  # fmt: skip


NAMES = {
    "fixed": "Mean of a group, these readers only",
    "random": "Mean of a group, readers as a sample of readers",
    "switches": "Share of switches of a group",
    "ai fixed": "AI minus a group, these readers only",
    "ai random": "AI minus a group, readers as a sample of readers",
}
