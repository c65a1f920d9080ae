"""The analysis of a study as tables for people."""

from collections.abc import Iterable

from core.cli.show import figure, grid
from core.results.draw.text import p_text
from core.stats.analyse import Analysis
from core.stats.estimate import Estimate
from core.stats.reader_figures import ReaderFigures


def analysis_text(found: Analysis) -> str:
    """All tables that the data gave, each under its name; what does not exist shows its reason."""
    parts = [
        _study(found),
        _section(
            "Readers", ("reader", "group", "arm", "n", "missing", "undecided", "accuracy", "95 %"), _readers(found)
        ),
        _section("By class", ("reader", "arm", "class", "figure", "value", "95 %", "n"), _classes(found.readers)),
        _section("Groups", ("group", "arm", "figure", "mean", "95 %", "readers", "note"), _groups(found)),
        _section(
            "AI against each reader (McNemar, Tango)",
            ("reader", "arm", "figure", "only AI", "only reader", "AI - reader", "95 %", "exact p", "Holm p"),
            _pairs(found),
        ),
        _section("AI minus readers", ("group", "arm", "figure", "AI - readers", "95 %", "p", "note"), _against(found)),
        _section(
            "AIs compared (Holm over all of a figure)",
            ("AI", "minus", "arm", "figure", "difference", "95 %", "p", "Holm p", "note"),
            _ais(found),
        ),
        _section(
            "AI minus readers where the AI failed, by rule",
            ("rule", "group", "arm", "figure", "AI - readers", "95 %", "p", ""),
            _failures(found),
        ),
        _section("Groups compared", ("arm", "figure", "a - b", "estimate", "95 %", "p", "readers"), _nested(found)),
        _section("Arms compared", ("group", "figure", "a - b", "estimate", "95 %", "p", "readers"), _arms(found)),
        _section("Agreement", ("group", "arm", "Fleiss", "AC1", "alpha", "Light", "Cochran Q p"), _agreement(found)),
        _section(
            "Switches, unaided to aided",
            ("who", "reads", "right to wrong", "wrong to right", "automation bias", "good advice", "net"),
            _switches(found),
        ),
        _section("Times", ("reader", "arm", "total, min", "geometric mean, s", "95 %"), _times(found)),
        _section("Ratios of times", ("who", "arm", "a / b", "ratio", "95 %", "p"), _ratios(found)),
        _section(
            "Over the reading order", ("group", "arm", "position", "median, s", "accuracy", "reads"), _drifts(found)
        ),
        _section("Reads too fast", ("reader", "arm", "below, s", "too fast", "reads"), _fast(found)),
        _section(
            "Other rules for undecided and missing reads", ("rule", "arm", "reader", "accuracy", "95 %"), _rules(found)
        ),
        _section(
            "Probabilities and scores",
            ("who", "arm", "class", "partial AUC", "95 %", "calibration slope", "95 %", "in the large", "net benefit"),
            _scores(found),
        ),
        _section("Readers with themselves", ("reader", "a, b", "kappa", "95 %", "alike"), _intra(found)),
        _section("Weighted kappas (quadratic)", ("group", "arm", "a, b", "kappa", "95 %"), _weighted(found)),
        _section("Checks by models", ("what", "arm", "a, b", "estimate", "95 %", "p", "method"), _models(found)),
        _section("Secondary: two-way bootstrap", ("figure", "arm", "a - b", "estimate", "95 %"), _secondary(found)),
        "\n".join(found.notes),
    ]
    return "\n\n".join(part for part in parts if part)


def _section(title: str, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    listed = list(rows)
    return f"{title}\n{grid(header, listed)}" if listed else ""


def _study(found: Analysis) -> str:
    s = found.study
    classes = ", ".join(f"{label} {n}" for label, n in zip(s.classes, s.cases_by_class, strict=True))
    lines = [
        f"{s.cases} cases ({classes}), {len(s.readers)} readers{_machines(s.ais)}, {s.reads} reads; "
        f"{s.missing} missing, {s.indeterminate} indeterminate, {s.failures} failures."
    ]
    lines += [f"Left out: {e.rows} rows, {e.reason}." for e in s.exclusions]
    return "\n".join(lines)


def _machines(ais: tuple[str, ...]) -> str:
    return "" if not ais else " and the AI" if len(ais) == 1 else f" and the AIs {', '.join(ais)}"


def _who(found: Analysis, ai: str, who: str) -> str:
    """A reader or group, with the AI it is compared with where there are several."""
    return f"{ai} - {who}" if len(found.study.ais) > 1 else who


def _shown(e: Estimate) -> tuple[object, object]:
    return (e.value if e.value is not None else e.reason), e.ci


def _readers(found: Analysis) -> Iterable[tuple[object, ...]]:
    for r in found.readers:
        yield (r.reader, r.group, r.arm, r.n, r.missing, r.indeterminate + r.failures, *_shown(r.accuracy))


def _classes(readers: tuple[ReaderFigures, ...]) -> Iterable[tuple[object, ...]]:
    for r in readers:
        for c, s in zip(r.classes, r.scores, strict=True):
            named = (("sensitivity", c.sensitivity), ("specificity", c.specificity), ("PPV", c.ppv), ("NPV", c.npv),
                     ("F1", c.f1), ("AUC", s.auc))  # fmt: skip
            for name, e in named:
                if e.value is not None:
                    yield (r.reader, r.arm, c.label, name, *_shown(e), e.n)


def _groups(found: Analysis) -> Iterable[tuple[object, ...]]:
    for g in found.groups:
        for f in g.figures:
            yield (g.group, g.arm, f.figure, f.mean.estimate, f.mean.ci, f"{len(g.readers)} ({f.readers_as})",
                   f.mean.reason or f.flag)  # fmt: skip


def _pairs(found: Analysis) -> Iterable[tuple[object, ...]]:
    for row in found.ai_with_each_reader:
        if row.pair:
            p = row.pair
            who = _who(found, row.ai, row.reader)
            yield (who, row.arm, row.figure, p.only_a, p.only_b, p.difference, p.ci, p_text(p.p),
                   p_text(row.p_holm))  # fmt: skip
    for area in found.ai_areas_with_each_reader:
        if area.pair:
            a = area.pair
            who = _who(found, area.ai, area.reader)
            yield (who, area.arm, area.figure, "", "", a.difference, a.ci, p_text(a.p), p_text(area.p_holm))


def _against(found: Analysis) -> Iterable[tuple[object, ...]]:
    for row in found.ai_with_groups:
        who = _who(found, row.ai, row.group)
        if row.result is None:
            yield (who, row.arm, row.figure, None, None, None, row.reason)
            continue
        r = row.result
        note = r.reason or f"{row.readers} readers ({r.readers_as})"
        if r.margin is not None:
            note += f"; not worse by {r.margin:g}: p = {p_text(r.p_noninferior)}"
        note += f"; {row.flag}" if row.flag else ""
        yield (who, row.arm, row.figure, r.difference, r.ci, p_text(r.p), note)


def _ais(found: Analysis) -> Iterable[tuple[object, ...]]:
    for contest in found.ais_compared:
        row, r = contest.comparison, contest.comparison.result
        shown = (r.difference, r.ci, p_text(r.p), p_text(contest.p_holm)) if r else (None, None, None, None)
        yield (row.ai, row.group, row.arm, row.figure, *shown, row.reason or "")


def _failures(found: Analysis) -> Iterable[tuple[object, ...]]:
    for ai_failure in found.ai_failures:
        row, r = ai_failure.comparison, ai_failure.comparison.result
        shown = (r.difference, r.ci, p_text(r.p)) if r else (None, None, row.reason)
        yield (
            ai_failure.rule,
            _who(found, row.ai, row.group),
            row.arm,
            row.figure,
            *shown,
            "used above" if ai_failure.chosen else "",
        )


def _nested(found: Analysis) -> Iterable[tuple[object, ...]]:
    for row in found.groups_compared:
        for d in row.result.differences if row.result else ():
            yield (row.arm, row.figure, f"{d.a} - {d.b}", d.estimate, d.ci, p_text(d.p), row.readers_as)


def _arms(found: Analysis) -> Iterable[tuple[object, ...]]:
    for row in found.arms_compared:
        for d in row.result.differences if row.result else ():
            who = row.result.readers if row.result else ""
            yield (row.group, row.figure, f"{d.a} - {d.b}", d.estimate, d.ci, p_text(d.p), who)


def _agreement(found: Analysis) -> Iterable[tuple[object, ...]]:
    for row in found.agreement:
        a = row.result
        yield (row.group, row.arm, *(_shown(e)[0] for e in (a.fleiss, a.ac1, a.alpha)), a.light, p_text(a.cochran_q.p))


def _switches(found: Analysis) -> Iterable[tuple[object, ...]]:
    for s in (*found.switches, *found.group_switches):
        yield (s.name, s.reads, s.right_to_wrong, s.wrong_to_right, _shown(s.automation_bias)[0],
               _shown(s.good_advice)[0], s.net.value)  # fmt: skip


def _times(found: Analysis) -> Iterable[tuple[object, ...]]:
    for r in found.readers:
        if r.times.n:
            yield (r.reader, r.arm, r.times.total / 60, *_shown(r.times.geometric_mean))


def _ratios(found: Analysis) -> Iterable[tuple[object, ...]]:
    for t in found.times:
        yield (t.who, t.arm, f"{t.a} / {t.b}", t.ratio.ratio, t.ratio.ci, p_text(t.ratio.p))
    for arm, f in found.fatigue:
        e = f.time_ratio_per_10
        yield ("readers", arm, "per 10 cases later", _shown(e)[0], figure(e.ci), "")


def _drifts(found: Analysis) -> Iterable[tuple[object, ...]]:
    for d in found.drifts:
        for part in zip(d.position, d.seconds, d.accuracy, d.reads, strict=True):
            yield (d.group, d.arm, *part)


def _fast(found: Analysis) -> Iterable[tuple[object, ...]]:
    for f in found.too_fast:
        yield (f.reader, f.arm, f.shortest, len(f.cases), f.reads)


def _rules(found: Analysis) -> Iterable[tuple[object, ...]]:
    for s in found.sensitivity:
        for name, e in s.readers:
            yield (s.rule, s.arm, _who(found, s.ai, name) if name != s.ai else name, *_shown(e))


def _secondary(found: Analysis) -> Iterable[tuple[object, ...]]:
    for s in found.secondary:
        shown = (s.result.estimate, s.result.ci) if s.result else (s.reason, None)
        yield (s.figure, s.arm, f"{s.a} - {s.b}", *shown)


def _scores(found: Analysis) -> Iterable[tuple[object, ...]]:
    for s in found.scores:
        line, half = s.line, next((point for point in s.net_benefit if point.threshold == 0.5), None)
        slope = (None, None, None) if line is None else (*_shown(line.slope), _shown(line.in_the_large)[0])
        yield (s.reader, s.arm, s.label, *_shown(s.partial), *slope, half and half.net_benefit.value)


def _intra(found: Analysis) -> Iterable[tuple[object, ...]]:
    for reader in found.intra_reader:
        yield (reader.reader, f"{reader.a}, {reader.b}", *_shown(reader.kappa), reader.observed)


def _weighted(found: Analysis) -> Iterable[tuple[object, ...]]:
    for row in found.agreement:
        for pair in row.result.weighted:
            yield (row.group, row.arm, f"{pair.a}, {pair.b}", *_shown(pair.kappa))


def _models(found: Analysis) -> Iterable[tuple[object, ...]]:
    for model in found.models:
        yield (
            model.what,
            model.arm,
            f"{model.a}, {model.b}",
            *_shown(model.estimate),
            p_text(model.p),
            model.estimate.method,
        )
