"""Results as tables for people and as the JSON objects of the command line."""

import json
from collections.abc import Mapping, Sequence

from core.results.draw.text import p_text
from core.stats.bdg import Bdg, BdgArea
from core.stats.clustered import ClusterBootstrap
from core.stats.estimate import Bools, Interval, to_plain
from core.stats.mrmc import Mrmc
from core.stats.obuchowski_rockette import Difference
from core.stats.standalone import Standalone


def as_json(value: Mapping[str, object]) -> str:
    """One JSON object; a number that does not exist is null, never NaN."""
    return json.dumps(to_plain(value), allow_nan=False, ensure_ascii=False)


def _with_reason(item: dict[str, object], reason: str | None, *, uncut: Interval | None = None) -> dict[str, object]:
    item = item if uncut is None else {**item, "ci_uncut": uncut}
    return item if reason is None else {**item, "reason": reason}


def mrmc_json(found: Mrmc) -> dict[str, object]:
    """treatments, differences, test, components and what they rest on; `reason` stands beside what is null.

    `ci_uncut` stands beside an interval that was cut to the possible range, as other programs print it.
    """
    c = found.components
    parts = ("var", "cov1", "cov2", "cov3", "ms_t", "ms_r", "ms_tr", "var_r", "var_tr")
    components = {name: getattr(c, name) for name in parts}
    empty = [name for name, value in components.items() if value is None]
    why = f"{', '.join(empty)}: not to be had from this design and these cases" if empty else None
    return {
        "treatments": [
            _with_reason(
                {"treatment": m.treatment, "estimate": m.estimate, "se": m.se, "ci": m.ci, "df": m.df},
                m.reason,
                uncut=m.uncut,
            )
            for m in found.treatments
        ],
        "differences": [_difference(d) for d in found.differences],
        "test": _with_reason(
            {
                "statistic": found.test.statistic,
                "value": found.test.value,
                "df1": found.test.df1,
                "df2": found.test.df2,
                "p": found.test.p,
            },
            found.test.reason,
        ),
        "components": _with_reason(components, why),
        "metric": found.metric,
        "covariance": found.covariance,
        "design": found.design,
        "margin": None,  # of a comparison with the AI only
        "readers": found.readers,
        "cases": found.cases,
        "n_readers": found.n_readers,
        "n_cases": found.n_cases,
        "n_positive": found.n_positive,
        "n_negative": found.n_negative,
        "theta": [{"treatment": t, "reader": r, "estimate": value} for t, r, value in found.theta],
        "reader_differences": [{"reader": name, **_difference(d)} for name, d in found.reader_differences],
        "notes": found.notes,
    }


def _difference(d: Difference) -> dict[str, object]:
    item = {"a": d.a, "b": d.b, "estimate": d.estimate, "se": d.se, "ci": d.ci, "p": d.p, "df": d.df}
    return _with_reason(item, d.reason, uncut=d.uncut)


def bdg_json(found: Bdg) -> dict[str, object]:
    """treatments, differences and each reader alone by the BDG method; `reason` stands beside what is null."""
    return {
        "treatments": [_bdg_row(treatment) for treatment in found.treatments],
        "differences": [_bdg_row(difference) for difference in found.differences],
        "method": "bdg",
        "estimator": found.estimator,
        "description": found.method,
        "metric": "auc",
        "covariance": f"U-statistics, {found.estimator}",
        "design": found.design,
        "margin": None,
        **{name: getattr(found, name) for name in ("n_readers", "n_cases", "n_positive", "n_negative")},
        "theta": [
            {"treatment": area.a, "reader": name, "estimate": area.estimate}
            for name, area in found.readers
            if area.b is None
        ],
        "reader_figures": [{"reader": name, **_bdg_row(area)} for name, area in found.readers],
        "notes": found.notes,
    }


def _bdg_row(bdg_area: BdgArea) -> dict[str, object]:
    names = {"treatment": bdg_area.a} if bdg_area.b is None else {"a": bdg_area.a, "b": bdg_area.b}
    keys = ("estimate", "se", "df", "p", "ci", "variance", "readers", "positives", "negatives")
    return _with_reason(
        {**names, **{key: getattr(bdg_area, key) for key in keys}}, bdg_area.reason, uncut=bdg_area.uncut
    )


def bdg_text(found: Bdg) -> str:
    """The BDG analysis as tables."""
    shape = ("SE", "df", "interval", "p", "readers", "positive", "negative")

    def row(bdg_area: BdgArea) -> tuple[object, ...]:
        return (
            bdg_area.estimate,
            bdg_area.se,
            bdg_area.df,
            bdg_area.ci,
            p_text(bdg_area.p),
            bdg_area.readers,
            bdg_area.positives,
            bdg_area.negatives,
        )

    lines = [
        f"{found.method}; {found.n_readers} readers, {found.n_positive} positive, {found.n_negative} negative cases.",
        "Intervals are 95 % by Student's t with df as it is; areas are tested against .5, a difference is a minus b.",
        "",
        grid(("treatment", "area", *shape), [(treatment.a, *row(treatment)) for treatment in found.treatments]),
        "",
        grid(
            ("a", "b", "a - b", *shape),
            [(difference.a, difference.b, *row(difference)) for difference in found.differences],
        ),
    ]
    every = (*found.treatments, *found.differences)
    reasons = [f"{area.a}{f' - {area.b}' if area.b else ''}: {area.reason}." for area in every if area.reason]
    return "\n".join(lines + (["", *reasons] if reasons else []))


def bootstrap_text(found: Sequence[ClusterBootstrap], *, of: str = "clusters") -> str:
    """Bootstraps of clusters, or of cases that stand alone, as a table."""
    rows = [(area.a, area.b, area.estimate, area.se, area.ci) for area in found]
    head = f"Bootstrap of {of}, {found[0].repeats} resamples, seed {found[0].seed}, beside the formula"
    return f"{head}\n{grid(('a', 'b', 'a - b', 'SE', '95 %'), rows)}"


def standalone_json(found: Standalone) -> dict[str, object]:
    """ai, readers, difference (AI minus readers), se, df, ci, p, p_noninferior; `reason` beside what is null."""
    keys = ("ai", "readers", "difference", "se", "df", "ci", "p", "p_noninferior")
    return _with_reason({key: getattr(found, key) for key in keys}, found.reason, uncut=found.uncut)


def standalone_whole(
    found: Standalone, *, names: Sequence[str], metric: str, covariance: str, truth: Bools
) -> dict[str, object]:
    """The same and what it rests on: metric, covariance, design, sizes, margin, components, figures of each reader."""
    return standalone_json(found) | {
        "metric": metric,
        "covariance": covariance,
        "design": "one AI against readers",
        "readers_as": found.readers_as,
        "cases_as": found.cases_as,
        "margin": found.margin,
        "n_readers": len(found.reader_figures),
        "n_cases": int(truth.size),
        "n_positive": int(truth.sum()),
        "n_negative": int((~truth).sum()),
        "components": {"ms": found.ms, "var": found.var, "cov2": found.cov2},
        "theta": [
            {"reader": name, "estimate": value}
            for name, value in zip(("AI", *names), (found.ai, *found.reader_figures), strict=True)
        ],
        "method": found.method,
        "notes": found.notes,
    }


def figure(value: object) -> str:
    """A cell of a table: four significant decimals, an interval as low to high, a dash where nothing is."""
    if value is None:
        return "-"
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, tuple | list):
        return " to ".join(figure(v) for v in value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.0f}" if value == round(value) and abs(value) >= 10 else f"{value:.4g}" if abs(
            value
        ) < 1e-3 else f"{value:.4f}"  # fmt: skip
    return str(value)


def grid(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table with aligned columns."""
    cells = [list(header)] + [[figure(value) for value in row] for row in rows]
    widths = [max(len(row[k]) for row in cells) for k in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def mrmc_text(found: Mrmc) -> str:
    """The analysis as tables: what was done, treatments, differences, test, components."""
    who = f"{found.n_readers} readers ({found.readers}), {cases_text(found)}"
    test = found.test
    df2 = f", {test.df2:.2f}" if test.df2 is not None else ""
    lines = [
        f"Obuchowski-Rockette, {found.metric}, covariance {found.covariance}, {found.design}; {who} ({found.cases}).",
        "Intervals are 95 %; a difference is a minus b.",
        "",
        grid(
            ("treatment", "mean", "SE", "interval"), [(m.treatment, m.estimate, m.se, m.ci) for m in found.treatments]
        ),
        "",
        grid(
            ("a", "b", "a - b", "SE", "interval", "p"),
            [(d.a, d.b, d.estimate, d.se, d.ci, p_text(d.p)) for d in found.differences],
        ),
        "",
        f"All equal: {test.statistic}({test.df1:g}{df2}) = {figure(test.value)}, p = {p_text(test.p)}"
        + (f" ({test.reason})" if test.reason else ""),
        "",
        grid(("component", "estimate"), [(k, v) for k, v in to_named(found).items()]),
    ]
    reasons = [f"{m.treatment}: {m.reason}." for m in found.treatments if m.reason]
    reasons += [f"{d.a} - {d.b}: {d.reason}." for d in found.differences if d.reason]
    return "\n".join(lines + (["", *reasons] if reasons else []))


def cases_text(found: Mrmc) -> str:
    """How many cases, by kind where the figure tells them apart."""
    if found.n_positive is None:
        return f"{found.n_cases} cases"
    return f"{found.n_positive} positive and {found.n_negative} negative cases"


def to_named(found: Mrmc) -> dict[str, float | None]:
    """Components by the names they go by in print."""
    c = found.components
    return {
        "Var(error)": c.var, "Cov1": c.cov1, "Cov2": c.cov2, "Cov3": c.cov3, "MS(T)": c.ms_t, "MS(R)": c.ms_r,
        "MS(T:R)": c.ms_tr, "Var(R)": c.var_r, "Var(TR)": c.var_tr,
    }  # fmt: skip


def standalone_text(found: Standalone, names: Sequence[str], metric: str) -> str:
    """The comparison of the AI with the readers as tables."""
    ci: Interval | None = found.ci
    rows = [("AI", found.ai), *zip(names, found.reader_figures, strict=True), ("mean of readers", found.readers)]
    lines = [
        f"AI against {len(names)} reader{'s' * (len(names) > 1)}, {metric}; {found.method}.",
        "",
        grid(("reader", metric), rows),
        "",
        grid(
            ("AI - readers", "SE", "df", "95 % interval", "p"),
            [(found.difference, found.se, found.df, ci, p_text(found.p))],
        ),
    ]
    if found.margin is not None:
        lines.append(f"Not worse by {found.margin:g}: one-sided p = {p_text(found.p_noninferior)} (compare with .025).")
    if found.readers_as == "fixed":
        lines.append("These readers only: nothing is said of readers at large.")
    return "\n".join(lines + ([f"{found.reason}."] if found.reason else []))
