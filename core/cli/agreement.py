"""The command for agreement of measurements and ordered ratings."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from core.stats.estimate import Estimate
    from core.stats.measurements import Measured

Weights = Literal["linear", "quadratic"]


def agreement(
    table: Annotated[Path, typer.Argument(metavar="CSV", help="Columns reader,case,rating, and repeat if any.")],
    weights: Annotated[Weights, typer.Option(help="Weights of the kappas of ordered ratings.")] = "quadratic",
    cluster: Annotated[
        str | None,
        typer.Option(help="Column of what several cases belong to, such as patient.", show_default=False),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """Agreement of readers: ICC(2,1), ICC(3,1), Bland-Altman for all pairs, weighted kappas of ordered ratings."""
    from core.cli import show
    from core.stats.columns import read_rows
    from core.stats.estimate import to_plain
    from core.stats.measurements import measured, measured_in_clusters, read_measurements

    rows = read_rows(table, needed=("reader", "case", "rating"))
    values, readers, clusters = read_measurements(rows, cluster=cluster)
    found = (
        measured(values, readers, weights=weights)
        if clusters is None
        else measured_in_clusters(values, readers, clusters, weights=weights)
    )
    plain = to_plain(found)
    typer.echo(show.as_json(plain) if json and isinstance(plain, dict) else _text(found))


def _text(found: "Measured") -> str:
    from core.cli.show import grid

    head = ("", "estimate", "95 %", "n", "note")
    whole = [_row(estimate.method, estimate) for estimate in (found.icc_agreement, found.icc_consistency)]
    whole += [
        _row(f"repeatability, {name}", within_reader) for name, within_reader in found.within_readers if within_reader.n
    ]
    parts = [f"{len(found.readers)} readers, {found.n} cases measured by all", "", grid(head, whole), ""]
    limits = [
        _row(f"{pair.a} - {pair.b}, {name}", estimate)
        for pair in found.limits
        for name, estimate in (("bias", pair.bias), ("lower limit", pair.lower), ("upper limit", pair.upper))
    ]
    parts.append(grid(head, limits))
    if found.kappas is not None:
        parts += ["", grid(head, [_row(f"{a}, {b}: {kappa.method}", kappa) for a, b, kappa in found.kappas])]
    return "\n".join(parts)


def _row(name: str, estimate: "Estimate") -> tuple[object, ...]:
    return (name, estimate.value, estimate.ci, estimate.n, estimate.reason or "")


def register(app: typer.Typer, _bench: typer.Typer) -> None:
    """Add this part's commands to the command line."""
    app.command("agreement")(agreement)
