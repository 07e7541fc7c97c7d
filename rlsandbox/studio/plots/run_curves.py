"""What is drawn of a run: medians and bands over its seeds. Plain numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Curve
from rlsandbox.training.history import Gap

Floats = NDArray[np.float64]
MOST_POINTS = 200
_WINDOWS = 50
"""A moving mean covers so many-th of a curve."""


@dataclass(frozen=True)
class RunCurves:
    """One run as the plots take it.

    Attributes:
        run_id, title: which run.
        name: its algorithm, where there is no room for the title.
        color: index into the theme's series.
        curves: logs over episodes by name ("return", "length"); empty for a planner.
        gap: its distance to the oracle.
        optimum: return of the oracle, or None.
        edits: (episode, text) of every command.
        epsilon: (episodes, values) of the exploration.
    """

    run_id: int
    title: str
    name: str
    color: int
    curves: dict[str, Curve]
    gap: Gap
    optimum: float | None
    edits: tuple[tuple[float, str], ...]
    epsilon: tuple[Floats, Floats]


@dataclass(frozen=True)
class Band:
    """P points over N seeds.

    Attributes:
        x: `[P]` episodes (sweeps for a planner).
        low, median, high: `[P]` 10th, 50th and 90th percentile over the seeds.
        window: episodes that a point is the mean of; 1 for a value as it was.
        seeds: N.
    """

    x: Floats
    low: Floats
    median: Floats
    high: Floats
    window: int
    seeds: int


def window_of(run: RunCurves, name: str) -> int:
    """Episodes of the moving mean that suits a curve of its length; 1 where nothing is averaged."""
    curve = run.curves.get(name)
    return 1 if curve is None else _window(curve)


def series_of(run: RunCurves, name: str, window: int | None = None) -> Band | None:
    """A curve of a run by name: "gap", "epsilon" or a name of its logs; None where it has no such.

    Args:
        run: the run.
        name: which curve.
        window: episodes of the moving mean, where one is drawn; as suits the curve if None.
    """
    if name == "gap":
        if run.gap.clock.size == 0:
            return None
        episodes = run.gap.episodes.mean(axis=1)
        x = episodes if episodes.any() else run.gap.clock.astype(np.float64)
        return _band(x, run.gap.gap.T, 1)
    if name == "epsilon":
        x, values = run.epsilon
        return _band(x, values[None], 1) if x.size else None
    curve = run.curves.get(name)
    return None if curve is None or np.isnan(curve.values).all() else smoothed(curve, window)


def smoothed(curve: Curve, episodes: int | None = None) -> Band:
    """Median and band of a log: all replicas at the coarsest bin width, under a moving mean, thinned out."""
    width = int(curve.width.max())
    rows = [_merged(values, width // int(w)) for values, w in zip(curve.values, curve.width, strict=True)]
    values = np.full((len(rows), max(row.size for row in rows)), np.nan)
    for row, target in zip(rows, values, strict=True):
        target[: row.size] = row
    window = max(1, (_window(curve) if episodes is None else episodes) // width)
    means = _moving_mean(values, window)
    step = -(-means.shape[1] // MOST_POINTS)
    at = np.arange(means.shape[1] - 1, -1, -step)[::-1]  # the newest point always stands
    return _band((at + 1.0) * width, means[:, at], window * width)


def _window(curve: Curve) -> int:
    """Episodes that a moving mean covers."""
    width = int(curve.width.max())
    bins = -(-(~np.isnan(curve.values)).sum(axis=1) * curve.width // width)
    return width * max(1, int(bins.max(initial=0)) // _WINDOWS)


def _merged(values: Floats, factor: int) -> Floats:
    """Bins merged by `factor`; an incomplete last group is the mean of what it has."""
    filled = values[~np.isnan(values)]
    groups = np.arange(0, filled.size, factor)
    if not groups.size:
        return filled
    return np.add.reduceat(filled, groups) / np.diff(np.append(groups, filled.size))


def _moving_mean(values: Floats, window: int) -> Floats:
    """`[N, B]` mean of each bin and the `window - 1` before it; NaN where a replica has no bin."""
    there = ~np.isnan(values)
    total = np.cumsum(np.where(there, values, 0.0), axis=1)
    count = np.cumsum(there, axis=1)
    total[:, window:] = total[:, window:] - total[:, :-window]
    count[:, window:] = count[:, window:] - count[:, :-window]
    return np.where(there, total / np.maximum(count, 1), np.nan)


def _band(x: Floats, values: Floats, window: int) -> Band:
    """Percentiles over the seeds `[N, P]`, where at least half of them have a value."""
    n = values.shape[0]
    count = (~np.isnan(values)).sum(axis=0)
    kept = 2 * count >= n
    ordered, count = np.sort(values[:, kept], axis=0), np.maximum(count[kept], 1)
    low, median, high = (_quantile(ordered, count, share) for share in (0.1, 0.5, 0.9))
    return Band(x[kept], low, median, high, window, n)


def _quantile(ordered: Floats, count: NDArray[np.int64], share: float) -> Floats:
    """Linear quantile of each column of sorted `[N, P]` values of which the first `count` are there."""
    place = share * (count - 1)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, count - 1)
    columns = np.arange(ordered.shape[1])
    lower, upper = ordered[below, columns], ordered[above, columns]
    return lower + (place - below) * (upper - lower)
