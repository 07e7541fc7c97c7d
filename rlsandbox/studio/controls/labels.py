"""Labels that keep to the type scale and to their column."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from rlsandbox.studio.theme import font


def text_label(
    text: str, role: str = "", size_px: int = 13, weight: int = 400, parent: QWidget | None = None
) -> QLabel:
    """A label on the type scale.

    Args:
        text: shown as it is, never read as HTML.
        role: `"dim"`, `"faint"`, `"accent"`, `"ok"`, `"warn"`, `"bad"`, or nothing for plain ink.
        size_px: 13 body, 12 dense, 11 labels.
        weight: 400 or 600.
        parent: the widget that it belongs to.
    """
    result = QLabel(text, parent)
    result.setTextFormat(Qt.TextFormat.PlainText)
    result.setFont(font(size_px, weight))
    if role:
        result.setProperty("role", role)
    return result


def wrapped(label: QLabel) -> QLabel:
    """Let a label break its lines, and ask for no more height than its width makes it need."""
    label.setWordWrap(True)
    label.setMinimumHeight(1)  # else Qt takes the height of a narrower column for the least one
    return label


class ElidedLabel(QLabel):
    """One line that is cut with an ellipsis where it does not fit; the whole text is then in its tooltip."""

    def __init__(self, text: str = "", tooltip: str = "", parent: QWidget | None = None) -> None:
        """Make a label of body text with a tooltip of its own."""
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(font(13))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._tooltip = tooltip
        self.setToolTip(tooltip)

    def minimumSizeHint(self) -> QSize:
        return QSize(24, self.fontMetrics().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        cut = self.fontMetrics().horizontalAdvance(self.text()) > self.width()
        self.setToolTip("\n".join(filter(None, (self.text() if cut else "", self._tooltip))))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), self.alignment(), text)
