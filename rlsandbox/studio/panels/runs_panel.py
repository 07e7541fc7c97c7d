"""The table of this session's runs: whose curves are shown, and which agent stands on the canvas."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelection, QItemSelectionModel, Qt, Signal, Slot
from PySide6.QtGui import QAction, QFontMetrics, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QTableView, QVBoxLayout, QWidget

from rlsandbox.studio.controls import text_label
from rlsandbox.studio.panels.runs_table import (
    GAP,
    NAME,
    PADDING,
    SEEDS,
    Heading,
    RunDelegate,
    RunRow,
    RunsModel,
)
from rlsandbox.studio.theme import font, theme_manager

_NARROW = 360
"""Below this width the column of seeds gives way to the names."""


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
        table.setItemDelegate(RunDelegate(table))
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
        head = Heading(table)
        table.setHorizontalHeader(head)
        head.setMinimumSectionSize(24)
        for column in range(self.model.columnCount()):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        head.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
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
            left, right = self.model.index(number, 0), self.model.index(number, GAP)
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
        for column in range(SEEDS, GAP + 1):
            heading = self.model.headerData(column, Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole)
            texts = {self.model.text(row, column) for row in self.model.rows}
            need = (
                max([small.horizontalAdvance(heading), *map(metrics.horizontalAdvance, texts)])
                + 2 * PADDING
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
        self.table.setColumnHidden(SEEDS, self.width() < _NARROW)
