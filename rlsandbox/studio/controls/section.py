"""Panels are made of sections: a quiet heading, content, and a line of 1 px before the next."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from rlsandbox.studio.controls.buttons import IconButton
from rlsandbox.studio.controls.labels import text_label
from rlsandbox.studio.theme import color


class Separator(QWidget):
    """A line of 1 px."""

    def __init__(
        self, orientation: Qt.Orientation = Qt.Orientation.Horizontal, parent: QWidget | None = None
    ) -> None:
        """Make a line that stretches along `orientation`."""
        super().__init__(parent)
        if orientation == Qt.Orientation.Horizontal:
            self.setFixedHeight(1)
        else:
            self.setFixedWidth(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), color("line"))


class Section(QWidget):
    """A heading over content, with a line below; foldable on request.

    `body` is the layout for the content; `header` is the row of the heading, for what stands at its end.
    """

    folded = Signal(bool)

    def __init__(
        self,
        title: str = "",
        *,
        collapsible: bool = False,
        separator: bool = True,
        spacing: int = 4,
        parent: QWidget | None = None,
    ) -> None:
        """Make an empty section.

        Args:
            title: the heading; empty for none.
            collapsible: show a chevron that folds the content away.
            separator: draw the line below.
            spacing: pixels between the things in `body`.
            parent: the widget that it belongs to.
        """
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.setAccessibleName(title)
        self._separator = separator
        outer = QVBoxLayout(self)
        outer.setContentsMargins(14, 10, 14, 11 if separator else 10)
        outer.setSpacing(8)
        self._title = text_label(title, "dim", 11, 600)
        self._fold: IconButton | None = None
        self.header = QHBoxLayout()
        self.header.setSpacing(8)
        if title or collapsible:
            self.header.addWidget(self._title)
            self.header.addStretch(1)
            outer.addLayout(self.header)
        if collapsible:
            self._fold = IconButton(
                "chevron-down", self.tr("Fold {}").format(title), flat=True, side=20, role="dim"
            )
            self._fold.clicked.connect(self._toggle)
            self.header.addWidget(self._fold)
        self._content = QWidget()
        self.body = QVBoxLayout(self._content)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(spacing)
        outer.addWidget(self._content)

    def set_title(self, title: str) -> None:
        """Change the heading."""
        self._title.setText(title)
        self.setAccessibleName(title)

    def add(self, *widgets: QWidget) -> None:
        """Put widgets below what is there."""
        for widget in widgets:
            self.body.addWidget(widget)

    def is_folded(self) -> bool:
        """Whether the content is folded away."""
        return self._content.isHidden()

    def set_folded(self, folded: bool) -> None:
        """Fold the content away, or show it."""
        if folded == self.is_folded():
            return
        self._content.setVisible(not folded)
        if self._fold is not None:
            self._fold.set_icon("chevron-right" if folded else "chevron-down")
        self.folded.emit(folded)

    def _toggle(self) -> None:
        self.set_folded(not self.is_folded())

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._separator:
            QPainter(self).fillRect(0, self.height() - 1, self.width(), 1, color("line"))
