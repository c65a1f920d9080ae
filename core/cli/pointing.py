"""python -m core bench pointing: do the AI's heat maps point at lesions that were placed?"""

import json
from typing import Annotated

import typer


def register(app: typer.Typer, bench: typer.Typer) -> None:
    """Add this part's command to the command line."""
    bench.command("pointing")(pointing)


def pointing(
    model: Annotated[str, typer.Option(help="NAME or NAME/VERSION; the shipped one if not given")] = "",
    cases: Annotated[int, typer.Option(min=1, help="procedural cases, CAP and COVID-19 in turn")] = 20,
    seed: Annotated[int, typer.Option(help="of the first case")] = 9_300_000,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N; chosen by itself if not given")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Count how often a heat map's strongest place lies in a procedural lesion above 3 ml, or up to 10 mm beside it."""
    from core.services.engines import ready_model
    from core.services.pointing import LEAST_ML, TOLERANCE_MM, pointing_game

    loaded = ready_model(model or None, device=device or None)

    def told(done: int, total: int) -> None:
        typer.echo(f"case {done} of {total}", err=True)

    found = pointing_game(loaded, cases=cases, seed=seed, on_progress=told)
    hits, within = sum(pointed.hit for pointed in found), sum(pointed.beside_mm == 0 for pointed in found)
    count = len(found)
    figures = {
        "model": f"{loaded.name}/{loaded.version}",
        "cases": cases,
        "lesions": count,
        "hits": hits,
        "within": within,
        "share": hits / count if count else None,
        "share_within": within / count if count else None,
        "by_chance": sum(pointed.by_chance for pointed in found) / count if count else None,
        "least_ml": LEAST_ML,
        "tolerance_mm": TOLERANCE_MM,
    }
    if as_json:
        typer.echo(json.dumps(figures))
        return
    if not count:
        typer.echo(f"No lesion above {LEAST_ML:g} ml in these cases; ask for more.")
        return
    typer.echo(
        f"{figures['model']}: {hits} of {count} lesions above {LEAST_ML:g} ml were pointed at "
        f"({figures['share']:.2f}; {figures['share_within']:.2f} without the tolerance of {TOLERANCE_MM:g} mm; "
        f"{figures['by_chance']:.2f} by chance), {cases} cases from seed {seed}"
    )
