"""Ids of cases: the same id written in two ways, and cases that belong to clusters such as patients."""

import re

import numpy as np
from numpy.typing import NDArray

from core.stats.columns import Column, Rows, require
from core.stats.estimate import Ints, StatsError

TAKEN = ("reader", "treatment", "case", "truth", "rating", "prediction", "arm", "group", "session", "attempt")
PADDED = re.compile(r"(\D*?)0*(\d+?)(\.0+)?")


def refuse_lookalikes(rows: Rows, name: str) -> None:
    """Raise StatsError for two ids that differ only in leading zeros or ".0", such as 1, 001 and 1.0."""
    column, seen = rows[name], dict[tuple[str, str], str]()
    for text in column.present():
        match = PADDED.fullmatch(text)
        if match is None:
            continue
        other = seen.setdefault((match[1], match[2]), text)
        if other != text:
            at = [
                rows.lines[int(np.flatnonzero(column.codes == column.texts.index(value))[0])] for value in (other, text)
            ]
            raise StatsError(
                f"Row {at[1]}, column {name}: '{text}' is probably the same {name} as '{other}' in row {at[0]}; write "
                "each id in one way, or give different ones."
            )


def within_clusters(rows: Rows, cluster: str | None) -> tuple[Rows, dict[str, str]]:
    """The rows, and the cluster of every case; where an id of a case is used in several clusters, ids that name both.

    Raises StatsError for a column that is missing or has an empty value.
    """
    if cluster is None:
        return rows, {}
    if cluster not in rows.columns:
        raise StatsError(f"--cluster: there is no column '{cluster}'; the table has {', '.join(rows.columns)}.")
    if cluster in TAKEN:
        raise StatsError(f"--cluster: the column {cluster} cannot be the cluster; name one such as patient.")
    require(rows, (cluster,))
    refuse_lookalikes(rows, cluster)
    case, group = rows["case"], rows[cluster]
    pairs, first_at = np.unique(np.stack([case.codes, group.codes]), axis=1, return_inverse=True)
    again = len(np.unique(pairs[0])) < pairs.shape[1]
    texts = tuple(
        f"{group.texts[g]} / {case.texts[c]}" if again else case.texts[c] for c, g in zip(*pairs.tolist(), strict=True)
    )
    made = {**rows.columns, "case": Column("case", np.asarray(first_at, np.int64).ravel(), texts)}
    return Rows(rows.lines, made), {text: group.texts[g] for text, g in zip(texts, pairs[1].tolist(), strict=True)}


def numbered(cluster: str, cluster_of: dict[str, str], cases: tuple[str, ...]) -> tuple[Ints | None, tuple[str, ...]]:
    """The number of each case's cluster, and what was done with clusters."""
    names = np.unique(np.array([cluster_of[name] for name in cases]))
    codes = clusters_among(np.array([cluster_of[name] for name in cases]))
    if codes is None:
        return None, (f"Each {cluster} has one case: the figures are those of cases that stand alone.",)
    if names.size < 2:
        raise StatsError(f"Column {cluster}: all cases belong to '{names[0]}'; clusters need two or more.")
    return codes, (
        f"{len(cases)} cases of {names.size} clusters (column {cluster}): areas by Obuchowski 1997, proportions by Rao "
        "& Scott 1992, other figures by a jackknife of clusters.",
    )


def clusters_among(owner: NDArray[np.generic]) -> Ints | None:
    """Clusters numbered from 0 of cases that belong to `owner` (n,); None where every case has an owner of its own."""
    found, codes = np.unique(owner, return_inverse=True)
    return None if found.size == owner.size else codes.ravel()
