"""Names of curves beside a piece of their line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from rlsandbox.studio.controls.frame import painter_of
from rlsandbox.studio.theme import color, font, theme

_LINE, _GAP, _BETWEEN = 14, 6, 16
_MOST_NAMED = 4


class Legend(QWidget):
    """One row; names that do not fit are cut, and of many curves it tells only how many there are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries: tuple[tuple[str, int], ...] = ()
        self.setFont(font(12))
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def set_entries(self, entries: Sequence[tuple[str, int]], tooltip: str = "") -> None:
        """Show pairs of a name and an index into the theme's series."""
        self.setToolTip(tooltip)
        if tuple(entries) != self._entries:
            self._entries = tuple(entries)
            self.setAccessibleName(self.text())
            self.updateGeometry()
            self.update()

    def text(self) -> str:
        """What is written there."""
        if self._crowded:
            return self.tr("{0} runs, in the colours of the table").format(len(self._entries))
        return ", ".join(name for name, _ in self._entries)

    @property
    def _crowded(self) -> bool:
        return len(self._entries) > _MOST_NAMED

    def _widths(self) -> list[int]:
        metrics = self.fontMetrics()
        return [metrics.horizontalAdvance(name) + 1 for name, _ in self._entries]

    def sizeHint(self) -> QSize:
        if self._crowded:
            return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 1, 20)
        widths = self._widths()
        return QSize(sum(widths) + len(widths) * (_LINE + _GAP) + max(0, len(widths) - 1) * _BETWEEN, 20)

    def minimumSizeHint(self) -> QSize:
        return QSize(1, 20)  # many runs take no room from the other plot

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, metrics, series = painter_of(self), self.fontMetrics(), theme().series
        if self._crowded:
            painter.setPen(color("dim"))
            text = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, text)
            return
        names, lines = self._widths(), len(self._entries) * (_LINE + _GAP)
        room = self.width() - lines - max(0, len(names) - 1) * _BETWEEN
        share = min(1.0, room / max(1, sum(names)))
        x, middle = 0.0, self.height() / 2
        for (name, index), wanted in zip(self._entries, names, strict=True):
            width = max(0.0, wanted * share)
            painter.setPen(QPen(QColor(series[index % len(series)]), 2, c=Qt.PenCapStyle.RoundCap))
            painter.drawLine(QPointF(x + 1, middle), QPointF(x + _LINE - 1, middle))
            painter.setPen(color("dim"))
            text = name if share == 1.0 else metrics.elidedText(name, Qt.TextElideMode.ElideRight, int(width))
            place = QRectF(x + _LINE + _GAP, 0, width + 2, self.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, text)
            x += _LINE + _GAP + width + _BETWEEN
