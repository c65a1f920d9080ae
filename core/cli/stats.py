"""Commands of this part of the command line."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from core.cli import plan as plan_commands

Metric = Literal["auc", "sensitivity", "specificity", "accuracy"]
Covariance = Literal["delong", "jackknife", "unbiased"]
Factor = Literal["random", "fixed"]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
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
    json: Json = False,
) -> None:
    """Compare treatments read by several readers (Obuchowski-Rockette)."""
    from core.cli import show
    from core.stats import mrmc as analysis
    from core.stats import table as tables

    data = tables.readings(tables.read_rows(table, needed=tables.RATING_COLUMNS))
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
    )
    _print(show.as_json(show.mrmc_json(found)) if json else show.mrmc_text(found), found.notes)


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
    json: Json = False,
) -> None:
    """Compare one AI with the readers of the same cases."""
    from core.cli import show
    from core.stats import standalone as analysis
    from core.stats import table as tables

    data = tables.readings(tables.read_rows(table, needed=tables.RATING_COLUMNS))
    ai, others, names = tables.split_ai(data)
    found = analysis.standalone(
        ai,
        others,
        data.truth,
        metric=metric,
        covariance=covariance,
        readers_as=readers,
        threshold=threshold,
        margin=margin,
    )
    _print(
        show.as_json(show.standalone_json(found)) if json else show.standalone_text(found, names, metric), found.notes
    )


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
        readers_as=readers, margin=margin, ordered=ordered, bootstrap=bootstrap, seed=seed, shortest=shortest
    )
    data = reads.read_table(table)
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
        ("simulate", plan_commands.simulate),
    ):
        app.command(name)(command)
    bench.command("stats")(plan_commands.bench_stats)
