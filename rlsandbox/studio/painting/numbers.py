"""Numbers in cells: how they are written, and fast ways to write many."""

import math
from collections.abc import Sequence
from functools import lru_cache

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPixmap

from rlsandbox.studio.painting.arrows import INK
from rlsandbox.studio.painting.heat import is_vector
from rlsandbox.studio.theme import font
from rlsandbox.studio.typography import minus


def number(value: float, decimals: int) -> str:
    """A value as it is written in a cell: with a true minus, and short where it is large."""
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{decimals}f}" if abs(value) < 10_000 else f"{value:.2g}".replace("e+0", "e")
    if float(text) == 0:
        text = text.lstrip("-")
    return minus(text)


class NumberWriter:
    """Writes numbers of one size. On the screen each text is painted once and then copied.

    Args:
        longest: the text that must fit.
        room: its greatest width in device pixels.
        wanted: the height of the font in device pixels, if the room allows.
        smallest: the smallest height in device pixels.
    """

    def __init__(self, longest: str, room: float, wanted: float, smallest: float) -> None:
        """Choose the font."""
        self.size = max(1, round(wanted))
        wide = QFontMetricsF(font(self.size)).horizontalAdvance(longest)
        if wide > room:
            self.size = max(round(smallest), math.floor(wanted * room / wide), 1)
        self._face = font(self.size)
        self._metrics = QFontMetricsF(self._face)
        self.height = self._metrics.capHeight()

    def write(
        self,
        painter: QPainter,
        texts: Sequence[str],
        x: Sequence[float],
        baselines: Sequence[float],
        bright: Sequence[bool],
    ) -> None:
        """Write texts with their middles at `x`, each in the ink for a bright or a dark ground."""
        written = zip(texts, x, baselines, bright, strict=True)
        if is_vector(painter):
            painter.setFont(self._face)
            for text, middle, baseline, on_bright in written:
                painter.setPen(QColor(INK[on_bright]))
                left = middle - self._metrics.horizontalAdvance(text) / 2
                painter.drawText(QPointF(left, baseline), text)
            return
        draw, size = painter.drawPixmap, self.size
        for text, middle, baseline, on_bright in written:
            picture, half, ascent = _picture(text, size, on_bright)
            draw(round(middle - half), round(baseline) - ascent, picture)


@lru_cache(maxsize=8192)
def _picture(text: str, size: int, bright: bool) -> tuple[QPixmap, float, int]:
    """A text as picture; its middle, and its baseline, from the picture's left and top."""
    face = font(size)
    metrics = QFontMetricsF(face)
    width, ascent = metrics.horizontalAdvance(text), math.ceil(metrics.ascent())
    picture = QPixmap(math.ceil(width) + 2, ascent + math.ceil(metrics.descent()))
    picture.fill(Qt.GlobalColor.transparent)
    with QPainter(picture) as painter:
        painter.setFont(face)
        painter.setPen(QColor(INK[bright]))
        painter.drawText(QPointF(1, ascent), text)
    return picture, 1 + width / 2, ascent
