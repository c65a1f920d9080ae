"""Commands of this part of the command line."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from core.cli import plan as plan_commands
from core.cli import planning, simulate
from core.stats.choices import Covariance, Factor, Metric

if TYPE_CHECKING:
    from core.stats.clustered import ClusterBootstrap
    from core.stats.estimate import Ints
    from core.stats.table import Readings

Method = Literal["or", "bdg"]
Estimator = Literal["ustat", "mle", "centred"]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
Cluster = Annotated[
    str | None, typer.Option(help="Column of what several cases belong to, such as patient.", show_default=False)
]
Bootstrap = Annotated[int, typer.Option(help="With --cluster: resamples of a bootstrap; 0 for none.")]
Seed = Annotated[int, typer.Option(help="Seed of the bootstrap.")]
Threshold = Annotated[float | None, typer.Option(help="A case is called positive at rating >= threshold.")]


def _print(text: str, notes: tuple[str, ...]) -> None:
    for note in notes:
        typer.echo(note, err=True)
    typer.echo(text)


def mrmc(
    table: Annotated[Path, typer.Argument(metavar="CSV", help="Columns reader,treatment,case,truth,rating.")],
    metric: Annotated[Metric, typer.Option()] = "auc",
    threshold: Threshold = None,
    covariance: Annotated[Covariance, typer.Option()] = "jackknife",
    readers: Annotated[Factor, typer.Option()] = "random",
    cases: Annotated[Factor, typer.Option()] = "random",
    method: Annotated[
        Method,
        typer.Option(help="or: Obuchowski-Rockette; bdg: U-statistics, any design."),
    ] = "or",
    estimator: Annotated[Estimator, typer.Option(help="Moments of bdg.")] = "ustat",
    cluster: Cluster = None,
    bootstrap: Bootstrap = 0,
    seed: Seed = 1,
    json: Json = False,
) -> None:
    """Compare treatments read by several readers (Obuchowski-Rockette, or BDG for any design)."""
    from core.cli import show
    from core.stats import mrmc as analysis
    from core.stats import table as tables

    data = tables.readings(tables.read_rows(table, needed=tables.RATING_COLUMNS), cluster=cluster)
    if method == "bdg":
        _bdg(data, estimator, plain=(metric, readers, cases, cluster, bootstrap), json=json)
        return
    clusters = data.cluster_codes()
    beside = clustered_bootstrap(data, clusters, metric, threshold, repeats=bootstrap, seed=seed)
    found = analysis.mrmc(
        data.values,
        data.truth,
        metric=metric,
        covariance=covariance,
        readers=readers,
        cases=cases,
        threshold=threshold,
        treatment_names=data.treatments,
        reader_names=data.readers,
        clusters=clusters,
    )
    shown = show.mrmc_json(found)
    if cluster is not None:
        shown["clusters"] = {"column": cluster, "n": len(set(data.clusters or ())), "bootstrap": beside}
    text = show.mrmc_text(found) + (f"\n\n{show.bootstrap_text(beside)}" if beside else "")
    _print(show.as_json(shown) if json else text, found.notes)


def _bdg(
    data: "Readings", estimator: Estimator, *, plain: tuple[str, Factor, Factor, str | None, int], json: bool
) -> None:
    from core.cli import show
    from core.stats.bdg import bdg
    from core.stats.estimate import StatsError

    metric, readers, cases, cluster, _ = plain
    for wrong, why in (
        (metric != "auc", f"bdg compares areas under the curve, not {metric}; use --method or."),
        ("fixed" in (readers, cases), "bdg takes readers and cases as random; use --method or for fixed ones."),
        (cluster is not None, "bdg has no variance for clustered cases; use --method or with --cluster."),
    ):
        if wrong:
            raise StatsError(f"--method: {why}")
    found = bdg(data.values, data.truth, estimator=estimator, treatment_names=data.treatments,
                reader_names=data.readers)  # fmt: skip
    _print(show.as_json(show.bdg_json(found)) if json else show.bdg_text(found), found.notes)


def clustered_bootstrap(
    data: "Readings", clusters: "Ints | None", metric: Metric, threshold: float | None, *, repeats: int, seed: int
) -> "tuple[ClusterBootstrap, ...]":
    """Bootstrap of clusters of the differences of treatments, mean over readers; none without repeats."""
    from core.stats.bootstrap import check_bootstrap
    from core.stats.clustered import treatment_bootstrap
    from core.stats.estimate import StatsError

    check_bootstrap(repeats, seed)
    if not repeats:
        return ()
    if clusters is None:
        raise StatsError("--bootstrap: name the column of the clusters with --cluster.")
    return treatment_bootstrap(data.values, data.truth, clusters, metric=metric, threshold=threshold,
                               names=data.treatments, repeats=repeats, seed=seed)  # fmt: skip


def standalone(
    table: Annotated[Path, typer.Argument(metavar="CSV", help="Columns as for mrmc; the reader named AI is the AI.")],
    metric: Annotated[Metric, typer.Option()] = "auc",
    threshold: Threshold = None,
    covariance: Annotated[
        Covariance | None, typer.Option(help="jackknife; delong for the area of one reader.", show_default=False)
    ] = None,
    readers: Annotated[
        Factor | None, typer.Option(help="random from three readers on, else fixed.", show_default=False)
    ] = None,
    margin: Annotated[float | None, typer.Option(help="Non-inferiority margin, in units of the metric.")] = None,
    cluster: Cluster = None,
    bootstrap: Bootstrap = 0,
    seed: Seed = 1,
    json: Json = False,
) -> None:
    """Compare one AI with the readers of the same cases."""
    from core.cli import show
    from core.stats import standalone as analysis
    from core.stats import table as tables
    from core.stats.bootstrap import check_bootstrap
    from core.stats.clustered import ai_bootstrap
    from core.stats.estimate import StatsError

    check_bootstrap(bootstrap, seed)
    if bootstrap and cluster is None:
        raise StatsError("--bootstrap: name the column of the clusters with --cluster.")

    data = tables.readings(tables.read_rows(table, needed=tables.RATING_COLUMNS), cluster=cluster)
    ai, others, names = tables.split_ai(data)
    clusters = data.cluster_codes()
    found = analysis.standalone(
        ai,
        others,
        data.truth,
        metric=metric,
        covariance=covariance,
        readers_as=readers,
        threshold=threshold,
        margin=margin,
        reader_names=names,
        clusters=clusters,
    )
    beside = () if clusters is None or not bootstrap else ai_bootstrap(
        ai, others, data.truth, clusters, metric=metric, threshold=threshold, repeats=bootstrap, seed=seed
    )  # fmt: skip
    how = covariance or ("delong" if len(names) == 1 and metric == "auc" else "jackknife")
    shown = show.standalone_whole(
        found, names=names, metric=metric, covariance="clustered" if cluster else how, truth=data.truth
    )
    if cluster is not None:
        shown["clusters"] = {"column": cluster, "n": len(set(data.clusters or ())), "bootstrap": beside}
    text = show.standalone_text(found, names, metric) + (f"\n\n{show.bootstrap_text(beside)}" if beside else "")
    _print(show.as_json(shown) if json else text, found.notes)


def analyse(
    table: Annotated[Path, typer.Argument(metavar="CSV", help="Columns reader,group,case,truth,prediction and more.")],
    readers: Annotated[
        Factor | None, typer.Option(help="random from three readers on, else fixed.", show_default=False)
    ] = None,
    margin: Annotated[
        float | None, typer.Option(help="Non-inferiority margin of the AI, in units of each figure.")
    ] = None,
    ordered: Annotated[bool, typer.Option("--ordered", help="The classes have an order: weighted kappas too.")] = False,
    bootstrap: Annotated[int, typer.Option(help="Resamples of a secondary two-way bootstrap; 0 for none.")] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 1,
    shortest: Annotated[float, typer.Option(help="Seconds below which a read is called too fast.")] = 5.0,
    ai_failures: Annotated[
        Literal["common", "worst", "as-is"],
        typer.Option(help="Areas where the AI failed: common cases, worst rank, or as they are."),
    ] = "common",
    cluster: Cluster = None,
    models: Annotated[
        bool, typer.Option("--models", help="Checks beside: mixed model of log times, GEE of sensitivity and the like.")
    ] = False,
    json: Json = False,
) -> None:
    """Everything that applies to a table of reads, such as a study's long export.

    Optional columns: prob_CLASS, rating_CLASS, seconds, position, arm, session, attempt, practice. A prediction may be
    indeterminate, failure or empty (not read).
    """
    from core.cli import show, show_analysis
    from core.stats import analyse as analysis
    from core.stats import reads

    options = analysis.Options(
        readers_as=readers,
        margin=margin,
        ordered=ordered,
        bootstrap=bootstrap,
        seed=seed,
        shortest=shortest,
        ai_failures=ai_failures,
        models=models,
    )
    data = reads.read_table(table, cluster=cluster)
    found = analysis.analyse(data, options=options)
    if json:
        typer.echo(show.as_json(found.to_dict()))
    else:
        typer.echo(show_analysis.analysis_text(found))


def register(app: typer.Typer, bench: typer.Typer) -> None:
    """Add this part's commands to the command line."""
    for name, command in (
        ("mrmc", mrmc),
        ("standalone", standalone),
        ("analyse", analyse),
        ("power", plan_commands.power),
        ("power-binary", planning.power_binary),
        ("simulate", simulate.simulate),
        ("validate-stats", plan_commands.validate_stats),
    ):
        app.command(name)(command)
    bench.command("stats")(plan_commands.bench_stats)
