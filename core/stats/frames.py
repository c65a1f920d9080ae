"""A long data frame as a study, and results as data frames: the way in for people who import the statistics.

Works with pandas and polars frames, or any mapping of columns to sequences. Results come back as pandas frames, as
polars ones where the study came as one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from core.stats.bdg import Bdg, BdgArea, bdg
from core.stats.bdg_moments import Estimator
from core.stats.choices import Covariance, Factor, Metric
from core.stats.columns import Column, Rows
from core.stats.estimate import Interval, StatsError, to_plain
from core.stats.mrmc import Mrmc, mrmc
from core.stats.obuchowski_rockette import Difference, TreatmentMean
from core.stats.standalone import Standalone, standalone
from core.stats.table import RATING_COLUMNS, Readings, readings, split_ai

Rowed = tuple[dict[str, object], ...]
FRAME = ("kind", "a", "b", "estimate", "se", "df", "low", "high", "p", "note")


@dataclass(frozen=True, slots=True)
class Result:
    """What an analysis found. `found` has every figure; `summary()` and `to_frame()` show it; a notebook draws it."""

    found: Mrmc | Bdg | Standalone
    title: str
    rows: Rowed
    notes: tuple[str, ...]
    polars: bool = False

    def to_frame(self) -> Any:
        """One row a treatment, difference, reader and component, as a frame of the kind the study came in."""
        columns = {name: [row.get(name) for row in self.rows] for name in FRAME}
        return import_module("polars" if self.polars else "pandas").DataFrame(columns)

    def to_dict(self) -> object:
        """Everything as dicts, lists and numbers ready for JSON; what does not exist is None."""
        return to_plain(self.found)

    def summary(self) -> str:
        """The result as text: what was done, the figures, and what to know."""
        widths = [max(len(name), *(len(_shown(row.get(name))) for row in self.rows)) for name in FRAME]

        def line(cells: list[str]) -> str:
            return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()

        body = [line([_shown(row.get(name)) for name in FRAME]) for row in self.rows]
        return "\n".join([self.title, "", line(list(FRAME)), *body, *(f"Note: {note}" for note in self.notes)])

    def plot(self) -> Any:
        """A forest of treatments and differences with their intervals, as a plotly figure; needs plotly."""
        drawn = [row for row in self.rows if row["kind"] in ("treatment", "difference", "AI", "reader")]
        drawn = [row for row in drawn if row.get("estimate") is not None][::-1]

        def gaps(side: str) -> list[float]:
            ends = [(row.get(side), row["estimate"]) for row in drawn]
            return [abs(float(str(end)) - float(str(middle))) if end is not None else 0.0 for end, middle in ends]

        try:
            graph = import_module("plotly.graph_objects")
        except ModuleNotFoundError:
            raise StatsError("A plot needs plotly: pip install plotly.") from None
        names = [f"{row['kind']} {row['a']}{' - ' + str(row['b']) if row.get('b') else ''}" for row in drawn]
        spread = {"type": "data", "symmetric": False, "array": gaps("high"), "arrayminus": gaps("low")}
        points = graph.Scatter(x=[row["estimate"] for row in drawn], y=names, mode="markers", error_x=spread)
        return graph.Figure(points, {"title": {"text": self.title, "font": {"size": 13}}, "template": "simple_white"})

    def _repr_html_(self) -> str:
        import html

        head = "".join(f"<th>{name}</th>" for name in FRAME)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(_shown(row.get(name)))}</td>" for name in FRAME) + "</tr>"
            for row in self.rows
        )
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        return f"<p>{html.escape(self.title)}</p><table><tr>{head}</tr>{body}</table>{notes}"

    def __str__(self) -> str:
        return self.summary()


@dataclass(frozen=True, slots=True)
class LongStudy:
    """Readings of a study: which treatments, readers and cases there are, and the analyses of them."""

    data: Readings
    polars: bool = False

    def mrmc(
        self,
        *,
        metric: Metric = "auc",
        covariance: Covariance = "jackknife",
        readers: Factor = "random",
        cases: Factor = "random",
        threshold: float | None = None,
    ) -> Result:
        """Compare the treatments by Obuchowski-Rockette."""
        d = self.data
        found = mrmc(
            d.values, d.truth, metric=metric, covariance=covariance, readers=readers, cases=cases, threshold=threshold,
            treatment_names=d.treatments, reader_names=d.readers, clusters=d.cluster_codes(),
        )  # fmt: skip
        parts = {name: getattr(found.components, name) for name in ("var", "cov1", "cov2", "cov3", "var_r", "var_tr")}
        rows: Rowed = (
            *(_row("treatment", treatment.treatment, None, treatment) for treatment in found.treatments),
            *(_row("difference", difference.a, difference.b, difference) for difference in found.differences),
            {"kind": "test", "a": found.test.statistic, "estimate": found.test.value, "df": found.test.df2,
             "p": found.test.p, "note": found.test.reason},
            *({"kind": "component", "a": name, "estimate": value} for name, value in parts.items()),
            *({"kind": "reader", "a": t, "b": r, "estimate": value} for t, r, value in found.theta),
        )  # fmt: skip
        title = f"Obuchowski-Rockette, {metric}, covariance {found.covariance}, readers {readers}, cases {cases}"
        return Result(found, title, rows, found.notes, self.polars)

    def bdg(self, *, estimator: Estimator = "ustat") -> Result:
        """Compare the treatments by U-statistics, in any design; cases have to be independent."""
        d = self.data
        if d.cluster_codes() is not None:
            raise StatsError("bdg has no variance for clustered cases; use mrmc() of this study, which has one.")
        found = bdg(d.values, d.truth, estimator=estimator, treatment_names=d.treatments, reader_names=d.readers)
        rows: Rowed = (
            *(_row("treatment", treatment.a, None, treatment) for treatment in found.treatments),
            *(_row("difference", difference.a, difference.b, difference) for difference in found.differences),
        )
        return Result(found, found.method, rows, found.notes, self.polars)

    def standalone(
        self,
        *,
        metric: Metric = "auc",
        readers: Factor | None = None,
        threshold: float | None = None,
        margin: float | None = None,
    ) -> Result:
        """Compare the reader named AI with the others."""
        ai, others, names = split_ai(self.data)
        found = standalone(
            ai, others, self.data.truth, metric=metric, readers_as=readers, threshold=threshold, margin=margin,
            reader_names=names, clusters=self.data.cluster_codes(),
        )  # fmt: skip
        low, high = found.ci or (None, None)
        rows: Rowed = (
            {"kind": "AI", "a": "AI", "estimate": found.ai},
            *({"kind": "reader", "a": n, "estimate": v} for n, v in zip(names, found.reader_figures, strict=True)),
            {"kind": "difference", "a": "AI", "b": "readers", "estimate": found.difference, "se": found.se,
             "df": found.df, "low": low, "high": high, "p": found.p, "note": found.reason},
            {"kind": "not worse by the margin", "a": "AI", "b": "readers", "estimate": found.margin,
             "p": found.p_noninferior},
        )  # fmt: skip
        return Result(
            found, f"AI against {len(names)} readers, {metric}; {found.method}", rows, found.notes, self.polars
        )


def from_long(
    frame: Any,
    *,
    reader: str = "reader",
    treatment: str = "treatment",
    case: str = "case",
    truth: str = "truth",
    rating: str = "rating",
    cluster: str | None = None,
) -> LongStudy:
    """A study from a frame with one row a reading; the columns may have other names, said here.

    Truth is 0 or 1 (or False, True), ratings are finite numbers. Rows are counted from 0 in messages. Raises
    StatsError, one sentence that names row, column and remedy, for a frame that cannot be used.
    """
    names = dict(zip(RATING_COLUMNS, (reader, treatment, case, truth, rating), strict=True))
    if cluster is not None:
        names["cluster"] = cluster
    if not isinstance(frame, Mapping) and not hasattr(frame, "columns"):
        raise StatsError(f"Give a frame of pandas or polars, or a mapping of columns, not {type(frame).__name__}.")
    columns = {}
    for name, given in names.items():
        if not isinstance(frame, Mapping) and given not in list(frame.columns):
            raise StatsError(f"The frame has no column '{given}'; it has {', '.join(map(str, frame.columns))}.")
        if isinstance(frame, Mapping) and given not in frame:
            raise StatsError(f"There is no column '{given}'; there are {', '.join(map(str, frame))}.")
        columns[name] = _column(name, frame[given], truth=name == "truth")
    sizes = {len(column.codes) for column in columns.values()}
    if sizes == {0} or len(sizes) > 1:
        raise StatsError("The columns need one row a reading, and all the same number of them.")
    rows = Rows(np.arange(sizes.pop(), dtype=np.int64), columns)
    kind = type(frame).__module__.split(".")[0]
    return LongStudy(readings(rows, cluster=None if cluster is None else "cluster"), polars=kind == "polars")


def _column(name: str, values: Any, *, truth: bool) -> Column:
    listed = (
        values.tolist() if hasattr(values, "tolist") else values.to_list() if hasattr(values, "to_list") else values
    )
    numbers: dict[str, int] = {}
    codes = [numbers.setdefault(_text(value, truth=truth), len(numbers)) for value in listed]
    return Column(name, np.array(codes, np.int64), tuple(numbers))


def _text(value: object, *, truth: bool) -> str:
    """A cell as text; missing ones empty, a truth that is a boolean as 0 or 1."""
    if value is None or (isinstance(value, float) and np.isnan(value)) or type(value).__name__ in ("NAType", "NaTType"):
        return ""
    if truth and isinstance(value, bool | np.bool_):
        return str(int(value))
    return str(value).strip()


def _row(kind: str, a: str, b: str | None, one: TreatmentMean | Difference | BdgArea) -> dict[str, object]:
    ci: Interval | tuple[None, None] = one.ci or (None, None)
    return {"kind": kind, "a": a, "b": b, "estimate": one.estimate, "se": one.se, "df": one.df, "low": ci[0],
            "high": ci[1], "p": getattr(one, "p", None), "note": one.reason}  # fmt: skip


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
