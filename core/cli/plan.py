"""Commands for planning: power, simulation, and the speed of the analyses."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli import planning as more
from core.cli.planning import numbers
from core.stats.choices import Factor, Metric

if TYPE_CHECKING:
    from core.stats.power import PowerInputs

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]


def power(
    effect: Annotated[float, typer.Option(help="Difference to find, in units of the figure of merit.")],
    readers: Annotated[str, typer.Option(help="Numbers of readers to plan for, such as 4,6,10.")] = "4,6,8,10",
    cases: Annotated[int | None, typer.Option(help="Cases in all; without it only the cases needed are shown.")] = None,
    pilot: Annotated[Path | None, typer.Option(help="CSV of pilot reads, as for mrmc or standalone.")] = None,
    cluster: Annotated[str | None, typer.Option(help="Column of the clusters of the pilot, such as patient.")] = None,
    standalone: Annotated[bool, typer.Option(help="Plan one AI against readers, not two treatments.")] = False,
    metric: Annotated[Metric, typer.Option(help="Figure of merit of the pilot.")] = "auc",
    threshold: Annotated[float | None, typer.Option(help="Positive at rating >= threshold, in the pilot.")] = None,
    var_tr: Annotated[float, typer.Option(help="Component treatment x reader.")] = 0.0,
    var: Annotated[float, typer.Option(help="Error variance over cases.")] = 0.0,
    cov1: Annotated[float, typer.Option(help="Same reader, other treatment.")] = 0.0,
    cov2: Annotated[float, typer.Option(help="Same treatment, other reader.")] = 0.0,
    cov3: Annotated[float, typer.Option(help="Both differ.")] = 0.0,
    cases_star: Annotated[int, typer.Option(help="Cases the components were estimated on.")] = 0,
    target: Annotated[float, typer.Option(help="Power wanted.")] = 0.8,
    alpha: Annotated[float, typer.Option(help="Two-sided level of all tests together.")] = 0.05,
    tests: Annotated[int, typer.Option(help="Number of tests planned; alpha is divided by it.")] = 1,
    readers_as: Annotated[Factor, typer.Option(help="Readers random or fixed.")] = "random",
    cases_as: Annotated[Factor, typer.Option(help="Cases random or fixed.")] = "random",
    margin: Annotated[
        float | None,
        typer.Option(
            help="Non-inferiority margin; --effect is then the true difference, such as 0.", show_default=False
        ),
    ] = None,
    blocks: Annotated[int, typer.Option(help="Split-plot: readers and cases split into so many blocks.")] = 1,
    published: Annotated[
        Path | None,
        typer.Option(help="CSV reader,treatment,estimate of a published study instead of a pilot.", show_default=False),
    ] = None,
    interval: Annotated[
        str | None,
        typer.Option(
            help="Or LOW,HIGH: a published interval of a difference, with its --pilot-readers and cases.",
            show_default=False,
        ),
    ] = None,
    pilot_readers: Annotated[int, typer.Option(help="Readers of the published interval.")] = 0,
    pilot_df: Annotated[
        float | None, typer.Option(help="Its degrees of freedom, if printed.", show_default=False)
    ] = None,
    positives: Annotated[int, typer.Option(help="Positive cases of the published study.")] = 0,
    negatives: Annotated[int, typer.Option(help="Negative cases of the published study.")] = 0,
    correlations: Annotated[
        str, typer.Option(help="With --published: of errors, same reader, same treatment, both different.")
    ] = "0.47,0.3,0.25",
    json: Json = False,
) -> None:
    """Power, and the cases needed, from variance components or pilot reads (Hillis, Obuchowski & Berbaum 2011)."""
    from core.cli import show
    from core.stats import power as planning
    from core.stats.estimate import StatsError

    if sum(source is not None for source in (pilot, published, interval)) > 1:
        raise StatsError("Give one source of the components: --pilot, --published or --interval.")
    if published is not None:
        inputs = more.published_inputs(published, positives, negatives, metric, correlations)
    elif interval is not None:
        inputs = more.interval_inputs(interval, pilot_readers, cases_star or positives + negatives, pilot_df)
    elif pilot is not None:
        inputs = _pilot(pilot, standalone=standalone, metric=metric, threshold=threshold, cluster=cluster)
    else:
        inputs = planning.PowerInputs(cases_star, var_tr, var, cov1, cov2, cov3, standalone)
    given = numbers(readers, option="--readers")
    if any(n != int(n) or n < 1 for n in given):
        raise StatsError(f"--readers: give whole numbers of 1 or more, such as 4,6,10; not '{readers}'.")
    counts = [int(n) for n in given]
    if margin is not None or blocks != 1:
        if cases_as == "fixed" or tests != 1:
            raise StatsError("--margin and --blocks plan one test with random cases; divide --alpha yourself.")
        more.show_planned(inputs, effect, margin, counts, cases, blocks, target, alpha, readers_as, json=json)
        return
    rows = planning.plan(
        inputs, effect=effect, readers=counts, cases=cases, target=target, alpha=alpha, tests=tests,
        readers_as=readers_as, cases_as=cases_as,
    )  # fmt: skip
    if json:
        head = {"effect": effect, "alpha": alpha, "tests": tests, "target": target, "inputs": inputs}
        typer.echo(show.as_json({**head, "readers_as": readers_as, "cases_as": cases_as, "plans": rows}))
        return
    what = "one AI against readers" if inputs.standalone else "two treatments"
    typer.echo(
        f"Difference {effect:g} of {what}, two-sided alpha {alpha:g}"
        + (f" / {tests} tests" if tests > 1 else "")
        + "; "
        f"readers {readers_as}, cases {cases_as}; components from {inputs.cases_star} cases."
    )
    header = ("readers", "cases", "power", f"cases for {target:g}", "note")
    typer.echo(show.grid(header, [(r.readers, r.cases, r.power, r.cases_needed, r.reason or "") for r in rows]))


def _pilot(
    path: Path, *, standalone: bool, metric: Metric, threshold: float | None, cluster: str | None
) -> "PowerInputs":
    from core.stats import mrmc, power, table
    from core.stats import standalone as alone

    data = table.readings(table.read_rows(path, needed=table.RATING_COLUMNS), cluster=cluster)
    n = len(data.cases)
    if standalone:
        ai, readers, _ = table.split_ai(data)
        found = alone.standalone(ai, readers, data.truth, metric=metric, threshold=threshold,
                                 clusters=data.cluster_codes())  # fmt: skip
        return power.inputs_of(found, cases=n)
    pilot = mrmc.mrmc(data.values, data.truth, metric=metric, threshold=threshold, clusters=data.cluster_codes())
    return power.inputs_of(pilot, cases=n)


def validate_stats(
    folder: Annotated[Path, typer.Argument(help="CSV files, and in 'reference' the answers of the programs.")] = Path(
        "tests/golden/stats"
    ),
    json: Json = False,
) -> None:
    """Compare with every reference answer of public programs: data set, program, worst relative difference."""
    from core.cli import show
    from core.stats.validation import BOUND, validate

    rows = validate(folder)
    failed = sum(not row.passed for row in rows)
    if json:
        typer.echo(show.as_json({"bound": BOUND, "failed": failed, "rows": rows}))
    else:
        header = ("data", "program", "analysis", "figures", "worst", "in")
        lines = [(r.data, r.program, r.analysis, r.figures, f"{r.worst:.1e}", r.figure) for r in rows]
        typer.echo(show.grid(header, lines))
        typer.echo(f"\n{sum(r.figures for r in rows)} figures, {failed} of {len(rows)} analyses beyond {BOUND:g}.")
    if failed:
        raise typer.Exit(1)


def bench_stats(
    csv: Annotated[Path | None, typer.Option(help="Time this CSV instead of a simulated 2 x 20 x 1000 study.")] = None,
    large: Annotated[bool, typer.Option(help="Also 100 readers x 10,000 cases x 2 arms.")] = True,
    json: Json = False,
) -> None:
    """Seconds of the MRMC analyses on 2 treatments x 20 readers x 1,000 cases, and of one large study."""
    from core.cli import show
    from core.stats import simulation

    rows = simulation.benchmark(csv, large=large)
    if json:
        typer.echo(show.as_json({"runs": rows}))
        return
    header = ("study", "covariance", "best seconds", "processor seconds", "first seconds", "peak memory, MB")
    typer.echo(show.grid(header, [(r.study, r.covariance, r.best_s, r.cpu_s, r.first_s, r.peak_mb) for r in rows]))
