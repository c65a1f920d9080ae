"""Commands about this installation: migrate, worker, doctor."""

import json
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import typer

PACKAGES = (
    *("streamlit", "torch", "openvino", "onnxruntime", "onnx", "monai", "pydicom", "python-gdcm", "zarr", "sqlalchemy"),
    *("dbos", "numpy", "scipy"),
)


def register(app: typer.Typer, bench: typer.Typer) -> None:
    """Add this part's commands to the command line."""
    app.command()(migrate)
    app.command()(worker)
    app.command()(doctor)


def migrate() -> None:
    """Bring the database to this version's schema, after copying it; safe to run again."""
    from core.jobs.queue import prepare
    from db.migrate import migrate as migrate_database

    copy = migrate_database()
    prepare()
    typer.echo("The database has this version's schema." + (f" Before it was copied to {copy}." if copy else ""))


def worker(
    name: Annotated[str, typer.Option(help="stable name of this worker; two workers never share one")] = "",
) -> None:
    """Read queued cases with the AI until stopped. Run it on any machine that reaches database and storage."""
    from core.jobs.worker import run
    from core.logs import configure
    from core.settings import settings

    configure(as_json=settings().log_json)
    run(name or settings().worker_name)


def doctor(as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False) -> None:
    """Tell what is installed and whether device, disk, database, storage and weights are ready."""
    report = examine()
    if as_json:
        typer.echo(json.dumps(report))
    else:
        for key, value in report.items():
            typer.echo(f"{key:>10}  {value}")
    if report["problems"]:
        raise typer.Exit(1)


def examine() -> dict[str, Any]:
    """Return the state of this installation; `problems` is a list of sentences, empty when all is ready."""
    from core import __version__
    from core.ai import compiled
    from core.ai.model_files import available_models
    from core.ai.precision import described
    from core.ai.weights import best_device
    from core.settings import settings
    from db.engine import open_view

    problems: list[str] = []
    packages = {}
    for package in PACKAGES:
        try:
            packages[package] = version(package)
        except PackageNotFoundError:
            problems.append(f"{package} is not installed; run pip install -r requirements.txt.")
    folder = settings().data_dir
    free = shutil.disk_usage(folder if folder.exists() else folder.absolute().parent).free / 1e9
    if free < 5:
        problems.append(f"Only {free:.1f} GB of disk are free; a case needs about 0.03 GB.")
    try:
        with open_view() as session:
            database = session.get_bind().dialect.name
            session.connection()
    except Exception as error:  # noqa: BLE001 - whatever keeps the database from answering is the finding
        database = "unreachable"
        problems.append(f"The database does not answer ({type(error).__name__}); check PARALLAX_DATABASE_URL.")
    device = best_device()
    engines = {
        f"{model.name} {model.version}": compiled.described(model) if device == "cpu" else "torch"
        for model in available_models()
    }
    if not engines:
        problems.append("No AI weights are found in core/ai/weights; train them or restore the files.")
    return {
        "version": __version__,
        "python": sys.version.split()[0],
        "packages": packages,
        "device": device,
        "precision": described(device),
        "disk_free_gb": round(free, 1),
        "database": database,
        "storage": settings().storage,
        "models": list(engines),
        "engines": engines,
        "problems": problems,
    }
