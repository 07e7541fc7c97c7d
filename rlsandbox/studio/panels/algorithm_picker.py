"""A combo box of all algorithms, family by family; those that do not suit the world say why."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QWidget

from rlsandbox.algorithms import family_of, registry
from rlsandbox.learning.problem import Problem, misfit
from rlsandbox.studio.controls import FlatCombo
from rlsandbox.studio.theme import color, font, theme_manager

_ID = Qt.ItemDataRole.UserRole


class AlgorithmPicker(FlatCombo):
    """Emits the id of the algorithm that the user picked."""

    picked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        """List the registry; its first algorithm is shown."""
        super().__init__(large=True, parent=parent)
        self.setAccessibleName(self.tr("Algorithm"))
        self._items: dict[str, QStandardItem] = {}
        model = QStandardItemModel(self)
        family = ""
        for algorithm, agent in registry().items():
            if family_of(agent) != family:
                family = family_of(agent)
                header = QStandardItem(family)
                header.setFlags(Qt.ItemFlag.NoItemFlags)
                header.setFont(font(11, 600))
                model.appendRow(header)
            item = QStandardItem(agent.title)
            item.setData(algorithm, _ID)
            item.setFont(font(13))
            model.appendRow(item)
            self._items[algorithm] = item
        self.setModel(model)
        self.setMaxVisibleItems(24)
        self._tint()
        theme_manager().changed.connect(self._tint)
        self.select(next(iter(self._items)))
        self.activated.connect(self._activated)

    def algorithm(self) -> str:
        """Id of the algorithm that is shown."""
        return self._shown

    def select(self, algorithm: str) -> None:
        """Show an algorithm, without a signal."""
        self._shown = algorithm
        self.setCurrentIndex(self._items[algorithm].row())
        self.setToolTip(registry()[algorithm].source)

    def set_problem(self, problem: Problem | type[Problem]) -> None:
        """Disable what does not suit a problem; the tooltip of an entry says why."""
        for algorithm, item in self._items.items():
            reason = misfit(registry()[algorithm], problem)
            enabled = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
            item.setFlags(enabled if reason is None else Qt.ItemFlag.NoItemFlags)
            item.setToolTip(reason or registry()[algorithm].source)
        self._tint()

    def misfit(self) -> str:
        """Why the shown algorithm does not suit the problem; empty if it does."""
        item = self._items[self._shown]
        return "" if item.isEnabled() else item.toolTip()

    @Slot()
    def _tint(self) -> None:
        """Families are quiet, what cannot be picked is faint; the style sheet knows neither."""
        for row in range(self.count()):
            algorithm = self.itemData(row, _ID)
            role = "dim" if algorithm is None else "text" if self._items[algorithm].isEnabled() else "faint"
            self.setItemData(row, color(role), Qt.ItemDataRole.ForegroundRole)

    @Slot(int)
    def _activated(self, index: int) -> None:
        algorithm = self.itemData(index, _ID)
        if algorithm and algorithm != self._shown:
            self.select(algorithm)
            self.picked.emit(algorithm)
