"""What a drawn figure consists of, as plain values: panels of curves, and tables of numbers. Knows no Qt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """One curve.

    Attributes:
        x, y: `[P]` points in the order of x; NaN leaves a gap.
        low, high: `[P]` edges of a band around it, or None.
        dashed: a level to compare with.
    """

    x: Floats
    y: Floats
    low: Floats | None = None
    high: Floats | None = None
    dashed: bool = False

    @classmethod
    def of(cls, x: ArrayLike, y: ArrayLike, dashed: bool = False) -> Line:
        """A curve without a band."""
        return cls(np.asarray(x, np.float64), np.asarray(y, np.float64), dashed=dashed)

    @classmethod
    def mean(cls, x: ArrayLike, values: ArrayLike) -> Line:
        """The mean over the rows of `[N, P]` values, in a band of a standard error on either side."""
        values = np.asarray(values, np.float64)
        y, error = values.mean(axis=0), np.zeros(values.shape[1])
        if values.shape[0] > 1:
            error = values.std(axis=0, ddof=1) / np.sqrt(values.shape[0])
        return cls(np.asarray(x, np.float64), y, y - error, y + error)

    def to_dict(self) -> dict[str, Any]:
        """The points as lists."""
        rows = {"x": self.x, "y": self.y, "low": self.low, "high": self.high}
        return {name: row.tolist() for name, row in rows.items() if row is not None}


@dataclass(frozen=True)
class Panel:
    """Axes with curves.

    Attributes:
        title: above it.
        x, y: what the axes count.
        lines: curves by name.
        log_x: whether the horizontal axis is logarithmic.
        y_range: what the vertical axis shows; None shows everything.
    """

    title: str
    x: str
    y: str
    lines: dict[str, Line] = field(default_factory=dict)
    log_x: bool = False
    y_range: tuple[float, float] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON can hold it."""
        lines = {name: line.to_dict() for name, line in self.lines.items()}
        return {"title": self.title, "x": self.x, "y": self.y, "curves": lines}


@dataclass(frozen=True)
class Table:
    """A grid of numbers.

    Attributes:
        title: above it.
        values: `[R, C]`.
        decimals: how they are written.
    """

    title: str
    values: Floats
    decimals: int = 1

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON can hold it."""
        return {"title": self.title, "values": self.values.tolist()}
