"""Subgroups as tables for people: figures, differences with what was prespecified, and differences of differences."""

from core.results.blocks import Row
from core.results.draw.text import p_text, points_with_interval, with_interval
from core.results.rows import StudyFacts
from core.results.subgroups import FEWEST, Line, Subgroups, Who
from core.stats.reader_figures import ALL
from core.study.prespecification import ALL_READERS

CONTRASTS_NOTE = (
    "The difference in the first subgroup minus that in the second, percentage points: Obuchowski-Rockette with the "
    "subgroups as treatments that have cases of their own (Hillis 2014). Not adjusted for the number of subgroups. "
    "Only attributes that split the cases in two are tested, all others are descriptive."
)


def planned_difference(study: StudyFacts, differences: list[Who]) -> Who | None:
    """Return the difference that the study's primary comparison is about, None where it is not among them."""
    plan = study.protocol.prespecification
    against_ai = plan.comparison == "ai_vs_readers"
    # the hypothesis is about the first AI, whose differences come first
    first = next((ai for _, arm, ai in differences if arm), "")
    own = [who for who in differences if bool(who[1]) == against_ai and (not against_ai or who[2] == first)]
    wanted = ALL if plan.comparator == ALL_READERS else plan.comparator
    # with one group the analysis has all readers under its name, or the group under theirs
    return next((who for who in own if who[0] == wanted), own[0] if len(own) == 1 else None)


def figure_table(found: Subgroups) -> list[Row]:
    """Return the figure of the AI and every group in each subgroup, percent with interval."""
    return [
        {
            **_named(found, line),
            **{who_name(found, who): with_interval(line.figure(who)) for who in found.who},
        }
        for line in found.lines
        if not line.few
    ]


def effect_table(found: Subgroups) -> list[Row]:
    """Return the differences in each subgroup in percentage points, and whether the subgroup was prespecified."""
    planned = planned_difference(found.study, found.differences)
    made: list[Row] = []
    for line in found.lines:
        if line.few:
            continue
        row = _named(found, line)
        for who in found.differences:
            row[effect_name(found, who)] = points_with_interval(line.effect(who).estimate)
        said = f"prespecified: {effect_name(found, planned)}" if line.prespecified and planned else "exploratory"
        made.append({**row, "reading": said if line.key else "–"})
    return made if found.differences else []


def contrast_table(found: Subgroups) -> list[Row]:
    """Return for each pair of subgroups how far the differences lie apart: interval and p, or why there is no test."""
    made: list[Row] = []
    for contrast in found.contrasts:
        row: Row = {"attribute": contrast.attribute, "compared": f"{contrast.first} minus {contrast.second}"}
        for effect in contrast.effects:
            if effect.arm in ("", found.arm):
                estimate = effect.estimate
                known = {"difference of differences": points_with_interval(estimate), "p": p_text(effect.p)}
                made.append(
                    {
                        **row,
                        "of": effect_name(found, (effect.group, effect.arm, effect.ai)),
                        **known,
                        "method": estimate.method,
                    }
                )
        if contrast.reason and not contrast.few:
            empty = {"difference of differences": f"– ({contrast.reason})", "p": "–", "method": "–"}
            made.append({**row, "of": "–", **empty})
    return made


def too_few(found: Subgroups) -> str:
    """Return which subgroups have too few cases for any figure, with their number of cases; "" for none."""
    few = [f"{line.attribute.lower()} {line.level} ({line.figures.counted})" for line in found.lines if line.few]
    return f"Fewer than {FEWEST} cases that count, too few for a figure: {', '.join(few)}." if few else ""


def figure_note(found: Subgroups) -> str:
    """Return what the table of figures rests on, and which attributes do not split the cases."""
    how = (
        "the AI by Wilson, DeLong or jackknife; a group by its readers' mean, readers random from "
        "three on (in a subgroup these readers only where that is wider)"
    )
    alike = f" All cases are alike in {', '.join(found.alike).lower()}." if found.alike else ""
    return f"Percent with 95 % interval: {how}. Undecided reads are wrong.{alike}"


def effect_note(found: Subgroups) -> str:
    """Return what the table of differences rests on, and what was prespecified."""
    told = list(dict.fromkeys(line.attribute.lower() for line in found.lines if line.prespecified))
    planned = planned_difference(found.study, found.differences)
    text = "Percentage points with 95 % interval, each subgroup by itself, not adjusted for the number of subgroups. "
    if not told or planned is None:
        return f"{text}No subgroup was prespecified for this figure and these cuts: all are exploratory."
    named = f"Prespecified: {effect_name(found, planned)} by {', '.join(told)}; every other entry is exploratory"
    return f"{text}{named}. The prespecified rules for missing and undecided reads hold."


def who_name(found: Subgroups, who: Who) -> str:
    """Return whose figure it is, with the arm where there are two."""
    group, arm = who
    several = len({arm for _, arm in found.who if arm}) > 1
    return f"{group}, {arm}" if arm and several else group


def effect_name(found: Subgroups, who: Who) -> str:
    """Return a difference in words."""
    group, arm, ai = who
    return f"{ai} minus {group}" if arm else f"aided minus unaided, {group}"


def _named(found: Subgroups, line: Line) -> Row:
    return {
        "attribute": line.attribute or "–",
        "subgroup": line.level,
        "cases": line.figures.cases,
        f"that count for {found.study.figure_label(found.figure)}": line.figures.counted,
    }
