"""Planning of non-inferiority, split-plot and binary outcomes, and components of published studies."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.stats.choices import Factor, Metric

if TYPE_CHECKING:
    from core.stats.components import Correlations
    from core.stats.planning import Planned
    from core.stats.power import PowerInputs


def numbers(text: str, *, option: str) -> tuple[float, ...]:
    """Numbers separated by commas; StatsError naming the option."""
    from core.stats.estimate import StatsError

    try:
        found = tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        found = ()
    if not found or not all(map(math.isfinite, found)):
        raise StatsError(f"{option}: give numbers separated by commas, such as 4,6,10; not '{text}'.")
    return found


def three(text: str, *, option: str) -> "Correlations":
    """Three numbers of an option."""
    from core.stats.estimate import StatsError

    found = numbers(text, option=option)
    if len(found) != 3:
        raise StatsError(f"{option}: give three numbers, such as 0.47,0.3,0.25; not '{text}'.")
    return found[0], found[1], found[2]


def two(text: str, *, option: str) -> tuple[float, float]:
    """Two numbers of an option."""
    from core.stats.estimate import StatsError

    found = numbers(text, option=option)
    if len(found) != 2:
        raise StatsError(f"{option}: give two numbers separated by a comma; not '{text}'.")
    return found[0], found[1]


def published_inputs(path: Path, positives: int, negatives: int, metric: Metric, correlations: str) -> "PowerInputs":
    """Components from a CSV of published figures, one row a reader and treatment."""
    import numpy as np

    from core.stats.columns import natural, numbers_of, places, read_rows, refuse_twice, require
    from core.stats.components import published
    from core.stats.estimate import StatsError

    rows = read_rows(path, needed=("reader", "treatment", "estimate"))
    require(rows, ("reader", "treatment"))
    axes = tuple(natural(rows[name].present()) for name in ("treatment", "reader"))
    flat = np.ravel_multi_index(
        tuple(places(rows[name], axis) for name, axis in zip(("treatment", "reader"), axes, strict=True)),
        (len(axes[0]), len(axes[1])),
    )
    refuse_twice(flat, rows.lines, "reader and treatment")
    theta = np.full((len(axes[0]), len(axes[1])), np.nan)
    theta.flat[flat] = numbers_of(rows, "estimate", blank=False, remedy="write the published figure, 0 to 1")
    if np.isnan(theta).any():
        raise StatsError("--published: give every reader's figure in every treatment.")
    return published(theta, positives=positives, negatives=negatives, metric=metric,
                     correlations=three(correlations, option="--correlations"))  # fmt: skip


def interval_inputs(text: str, readers: int, cases: int, df: float | None) -> "PowerInputs":
    """Components that give a published interval."""
    from core.stats.components import of_interval

    return of_interval(two(text, option="--interval"), readers=readers, cases=cases, df=df)


def show_planned(
    inputs: "PowerInputs", effect: float, margin: float | None, readers: list[int], cases: int | None, blocks: int,
    target: float, alpha: float, readers_as: Factor, *, json: bool,
) -> None:  # fmt: skip
    """Print power and cases needed of a non-inferiority or split-plot plan."""
    from core.cli import show
    from core.stats.planning import cases_for_power, power_of

    found = []
    for r in readers:
        now = cases and power_of(inputs, effect=effect, margin=margin, readers=r, cases=cases, blocks=blocks,
                                 alpha=alpha, readers_as=readers_as)  # fmt: skip
        then = cases_for_power(inputs, effect=effect, margin=margin, readers=r, blocks=blocks, target=target,
                               alpha=alpha, readers_as=readers_as)  # fmt: skip
        found.append((r, now or None, then))
    if json:
        head = {"effect": effect, "margin": margin, "blocks": blocks, "alpha": alpha, "target": target}
        rows = [{"readers": r, "now": now, "cases_needed": then and then.cases, "then": then} for r, now, then in found]
        typer.echo(show.as_json({**head, "readers_as": readers_as, "inputs": inputs, "plans": rows}))
        return
    what = f"Difference {effect:g}, two-sided alpha {alpha:g}"
    if margin is not None:
        what = f"Not worse by {margin:g}, true difference {effect:g}, one-sided alpha {alpha / 2:g}"
    typer.echo(f"{what}; readers {readers_as}, cases random, {blocks} block{'s' * (blocks > 1)}.")
    lines = [
        (r, cases, now and now.power, then.cases if then else None, then.reads if then else None,
         "" if then else "not reached with 100000 cases; plan more readers")
        for r, now, then in found
    ]  # fmt: skip
    typer.echo(show.grid(("readers", "cases", "power", f"cases for {target:g}", "reads a reader", "note"), lines))


def power_binary(
    readers: Annotated[int, typer.Option(help="Readers; 1 plans the exact McNemar test with --discordant.")] = 6,
    positives: Annotated[int, typer.Option(help="Positive cases.")] = 100,
    negatives: Annotated[int, typer.Option(help="Negative cases.")] = 100,
    sensitivity: Annotated[
        str | None, typer.Option(help="Expected OLD,NEW sensitivity, such as 0.80,0.86.", show_default=False)
    ] = None,
    specificity: Annotated[
        str | None, typer.Option(help="Expected OLD,NEW specificity, such as 0.85,0.85.", show_default=False)
    ] = None,
    sensitivity_margin: Annotated[
        float | None, typer.Option(help="Non-inferiority margin; without it: a difference.", show_default=False)
    ] = None,
    specificity_margin: Annotated[
        float | None, typer.Option(help="The same of specificity.", show_default=False)
    ] = None,
    correlations: Annotated[
        str, typer.Option(help="Of errors: same reader, same treatment, both different.")
    ] = "0.47,0.3,0.25",
    reader_sd: Annotated[float, typer.Option(help="Spread over readers of the true difference.")] = 0.05,
    discordant: Annotated[
        str | None,
        typer.Option(help="One reader: shares right in the NEW only and in the OLD only.", show_default=False),
    ] = None,
    goal: Annotated[
        str | None, typer.Option(help="An AI alone: EXPECTED,GOAL proportion over --positives.", show_default=False)
    ] = None,
    alpha: Annotated[float, typer.Option(help="Two-sided level; one-sided tests use half.")] = 0.05,
    readers_as: Annotated[Factor, typer.Option(help="Readers random or fixed.")] = "random",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """Power for sensitivity, specificity, or both as co-primary endpoints; one reader, or an AI against a goal."""
    from core.cli import show
    from core.stats.components import of_proportions
    from core.stats.estimate import StatsError
    from core.stats.exact_planning import goal_power, mcnemar_power
    from core.stats.planning import co_primary, power_of

    exact: list[tuple[str, int, float]] = []
    if discordant is not None:
        shares = two(discordant, option="--discordant")
        exact.append(("McNemar, exact", positives, mcnemar_power(*shares, cases=positives, alpha=alpha)))
    if goal is not None:
        expected, least = two(goal, option="--goal")
        value = goal_power(expected, least, cases=positives, alpha=alpha / 2)
        exact.append((f"above {least:g}, exact one-sided", positives, value))
    endpoints: list[tuple[str, Planned]] = []
    share = three(correlations, option="--correlations")
    for name, text, margin, n in (("sensitivity", sensitivity, sensitivity_margin, positives),
                                  ("specificity", specificity, specificity_margin, negatives)):  # fmt: skip
        if text is None:
            if margin is not None:
                raise StatsError(f"--{name}-margin needs --{name} OLD,NEW too.")
            continue
        old, new = two(text, option=f"--{name}")
        inputs = of_proportions(old, new, cases=n, correlations=share, reader_sd=reader_sd)
        one = power_of(inputs, effect=new - old, margin=margin, readers=readers, cases=n, alpha=alpha,
                       readers_as=readers_as)  # fmt: skip
        endpoints.append((name, one))
    if not endpoints and not exact:
        raise StatsError("Give --sensitivity OLD,NEW or --specificity OLD,NEW or both, --discordant, or --goal.")
    both = co_primary(tuple(endpoints)) if endpoints else None
    if json:
        plans = [{"endpoint": name, "plan": endpoint} for name, endpoint in endpoints]
        tests = [{"test": name, "cases": n, "power": value} for name, n, value in exact]
        whole = both and {"independent": both.independent, "at_least": both.at_least}
        typer.echo(show.as_json({"endpoints": plans, "co_primary": whole, "exact": tests, "alpha": alpha}))
        return
    header = ("endpoint", "difference", "margin", "readers", "cases", "power")
    rows = [(name, p.effect, p.margin, p.readers, p.cases, p.power) for name, p in endpoints]
    typer.echo(show.grid(header, rows + [(name, None, None, 1, n, value) for name, n, value in exact]))
    if both and len(endpoints) > 1:
        typer.echo(
            f"Both succeed, each at the full alpha {alpha:g}: {both.independent:.3f} if independent, at least "
            f"{both.at_least:.3f}."
        )
