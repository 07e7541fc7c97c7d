"""What is drawn of a run: medians and bands over its seeds. Plain numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Curve
from rlsandbox.training.history import Gap

Floats = NDArray[np.float64]
EVERYBODYS = ("return", "length")
"""Logs that every run with episodes has."""
MOST_POINTS = 200
_WINDOWS = 50
"""A moving mean covers at most so many-th of a curve."""
_ROUND = (1, 2, 5, 10, 20, 50)
"""Bins of a moving mean: few sizes, so that a curve that grows seldom changes its looks."""


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
        predicts: whether `gap` is the error of its values, not the loss of its policy.
        played: whether its world can only be played, so that nobody knows the truth about it.
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
    predicts: bool = False
    played: bool = False

    def unit(self, name: str) -> str:
        """What the horizontal axis of a curve counts: updates, episodes, or a planner's sweeps."""
        if name in self.curves and name not in EVERYBODYS:
            return self.curves[name].unit
        return "episodes" if self.curves else "sweeps"

    @property
    def own(self) -> tuple[str, ...]:
        """Names of the logs that only its algorithm keeps."""
        return tuple(name for name in self.curves if name not in EVERYBODYS)


@dataclass(frozen=True)
class Band:
    """P points over N seeds.

    Attributes:
        x: `[P]` episodes (sweeps for a planner).
        low, median, high: `[P]` 10th, 50th and 90th percentile over the seeds; low and high may be infinite.
        window: episodes that a point is the mean of; 1 for a value as it was.
        seeds: N.
        endless: how many seeds have no value at the newest point, because their policy never ends.
    """

    x: Floats
    low: Floats
    median: Floats
    high: Floats
    window: int
    seeds: int
    endless: int = 0


def series_of(run: RunCurves, name: str, window: int | None = None) -> Band | None:
    """A curve of a run by name: "gap", "epsilon" or a name of its logs; None where it has no such.

    Args:
        run: the run.
        name: which curve.
        window: episodes of the moving mean of a log; as suits it if None, 0 for none.
    """
    if name == "gap":
        return _gap(run) if run.gap.clock.size else None
    if name == "epsilon" and run.epsilon[0].size:
        x, values = run.epsilon
        return _band(x, values[None], 1)
    curve = run.curves.get(name)
    if curve is None or np.isnan(curve.values).all():
        return None
    return unsmoothed(curve) if window == 0 else smoothed(curve, window)


def window_of(run: RunCurves, name: str) -> int:
    """Episodes of the moving mean that suits a curve of its length; 1 where nothing is averaged."""
    curve = run.curves.get(name)
    return 1 if curve is None else _window(curve)


def smoothed(curve: Curve, episodes: int | None = None) -> Band:
    """Median and band of a log: all replicas at the coarsest bin width, under a moving mean, thinned out."""
    values, count, width = _aligned(curve)
    window = max(1, (_window(curve) if episodes is None else episodes) // width)
    bins = values.shape[1]
    step = -(-bins // MOST_POINTS)
    at = np.arange(step - 1, bins, step)
    if at[-1] != bins - 1:
        at = np.append(at, bins - 1)  # the newest point always stands
    return _band(_ends(curve, width, at), _moving_mean(values, count, window, at), window * width)


def unsmoothed(curve: Curve) -> Band:
    """Median and band of every bin; where there are too many, the least and the greatest of each few."""
    values, _, width = _aligned(curve)
    full = _band(_ends(curve, width, np.arange(values.shape[1])), values, width)
    step = -(-full.x.size // MOST_POINTS)
    if step <= 1:
        return full
    first = np.arange(0, full.x.size, step)
    last = np.append(first[1:], full.x.size) - 1
    least, greatest = np.minimum.reduceat, np.maximum.reduceat
    x = np.stack([full.x[first], full.x[last]], axis=1).ravel()
    median = np.stack([greatest(full.median, first), least(full.median, first)], axis=1).ravel()
    low, high = np.repeat(least(full.low, first), 2), np.repeat(greatest(full.high, first), 2)
    return Band(x, low, median, high, width, full.seeds)


def short_titles(runs: Sequence[RunCurves]) -> list[str]:
    """What tells runs apart: the algorithm, the hyperparameters that are not the same everywhere."""
    words = [run.title.removeprefix(run.name).split() for run in runs]
    numbers = [own.pop() if len(own) % 2 else "" for own in words]
    pairs = [dict(zip(own[::2], own[1::2], strict=False)) for own in words]
    values: dict[str, set[str]] = {}
    for own in pairs:
        for symbol, value in own.items():
            values.setdefault(symbol, set()).add(value)
    return [
        " ".join(
            [run.name, *(f"{symbol} {value}" for symbol, value in own.items() if len(values[symbol]) > 1)]
            + [number] * bool(number)
        )
        for run, own, number in zip(runs, pairs, numbers, strict=True)
    ]


def _window(curve: Curve) -> int:
    """Episodes that a moving mean covers."""
    width = int(curve.width.max())
    bins = -(-int(curve.episodes.max(initial=0)) // width)
    most = max(1, bins // _WINDOWS)
    return width * max(size for size in _ROUND if size <= most)


def _ends(curve: Curve, width: int, at: NDArray[np.int64]) -> Floats:
    """Last episodes of the bins `at`: the newest bin may not be full."""
    return np.minimum((at + 1.0) * width, float(curve.episodes.max()))


def _aligned(curve: Curve) -> tuple[Floats, NDArray[np.int64], int]:
    """Means at the coarsest bin width of all replicas and episodes behind them `[N, B]`, and that width."""
    width, bins = int(curve.width.max()), np.arange(curve.values.shape[1])
    own = curve.width[:, None]
    count = np.clip(curve.episodes[:, None] - bins * own, 0, own)
    if (own == width).all():
        return curve.values, count, width
    sums = np.zeros((2, *curve.values.shape))
    for i, (values, counts) in enumerate(zip(curve.values, count, strict=True)):
        groups = np.arange(0, bins.size, width // int(own[i, 0]))
        both = np.stack([np.where(counts > 0, values * counts, 0.0), counts])
        sums[:, i, : groups.size] = np.add.reduceat(both, groups, axis=1)
    total, count = sums[0], sums[1].astype(np.int64)
    used = int(np.count_nonzero(count.any(axis=0)))
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean[:, :used], count[:, :used], width


def _moving_mean(values: Floats, count: NDArray[np.int64], window: int, at: NDArray[np.int64]) -> Floats:
    """Means over the episodes of the bins `at` and the `window - 1` before each; NaN where it is empty.

    Args:
        values: `[N, B]` means over bins.
        count: `[N, B]` episodes in them.
        window: bins of a mean.
        at: `[P]` numbers of bins.

    Returns:
        `[N, P]`.
    """
    there = count > 0
    zero = np.zeros((values.shape[0], 1))
    total = np.hstack([zero, np.cumsum(np.where(there, values * count, 0.0), axis=1)])
    episodes = np.hstack([zero, np.cumsum(count, axis=1)])
    first = np.maximum(at + 1 - window, 0)
    sums, counts = (sums[:, at + 1] - sums[:, first] for sums in (total, episodes))
    return np.where(there[:, at], sums / np.maximum(counts, 1), np.nan)


def _gap(run: RunCurves) -> Band:
    """Distances to the oracle. A policy that never ends is further away than any that does."""
    episodes, gap = run.gap.episodes, run.gap.gap.T
    x = episodes.mean(axis=1) if run.curves else run.gap.clock.astype(np.float64)
    endless = np.isnan(gap)
    ordered = np.sort(np.where(endless, np.inf, gap), axis=0)
    everyone = np.full(x.size, gap.shape[0])
    low, median, high = (_quantile(ordered, everyone, share) for share in (0.1, 0.5, 0.9))
    kept = np.isfinite(median)
    return Band(
        x[kept], low[kept], median[kept], high[kept], 1, gap.shape[0], int(np.count_nonzero(endless[:, -1]))
    )


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
    between = (place > below) & (upper > lower)
    span = np.subtract(upper, lower, out=np.zeros_like(lower), where=between)
    return lower + np.where(between, (place - below) * span, 0.0)
