"""The command that evaluates a model on a labelled folder."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer


def evaluate(
    folder: Annotated[Path, typer.Argument(help="patients in the layout of COVID-CT-MD or SPGC")],
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
    csv: Annotated[Path, typer.Option(help="one row a patient; an evaluation found there goes on")] = Path(
        "evaluation.csv"
    ),
    model: Annotated[str, typer.Option(help="NAME or NAME/VERSION; the shipped one if not given")] = "",
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N; chosen by itself if not given")] = "",
) -> None:
    """Measure the AI on labelled patients: the paper's Tables 2 and 3, slice ROC, calibration and time."""
    from core.errors import InvalidInput
    from core.training.layout import read_layout

    if not folder.is_dir():
        raise InvalidInput("There is no such folder; name the one that holds the patients' folders.")
    if not csv.absolute().parent.is_dir():
        raise InvalidInput("The folder for the CSV does not exist; make it first.")
    patients = read_layout(folder)

    from core.ai.weights import device_name
    from core.services.engines import ready_model
    from core.training.evaluate import evaluate_patients
    from core.training.evaluation import report

    loaded = ready_model(model or None, device=device or None)
    parameters = loaded.parameters
    rows = evaluate_patients(
        patients,
        loaded,
        csv,
        parameters=parameters,
        on_progress=lambda done, total: typer.echo(f"{done} of {total} patients", err=True),
    )
    found = report(rows, patients, parameters)
    found |= {
        "model": {"name": loaded.name, "version": loaded.version, "sha256": loaded.sha256},
        "device": device_name(loaded.device),
        "parameters": parameters.as_dict(),
    }
    if as_json:
        typer.echo(json.dumps(found))
    else:
        show(found)


def show(found: dict[str, Any]) -> None:
    """Print the tables for people."""
    name = f"{found['model']['name']} {found['model']['version']}"
    typer.echo(f"{found['patients']} patients, {name} (research demonstration)")
    for sentence in (*([found["note"]] if found["note"] else []), *found["warnings"]):
        typer.echo(sentence)
    typer.echo(f"\n{'truth':<10}" + "".join(f"{name:>10}" for name in found["confusion"]["called"]))
    for label, row in zip(found["confusion"]["truth"], found["confusion"]["matrix"], strict=True):
        typer.echo(f"{label:<10}" + "".join(f"{count:>10}" for count in row))
    typer.echo("\nTable 3, one class against the rest, 95 % Wilson intervals")
    for row in found["table3"]:
        cells = [f"{key} {_cell(row[key])}" for key in row if key not in ("class", "n")]
        typer.echo(f"{row['class']:<8} n={row['n']}  " + "  ".join(cells))
    typer.echo("\nTable 2, sensitivities and accuracy")
    for row in found["table2"]:
        cells = [f"{key} {_cell(value)}" for key, value in row["sensitivity"].items()]
        typer.echo(f"{row['variant']:<36}  " + "  ".join([*cells, f"accuracy {_cell(row['accuracy'])}"]))
    if "auc" in found["slices"]:
        slices = found["slices"]
        typer.echo("\nSlice AUC of 1 - P(normal) among kept slices, infected or not")
        for patient in slices["each"]:
            typer.echo(f"{patient['patient']:<12} {_cell(patient['auc'])}")
        over = slices["over_patients"]
        typer.echo(f"{'mean':<12} {_cell(over)} over {over['n']} patients, interval over patients")
        typer.echo(f"{'pooled':<12} {_cell(slices['auc'])} over {slices['n']} slices, taken for independent")
    typer.echo("\nPatient AUC and calibration of the mean probabilities, one class against the rest")
    for name, curve in found["patient_roc"].items():
        how = found["calibration"][name]
        fit = how.get("reason") or f"Brier {how['brier']:.3f}, expected calibration error {how['ece']:.3f}"
        typer.echo(f"{name:<8} AUC {_cell(curve['auc'])}; {fit}")
    if found["seconds"]["n"]:
        total = found["seconds"]["total"]
        typer.echo(f"time per case: mean {total['mean']:.1f} s, median {total['median']:.1f} s on {found['device']}")


def _cell(estimate: dict[str, Any]) -> str:
    if estimate["value"] is None:
        return f"- ({estimate['reason']})"
    if estimate["ci"] is None:
        return f"{estimate['value']:.4f}" + (f" ({estimate['reason']})" if estimate["reason"] else "")
    return f"{estimate['value']:.4f} [{estimate['ci'][0]:.3f}, {estimate['ci'][1]:.3f}]"
