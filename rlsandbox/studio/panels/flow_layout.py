"""Buttons of one size in as many columns as there is room for."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget


class FlowLayout(QLayout):
    """Fills rows from the left; its height follows its width."""

    def __init__(self, columns: int, spacing: int, parent: QWidget | None = None) -> None:
        """Make a layout of at most `columns` columns; `least` of them are always there."""
        super().__init__(parent)
        self.least = 1
        self._columns = columns
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(spacing)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._size(self._fitting(width)).height()

    def sizeHint(self) -> QSize:
        return self._size(self._columns)

    def minimumSize(self) -> QSize:
        size = self._size(self.least)
        return QSize(size.width(), self._cell().height())

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        cell, columns = self._cell(), self._fitting(rect.width())
        for number, item in enumerate(self._items):
            row, column = divmod(number, columns)
            x = rect.x() + column * (cell.width() + self.spacing())
            y = rect.y() + row * (cell.height() + self.spacing())
            item.setGeometry(QRect(x, y, cell.width(), cell.height()))

    def _cell(self) -> QSize:
        return self._items[0].sizeHint() if self._items else QSize(0, 0)

    def _fitting(self, width: int) -> int:
        step = self._cell().width() + self.spacing()
        fit = (width + self.spacing()) // step if step else self._columns
        return min(max(fit, self.least), self._columns)

    def _size(self, columns: int) -> QSize:
        rows, cell, gap = -(-len(self._items) // columns), self._cell(), self.spacing()
        return QSize(columns * (cell.width() + gap) - gap, max(0, rows * (cell.height() + gap) - gap))
