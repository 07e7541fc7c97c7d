"""The table of this session's runs: whose curves are shown, and which agent stands on the canvas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QAction, QColor, QFontMetrics, QKeySequence, QPainter, QPalette, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from rlsandbox.studio.controls import text_label
from rlsandbox.studio.theme import color, font, theme, theme_manager
from rlsandbox.studio.typography import minus

Index = QModelIndex | QPersistentModelIndex
_NAME, _SEEDS, _ONLINE, _GREEDY, _GAP = range(5)
_PADDING = 6
"""Pixels left and right of what stands in a cell."""
_NARROW = 360
"""Below this width the column of seeds gives way to the names."""


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


class RunsPanel(QWidget):
    """Shows runs, newest last. The selected ones are those whose curves are shown.

    A new run is selected, and the runs of other worlds are not any more: their curves do not compare.
    """

    selection_changed = Signal(object)
    """The ids of the selected runs, a tuple."""
    bring_back = Signal(int)
    removed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = RunsModel(self)
        self._shown: tuple[int, ...] = ()
        self._fitted = False
        self._replacing = False
        self.table = self._make_table()
        self._count = text_label("", "dim", 12)
        self._empty = text_label(
            self.tr("No runs yet. Press Train: each run gets a line here, to lay its curves over another's."),
            "faint",
            12,
        )
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        header = QHBoxLayout()
        header.setContentsMargins(14, 10, 14, 4)
        header.addWidget(text_label(self.tr("Runs"), weight=600))
        header.addStretch(1)
        header.addWidget(self._count)
        self._empty.setContentsMargins(14, 4, 14, 10)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(header)
        layout.addWidget(self._empty)
        inset = QHBoxLayout()
        inset.setContentsMargins(8, 0, 8, 4)
        inset.addWidget(self.table)
        layout.addLayout(inset, 1)
        self.setMinimumWidth(240)
        theme_manager().changed.connect(self._redraw)
        self._show_count()

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setItemDelegate(_RunDelegate(table))
        table.setFont(font(12))
        table.setAccessibleName(self.tr("Runs"))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.setTabKeyNavigation(False)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(26)
        head = _Heading(table)
        table.setHorizontalHeader(head)
        head.setMinimumSectionSize(24)
        for column in range(self.model.columnCount()):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        head.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        table.selectionModel().selectionChanged.connect(self._on_selection)
        table.doubleClicked.connect(self._bring_back)

        back = QAction(self.tr("Bring back onto the canvas"), table)
        back.setShortcuts([QKeySequence(Qt.Key.Key_Return), QKeySequence(Qt.Key.Key_Enter)])
        back.triggered.connect(self._bring_back)
        show_all = QAction(self.tr("Show all curves"), table)
        show_all.setShortcut(QKeySequence(QKeySequence.StandardKey.SelectAll))
        show_all.triggered.connect(table.selectAll)
        remove = QAction(self.tr("Remove"), table)
        remove.setShortcut(QKeySequence(QKeySequence.StandardKey.Delete))
        remove.triggered.connect(self._remove)
        for action in (back, show_all, remove):
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            table.addAction(action)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        return table

    def set_rows(self, rows: Sequence[RunRow]) -> None:
        """Show these runs; the selection stays with its runs, and goes to those that were not there."""
        if tuple(rows) == self.model.rows:
            return
        if [row.run_id for row in rows] == [row.run_id for row in self.model.rows]:
            self.model.update_rows(rows)
            self._fit_columns()
            return
        known = {row.run_id for row in self.model.rows}
        new = [row for row in rows if row.run_id not in known]
        chosen = {
            row.run_id
            for row in rows
            if row in new or (row.run_id in self._shown and not (new and row.world != new[-1].world))
        }
        current = new[-1].run_id if new else self._current_id()
        selection = self.table.selectionModel()
        self._replacing = True  # the panel's listeners hear of one change, at the end
        self.model.replace_rows(rows)
        wanted = QItemSelection()
        flags = QItemSelectionModel.SelectionFlag
        for number, row in enumerate(rows):
            left, right = self.model.index(number, 0), self.model.index(number, _GAP)
            if row.run_id in chosen:
                wanted.select(left, right)
            if row.run_id == current:
                selection.setCurrentIndex(left, flags.NoUpdate)
        selection.select(wanted, flags.ClearAndSelect)
        self._replacing = False
        self._fit_columns()
        self._on_selection()
        if new:
            self.table.scrollToBottom()

    def _fit_columns(self) -> None:
        """Columns of numbers take what their texts need, so that the names get the rest."""
        head, metrics, small = self.table.horizontalHeader(), QFontMetrics(font(12)), QFontMetrics(font(11))
        for column in range(_SEEDS, _GAP + 1):
            heading = self.model.headerData(column, Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole)
            texts = {self.model.text(row, column) for row in self.model.rows}
            need = (
                max([small.horizontalAdvance(heading), *map(metrics.horizontalAdvance, texts)])
                + 2 * _PADDING
                + 2
            )
            # It grows and never shrinks: figures that change do not make the table twitch.
            if need > head.sectionSize(column) or not self._fitted:
                head.resizeSection(column, need)
        self._fitted = True

    def selected_ids(self) -> tuple[int, ...]:
        """The runs whose curves are shown, from the top of the table to its end."""
        return self._shown

    @Slot()
    def _on_selection(self) -> None:
        if self._replacing:
            return
        numbers = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        shown = tuple(self.model.rows[number].run_id for number in numbers)
        self._show_count(len(shown))
        self.table.viewport().update()
        if shown != self._shown:
            self._shown = shown
            self.selection_changed.emit(shown)

    def _show_count(self, shown: int = 0) -> None:
        total = len(self.model.rows)
        self._count.setText(self.tr("{0} of {1} shown").format(shown, total) if total else "")
        self._empty.setVisible(not total)
        self.table.setVisible(bool(total))

    def _current_id(self) -> int | None:
        number = self.table.currentIndex().row()
        return self.model.rows[number].run_id if 0 <= number < len(self.model.rows) else None

    @Slot()
    def _bring_back(self) -> None:
        run_id = self._current_id()
        if run_id is not None:
            self.bring_back.emit(run_id)

    @Slot()
    def _remove(self) -> None:
        run_id = self._current_id()
        if run_id is not None:
            self.removed.emit(run_id)

    @Slot()
    def _redraw(self) -> None:
        self.table.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.table.setColumnHidden(_SEEDS, self.width() < _NARROW)


class RunsModel(QAbstractTableModel):
    """Rows of `RunRow`; Qt asks only for those in view."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[RunRow, ...] = ()
        self._several_worlds = False
        self._headings = {
            _NAME: (self.tr("Run"), ""),
            _SEEDS: (self.tr("Seeds"), self.tr("How many replicas were trained at once")),
            _ONLINE: (
                self.tr("Online return"),
                self.tr("Undiscounted return of the last 100 episodes while learning, with exploration"),
            ),
            _GREEDY: (
                self.tr("Greedy"),
                self.tr("Undiscounted return of the greedy policy, measured when the run rests"),
            ),
            _GAP: (
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
                self.dataChanged.emit(self.index(number, 0), self.index(number, _GAP))

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
        if role == Qt.ItemDataRole.ForegroundRole and column == _GAP and isinstance(row.gap, str):
            return color("warn")
        if role == Qt.ItemDataRole.ForegroundRole and column == _NAME and row.state == "failed":
            return color("bad")
        return None

    def text(self, row: RunRow, column: int) -> str:
        """What stands in a cell."""
        if column == _NAME:
            return f"{row.title} · {row.world}" if self._several_worlds and row.world else row.title
        if column == _SEEDS:
            return str(row.seeds)
        if column == _GAP:
            return row.gap if isinstance(row.gap, str) else figure(row.gap)
        return figure(row.online_return if column == _ONLINE else row.greedy_return)


class _RunDelegate(QStyledItemDelegate):
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
        place = cell.rect.adjusted(_PADDING, 0, -_PADDING, 0)
        if index.column() == _NAME:
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


class _Heading(QHeaderView):
    """Headings without lines or boxes."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setFixedHeight(24)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        painter.fillRect(rect, color("panel"))
        painter.setFont(font(11))
        painter.setPen(color("dim"))
        text = self.model().headerData(section, Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole)
        painter.drawText(rect.adjusted(_PADDING, 0, -_PADDING, 0), _alignment(section), text)


def figure(value: float | None) -> str:
    """A return in as many figures as tell runs apart: −49.9, −13, 0.734; nothing where there is none."""
    if value is None:
        return "\N{EN DASH}"
    decimals = 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    text = f"{value:,.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else minus(text)


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if column == _NAME else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter
