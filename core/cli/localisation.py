"""Commands for marks on images: scoring them, FROC and LROC figures of merit."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.stats.choices import Factor

if TYPE_CHECKING:
    from core.stats.clustered import ClusterBootstrap
    from core.stats.localisation.figures import Figure
    from core.stats.localisation.marks import Marks

MarksFile = Annotated[
    Path, typer.Argument(metavar="CSV", help="Columns reader,treatment,case,kind,lesion,rating; one row a mark.")
]
TruthFile = Annotated[
    Path | None, typer.Option("--truth", help="CSV with the columns case,truth,lesion,weight.", show_default=False)
]
Readers = Annotated[
    Factor | None, typer.Option(help="random, but fixed for one reader (--ai: below three).", show_default=False)
]
Cases = Annotated[Factor, typer.Option(help="Cases as random or fixed.")]
Ai = Annotated[
    str | None, typer.Option("--ai", help="Compare the reader of this name with the others.", show_default=False)
]
Margin = Annotated[
    float | None, typer.Option(help="With --ai: non-inferiority margin, in units of the figure.", show_default=False)
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster", help="Column of what several cases belong to, such as patient; left out whole.", show_default=False
    ),
]
Bootstrap = Annotated[int, typer.Option(help="Resamples of a bootstrap of cases, or of the clusters; 0 for none.")]
Seed = Annotated[int, typer.Option(help="Seed of the bootstrap.")]
Floor = Annotated[bool, typer.Option("--floor", help="Set a negative Cov2 - Cov3 to 0, as RJafroc does.")]
CurveName = Annotated[
    str | None,
    typer.Option("--curve", help="Also print a curve: froc, afroc, wafroc, roc or lroc.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]


def froc(
    marks: MarksFile,
    truth: TruthFile = None,
    fom: Annotated[
        str,
        typer.Option(
            help="wafroc, afroc, wafroc1, afroc1, hrauc, hrse, hrsp, maxllf, maxnlf or maxnlfallcases; without a test "
            "songa1, songa2 or froc."
        ),
    ] = "wafroc",
    readers: Readers = None,
    cases: Cases = "random",
    ai: Ai = None,
    margin: Margin = None,
    cluster: Cluster = None,
    bootstrap: Bootstrap = 0,
    seed: Seed = 1,
    floor: Floor = False,
    curve: CurveName = None,
    json: Json = False,
) -> None:
    """Compare treatments, or an AI with readers, by marks on images: any number of marks and lesions a case."""
    from core.stats.estimate import StatsError
    from core.stats.localisation.figures import FIGURES
    from core.stats.localisation.lroc import LROC_FIGURES

    name = fom.strip().casefold()
    if name.partition("_")[0] in LROC_FIGURES:
        raise StatsError(f"{fom} is a figure of LROC marks, one mark a case; use the command lroc.")
    if name not in FIGURES:
        raise StatsError(f"There is no figure '{fom}'; choose one of {', '.join(FIGURES)}.")
    data = _read(marks, truth, ai=ai, forced=False, cluster=cluster)
    beside = _bootstrap(data, FIGURES[name], ai, cluster, repeats=bootstrap, seed=seed)
    _run(data, FIGURES[name], readers, cases, ai, margin, beside, floor=floor, curve=curve, json=json)


def lroc(
    marks: MarksFile,
    truth: TruthFile = None,
    fom: Annotated[str, typer.Option(help="alroc, pcl or wilcoxon.")] = "alroc",
    at: Annotated[float, typer.Option(help="False-positive fraction up to which (alroc) or at which (pcl).")] = 0.2,
    readers: Readers = None,
    cases: Cases = "random",
    ai: Ai = None,
    margin: Margin = None,
    cluster: Cluster = None,
    bootstrap: Bootstrap = 0,
    seed: Seed = 1,
    floor: Floor = False,
    curve: CurveName = None,
    json: Json = False,
) -> None:
    """Compare treatments, or an AI with readers, by one forced mark on every case with at most one lesion."""
    from core.stats.estimate import StatsError
    from core.stats.localisation.figures import FIGURES
    from core.stats.localisation.lroc import lroc_figure

    name, _, written = fom.strip().casefold().partition("_")
    if name in FIGURES and not written:
        raise StatsError(f"{fom} is a figure of free-response marks; use the command froc.")
    try:
        figure = lroc_figure(name, float(written) if written else at)
    except ValueError:
        raise StatsError(f"There is no LROC figure '{fom}'; write alroc, pcl or wilcoxon, and --at 0.2.") from None
    data = _read(marks, truth, ai=ai, forced=True, cluster=cluster)
    beside = _bootstrap(data, figure, ai, cluster, repeats=bootstrap, seed=seed)
    _run(data, figure, readers, cases, ai, margin, beside, floor=floor, curve=curve, json=json)


def score_marks(
    marks: Annotated[
        Path,
        typer.Argument(
            metavar="CSV", help="Columns reader,treatment,case,rating,shape,x,y,z (x2,y2,z2 or radius); mm."
        ),
    ],
    lesions: Annotated[Path, typer.Option(help="CSV: case,lesion,shape,x,y,z (x2,y2,z2 or radius; weight); mm.")],
    radius: Annotated[
        float | None, typer.Option(help="A mark hits a lesion whose middle is this near, mm.", show_default=False)
    ] = None,
    overlap: Annotated[
        float | None, typer.Option(help="Or: hits at this intersection over union, 0 to 1.", show_default=False)
    ] = None,
    reach: Annotated[float, typer.Option(help="With --overlap: how far beside a lesion a flat box may lie, mm.")] = 0.0,
    out: Annotated[Path, typer.Option(help="Marks file to write, for froc.")] = Path("marks.csv"),
    truth_out: Annotated[Path, typer.Option(help="Truth file to write, for froc --truth.")] = Path("truth.csv"),
    json: Json = False,
) -> None:
    """Score marks drawn in mm against lesions: writes the two files that froc and lroc read."""
    from core.cli import show
    from core.stats.estimate import StatsError
    from core.stats.localisation.positions import score_files
    from core.stats.localisation.scoring import Overlap, Radius

    if (radius is None) == (overlap is None):
        raise StatsError("Say how near a mark must be: give either --radius MM or --overlap SHARE.")
    if len({path.resolve() for path in (marks, lesions, out, truth_out)}) < 4:
        raise StatsError("Two of the four files are the same; name others with --out and --truth-out.")
    found = score_files(marks, lesions, Radius(radius) if radius is not None else Overlap(overlap or 0.0, reach))
    for path, text in ((out, found.marks), (truth_out, found.truth)):
        try:
            path.write_text(text, encoding="utf-8")
        except OSError:
            raise StatsError(f"{path} cannot be written; choose another place with --out or --truth-out.") from None
    names = ("hit", "repeat", "false", "missed")
    rows = [(t, r, *(counter[name] for name in names)) for (t, r), counter in found.counts.items()]
    if json:
        keys = ("treatment", "reader", *names)
        counts = [dict(zip(keys, row, strict=True)) for row in rows]
        typer.echo(show.as_json({"marks": str(out), "truth": str(truth_out), "counts": counts}))
        return
    typer.echo(show.grid(("treatment", "reader", "lesions hit", "repeats", "false marks", "lesions missed"), rows))
    typer.echo(f"Wrote {out} and {truth_out}; go on with: froc {out} --truth {truth_out}")


def _read(marks: Path, truth: Path | None, *, ai: str | None, forced: bool, cluster: str | None) -> "Marks":
    from core.stats.estimate import StatsError
    from core.stats.localisation.marks import read_marks

    if truth is None:
        raise StatsError("Give the truth with --truth CSV: columns case,truth,lesion,weight, one row a lesion.")
    return read_marks(marks, truth, one_treatment=ai is not None, forced=forced, cluster=cluster)


@dataclass(frozen=True, slots=True)
class Beside:
    """A bootstrap beside the formula, and the clusters it draws; `column` is None where these are the cases."""

    column: str | None
    n: int
    bootstrap: "tuple[ClusterBootstrap, ...]"


def _bootstrap(
    data: "Marks", figure: "Figure", ai: str | None, column: str | None, *, repeats: int, seed: int
) -> Beside | None:
    from core.stats.bootstrap import check_bootstrap
    from core.stats.localisation.analysis import check_ai
    from core.stats.localisation.resampling import marks_bootstrap

    check_bootstrap(repeats, seed)
    if ai is not None:
        check_ai(data, ai)
    drawn = marks_bootstrap(data, figure, ai=ai, repeats=repeats, seed=seed) if repeats else ()
    return Beside(column, int(data.truth.cluster.max()) + 1, drawn) if repeats or column is not None else None


def _run(
    data: "Marks",
    figure: "Figure",
    readers: Factor | None,
    cases: Factor,
    ai: str | None,
    margin: float | None,
    beside: Beside | None,
    *,
    floor: bool,
    curve: str | None,
    json: bool,
) -> None:
    from core.cli import show
    from core.cli import show_localisation as shown
    from core.stats.estimate import StatsError
    from core.stats.localisation.analysis import ai_against, compare
    from core.stats.localisation.curves import operating_points
    from core.stats.table import AI

    notes: tuple[str, ...] = ()
    curves = operating_points(data, curve.strip().casefold()) if curve else ()
    if ai is None:
        if margin is not None:
            raise StatsError("--margin is for an AI against readers; give --ai READER too.")
        compared = compare(data, figure, readers=readers, cases=cases, floor=floor)
        if AI in data.readers:
            notes = (f"Reader {AI} counts as one of the readers; --ai {AI} compares it with the others.",)
        notes += compared.notes
        said = shown.comparison_json(compared, figure, notes) if json else shown.comparison_text(compared, figure)
    else:
        if margin is not None and figure.low_is_good:
            raise StatsError(f"Low is good for {figure.name}: there is no non-inferiority test of it; drop --margin.")
        against = ai_against(data, figure, ai, readers=readers, cases=cases, margin=margin)
        notes = against.notes
        others = [name for name in data.readers if name != ai]
        said = (
            shown.ai_json(against, figure, ai, others, data)
            if json
            else shown.ai_text(against, figure, ai, others)
        )  # fmt: skip
    for note in notes:
        typer.echo(note, err=True)
    if isinstance(said, str):
        of = "clusters" if beside and beside.column else "cases"
        more = [show.bootstrap_text(beside.bootstrap, of=of)] if beside and beside.bootstrap else []
        more += [shown.curve_text(curves)] if curves else []
        typer.echo("\n\n".join([said, *more]))
    else:
        said |= {"clusters": beside} if beside else {}
        typer.echo(show.as_json(said | ({"curve": shown.curve_json(curves)} if curves else {})))


def register(app: typer.Typer, bench: typer.Typer) -> None:
    """Add this part's commands to the command line."""
    app.command("froc")(froc)
    app.command("lroc")(lroc)
    app.command("score-marks")(score_marks)
