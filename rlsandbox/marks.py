"""What overlays are made of: a few kinds of marks on the grid, as plain values.

Positions are (row, column) in cells; cell (r, c) covers the square from (r, c) to (r + 1, c + 1), and its
middle is (r + 0.5, c + 0.5). NaN means: nothing here. The studio paints them: screen, PNG and SVG.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Colormap = str
"""A name that painters know: "viridis", "cividis" or "diverging" (around zero)."""


@dataclass(frozen=True)
class Heatmap:
    """A colour for every cell, or a smooth surface.

    Attributes:
        values: `[H, W]` float64, NaN where there is none; of a surface `[k H, k W]`, k being `per_cell`.
        low, high: the values at the ends of the colour scale, low < high.
        colormap: name of the scale.
        label: what the values are ("V", "visits"), for the legend.
        note: a sentence part for the legend ("optimal start value -13.0"), may be empty.
        logarithmic: whether colours go by the logarithm (visits).
        per_cell: values along a side of a cell; more than one are painted as a smooth surface.
    """

    values: NDArray[np.float64]
    low: float
    high: float
    colormap: Colormap
    label: str
    note: str = ""
    logarithmic: bool = False
    per_cell: int = 1

    @cached_property
    def by_cell(self) -> NDArray[np.float64]:
        """`[H, W]`: the mean in each cell, NaN where there is none."""
        if self.per_cell == 1:
            return self.values
        rows, columns = (size // self.per_cell for size in self.values.shape)
        parts = self.values.reshape(rows, self.per_cell, columns, self.per_cell)
        known = ~np.isnan(parts)
        count, total = known.sum(axis=(1, 3)), np.where(known, parts, 0.0).sum(axis=(1, 3))
        return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)


@dataclass(frozen=True)
class Triangles:
    """A colour for each of the four moves of a cell, as triangles that meet in its middle.

    Attributes:
        values: `[H, W, 4]` float64 in the order up, right, down, left; NaN where there is none.
        low, high, colormap, label, note: as for `Heatmap`.
    """

    values: NDArray[np.float64]
    low: float
    high: float
    colormap: Colormap
    label: str
    note: str = ""


@dataclass(frozen=True)
class Arrows:
    """Arrows in the middle of cells, or of their parts.

    Attributes:
        rows, columns: `[M]` int64, the cells; with `per_cell` the parts, counted over all cells.
        towards: `[M, 2]` float64, direction in rows and columns; (0, 0) is drawn as a dot (stay).
        lengths: `[M]` float64 in 0..1, share of the longest arrow that fits the cell, or the part.
        per_cell: parts along a side of a cell.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    towards: NDArray[np.float64]
    lengths: NDArray[np.float64]
    per_cell: int = 1


@dataclass(frozen=True)
class Labels:
    """A number in every cell, shown when the zoom leaves room for it.

    Attributes:
        values: `[H, W]` float64, NaN where there is none.
        decimals: digits after the point.
    """

    values: NDArray[np.float64]
    decimals: int = 1


@dataclass(frozen=True)
class Paths:
    """A line through cells, first to last, fading towards its beginning.

    Attributes:
        points: `[M, 2]` float64, rows and columns.
        jumps: `[M]` bool, True where the agent did not walk to the point (teleported, started again).
    """

    points: NDArray[np.float64]
    jumps: NDArray[np.bool_]


@dataclass(frozen=True)
class Edges:
    """Straight lines between cells.

    Attributes:
        points: `[M, 4]` float64, row and column where each begins and ends.
        widths: `[M]` float64 in 0..1, share of the widest line.
    """

    points: NDArray[np.float64]
    widths: NDArray[np.float64]


@dataclass(frozen=True)
class Badge:
    """A sign on one cell.

    Its kind is "agent", "point" (an agent between cells), "selected", "updated", "touched", "changed",
    "disagrees", or a text.
    """

    row: float
    column: float
    kind: str


@dataclass(frozen=True)
class Badges:
    """Several badges."""

    badges: tuple[Badge, ...]


@dataclass(frozen=True)
class Remark:
    """A sentence in place of a scale in the legend: why there is nothing to see."""

    text: str


Mark = Heatmap | Triangles | Arrows | Labels | Paths | Edges | Badges | Remark
