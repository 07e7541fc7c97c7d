"""Axes with round numbers and without lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter

from rlsandbox.studio.theme import font, theme
from rlsandbox.studio.typography import minus

_MOST_OF_AXIS = 0.4
"""Share of an axis that the name of its unit may take."""
_ROOM = {"left": 32, "bottom": 84}
"""Pixels between two numbers, about."""


class RoundAxis(pg.AxisItem):
    """Numbers at multiples of 1, 2 or 5 times a power of ten; at the end of a lower one what they count.

    Args:
        side: "left" or "bottom".
        whole: whether what a lower axis counts is whole.
    """

    def __init__(self, side: str, whole: bool = True) -> None:
        super().__init__(side, showValues=True)
        self._room, self._unit = _ROOM[side], ""
        self._least = 1.0 if side == "bottom" and whole else 0.0
        self.setStyle(tickLength=0, tickTextOffset=6, hideOverlappingLabels=False)
        self.setTickFont(font(11))
        self.enableAutoSIPrefix(False)
        self.setPen(pg.mkPen(None))
        if side == "left":
            self.setWidth(46)
        else:
            self.setHeight(22)
        self.dress()

    def dress(self) -> None:
        """Take the colours of the theme that is on now."""
        self.setTextPen(pg.mkPen(theme().dim))

    def set_unit(self, unit: str) -> None:
        """Name what it counts."""
        if unit != self._unit:
            self._unit = unit
            self.picture = None  # else it shows the one that it has painted before
            self.update()

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:
        return [(max(round_step((maxVal - minVal) / max(2.0, size / self._room)), self._least), 0.0)]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        return tick_texts(values, spacing)

    def generateDrawSpecs(self, p: QPainter) -> Any:
        specs = super().generateDrawSpecs(p)
        return specs and (specs[0], [], self._with_unit(specs[2]))  # ticks of no length would be dots

    def _with_unit(self, numbers: list[Any]) -> list[Any]:
        """Triples (place, alignment, text), the unit at the right instead of the numbers in its way."""
        room = self.size()
        width = QFontMetrics(font(11)).horizontalAdvance(self._unit) + 1
        if not (self._unit and numbers) or width > _MOST_OF_AXIS * room.width():
            return numbers
        like = numbers[0][0]
        place = QRectF(room.width() - width, like.top(), width, like.height())
        clear = [one for one in numbers if one[0].right() < place.left() - 8]
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop
        return [*clear, (place, int(flags) | int(Qt.TextFlag.TextDontClip), self._unit)]

    def levels(self) -> list[float]:
        """Where its numbers stand now."""
        low, high = self.range
        values: Any = self.tickValues(low, high, self.height())
        return [float(value) for value in values[0][1]] if values else []


def round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10 ... times a power of ten that is not below `least`."""
    if not (math.isfinite(least) and least > 0):
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def tick_texts(values: Sequence[float], spacing: float) -> list[str]:
    """Numbers of an axis, all in one unit: −0.5, 2,500, 40k, 1M."""
    largest = max((abs(value) for value in values), default=0.0)
    unit, sign = next(
        ((unit, sign) for unit, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if largest >= 10 * unit or
         (largest >= unit >= 1e6)),
        (1.0, ""),
    )  # fmt: skip
    decimals = max(0, -math.floor(math.log10(spacing / unit) + 1e-9)) if spacing > 0 else 0
    texts = [f"{value / unit:,.{decimals}f}" for value in values]
    if sign and decimals:
        texts = [text.rstrip("0").rstrip(".") for text in texts]  # 0.5M and 1M
    return ["0" if float(text.replace(",", "")) == 0 else minus(f"{text}{sign}") for text in texts]
