"""What the table of runs holds, and how its cells are painted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPalette, QPen
from PySide6.QtWidgets import (
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from rlsandbox.studio.theme import color, font, theme
from rlsandbox.studio.typography import minus

Index = QModelIndex | QPersistentModelIndex
NAME, SEEDS, ONLINE, GREEDY, GAP = range(5)
PADDING = 6
"""Pixels left and right of what stands in a cell."""


@dataclass(frozen=True)
class RunRow:
    """One line of the table.

    Attributes:
        run_id: names the run in the panel's signals.
        title: the algorithm and what was set otherwise than by default.
        color: which of the theme's series colours its curves have; counted round.
        seeds: how many replicas.
        online_return: mean undiscounted return while learning; None before the first episode's end.
        greedy_return: mean undiscounted return of the greedy policy; None where not measured.
        gap: V*(start) - V^pi(start), a sentence such as "never ends", or None where not known.
        state: what the run does.
        details: every hyperparameter, for the tooltip.
        world: name of the world that it was begun in; written out where the table holds several.
    """

    run_id: int
    title: str
    color: int
    seeds: int
    online_return: float | None
    greedy_return: float | None
    gap: float | str | None
    state: str
    details: str = ""
    world: str = ""


class RunsModel(QAbstractTableModel):
    """Rows of `RunRow`; Qt asks only for those in view."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[RunRow, ...] = ()
        self._several_worlds = False
        self._headings = {
            NAME: (self.tr("Run"), ""),
            SEEDS: (self.tr("Seeds"), self.tr("How many replicas were trained at once")),
            ONLINE: (
                self.tr("Online return"),
                self.tr("Undiscounted return of the last 100 episodes while learning, with exploration"),
            ),
            GREEDY: (
                self.tr("Greedy"),
                self.tr("Undiscounted return of the greedy policy, measured when the run rests"),
            ),
            GAP: (
                self.tr("Gap"),
                self.tr(
                    "Optimal value of the start less the value of the greedy policy there; "
                    "for a method that predicts, the root mean square error of its values"
                ),
            ),
        }

    def update_rows(self, rows: Sequence[RunRow]) -> None:
        """Take other figures of the same runs."""
        old, self.rows = self.rows, tuple(rows)
        for number, (before, after) in enumerate(zip(old, self.rows, strict=True)):
            if before != after:
                self.dataChanged.emit(self.index(number, 0), self.index(number, GAP))

    def replace_rows(self, rows: Sequence[RunRow]) -> None:
        """Take other runs."""
        self.beginResetModel()
        self.rows = tuple(rows)
        self._several_worlds = len({row.world for row in self.rows}) > 1
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._headings)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        text, tip = self._headings[section]
        answers: dict[int, Any] = {
            Qt.ItemDataRole.DisplayRole: text,
            Qt.ItemDataRole.ToolTipRole: tip,
            Qt.ItemDataRole.TextAlignmentRole: _alignment(section),
        }
        return answers.get(role)

    def data(self, index: Index, role: int = 0) -> Any:
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            keys = self.tr("Double-click or Enter brings its agent back, Delete removes it.")
            return "\n".join(filter(None, (row.title, row.world, row.state, row.details, "", keys)))
        if role == Qt.ItemDataRole.ForegroundRole and column == GAP and isinstance(row.gap, str):
            return color("warn")
        if role == Qt.ItemDataRole.ForegroundRole and column == NAME and row.state == "failed":
            return color("bad")
        return None

    def text(self, row: RunRow, column: int) -> str:
        """What stands in a cell."""
        if column == NAME:
            return f"{row.title} · {row.world}" if self._several_worlds and row.world else row.title
        if column == SEEDS:
            return str(row.seeds)
        if column == GAP:
            return row.gap if isinstance(row.gap, str) else figure(row.gap)
        return figure(row.online_return if column == ONLINE else row.greedy_return)


class RunDelegate(QStyledItemDelegate):
    """Draws the cells; the dot before a name is filled while the curves of the run are shown."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        cell = QStyleOptionViewItem(option)
        self.initStyleOption(cell, index)
        model, view = index.model(), cell.widget
        assert isinstance(model, RunsModel) and isinstance(view, QTableView)
        text, cell.text = cell.text, ""
        view.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, cell, painter, view)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place = cell.rect.adjusted(PADDING, 0, -PADDING, 0)
        if index.column() == NAME:
            if view.hasFocus() and view.currentIndex().row() == index.row():
                painter.fillRect(
                    QRectF(cell.rect.left(), cell.rect.top(), 2, cell.rect.height()), color("accent")
                )
            shown = bool(cell.state & QStyle.StateFlag.State_Selected)
            _draw_dot(
                painter, QPointF(place.left() + 4.5, place.center().y() + 0.5), model.rows[index.row()], shown
            )
            place.setLeft(place.left() + 16)
        painter.setFont(cell.font)
        painter.setPen(cell.palette.color(QPalette.ColorRole.Text))
        cut = cell.fontMetrics.elidedText(text, Qt.TextElideMode.ElideRight, place.width())
        painter.drawText(place, _alignment(index.column()), cut)
        painter.restore()


def _draw_dot(painter: QPainter, middle: QPointF, row: RunRow, filled: bool) -> None:
    series = theme().series
    ink = QColor(series[row.color % len(series)])
    painter.setPen(QPen(ink, 1.5))
    painter.setBrush(ink if filled else Qt.BrushStyle.NoBrush)
    painter.drawEllipse(middle, 3.75, 3.75)


class Heading(QHeaderView):
    """Headings without lines or boxes."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setFixedHeight(24)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        painter.fillRect(rect, color("panel"))
        painter.setFont(font(11))
        painter.setPen(color("dim"))
        text = self.model().headerData(section, Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole)
        painter.drawText(rect.adjusted(PADDING, 0, -PADDING, 0), _alignment(section), text)


def figure(value: float | None) -> str:
    """A return in as many figures as tell runs apart: −49.9, −13, 0.734; nothing where there is none."""
    if value is None:
        return "\N{EN DASH}"
    decimals = 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    text = f"{value:,.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else minus(text)


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if column == NAME else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter
