"""A grid of equal buttons whose number of columns can be changed."""

from PySide6.QtWidgets import QGridLayout, QWidget


class ButtonGrid(QGridLayout):
    """Widgets in the order in which they were given, row by row, packed to the left."""

    def __init__(self, columns: int, spacing: int = 4) -> None:
        super().__init__()
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(spacing)
        self._columns = columns

    def fill(self, widgets: list[QWidget], columns: int) -> None:
        """Lay these widgets out in so many columns."""
        for widget in widgets:
            self.removeWidget(widget)
        self.setColumnStretch(self._columns, 0)
        self._columns = columns
        for number, widget in enumerate(widgets):
            self.addWidget(widget, *divmod(number, columns))
        self.setColumnStretch(columns, 1)
