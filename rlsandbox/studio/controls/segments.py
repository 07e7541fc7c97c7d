"""A few choices side by side in one frame, of which one holds."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from rlsandbox.studio.controls.frame import KeyboardFocus, draw_frame, painter_of
from rlsandbox.studio.theme import color, font

_HEIGHT = 28


class _Segment(KeyboardFocus, QPushButton):
    """One choice: on the accent's tint when it holds."""

    def __init__(self, text: str, tooltip: str) -> None:
        super().__init__(text)
        self.setCheckable(True)
        self.setFont(font(12, 600))
        self.setToolTip(tooltip)
        self.setAccessibleName(text)
        self.setAccessibleDescription(tooltip)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 4, _HEIGHT - 4)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = painter_of(self)
        on, enabled = self.isChecked(), self.isEnabled()
        fill = "tint" if on else "hover" if enabled and self.underMouse() else None
        draw_frame(painter, QRectF(self.rect()), 5, fill, None, self.shows_ring())
        painter.setPen(color("faint" if not enabled else "text" if on else "dim"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())


class Segments(QWidget):
    """Choices by key. A click on the one that holds is told as well, for those that ask something."""

    chosen = Signal(str)
    """The user has pressed a choice; it does not hold before `select` says so."""

    def __init__(self, choices: Sequence[tuple[str, str, str]], parent: QWidget | None = None) -> None:
        """Make a row of choices (key, text, tooltip); the first holds."""
        super().__init__(parent)
        self.setFixedHeight(_HEIGHT)
        line = QHBoxLayout(self)
        line.setContentsMargins(2, 2, 2, 2)
        line.setSpacing(2)
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QPushButton] = {}
        self._tips: dict[str, str] = {}
        for key, text, tooltip in choices:
            button = _Segment(text, tooltip)
            button.setObjectName(key)
            self._group.addButton(button)
            self.buttons[key], self._tips[key] = button, tooltip
            line.addWidget(button)
        self._group.buttonClicked.connect(self._on_click)
        self._shown = choices[0][0]
        self.select(self._shown)

    def select(self, key: str) -> None:
        """Show which choice holds, without a signal."""
        self._shown = key
        self.buttons[key].setChecked(True)

    def selected(self) -> str:
        """The choice that holds."""
        return self._shown

    def refuse(self, key: str, reason: str | None) -> None:
        """Take a choice away, with the reason in its tooltip; None gives it back."""
        self.buttons[key].setEnabled(reason is None)
        self.buttons[key].setToolTip(reason or self._tips[key])

    def set_compact(self, compact: bool) -> None:
        """Make do with less width."""
        for button in self.buttons.values():
            button.setFont(font(11 if compact else 12, 600))

    def _on_click(self, button: QPushButton) -> None:
        self.buttons[self._shown].setChecked(True)
        self.chosen.emit(button.objectName())

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_frame(painter_of(self), QRectF(self.rect()), 7, "raised", "line")
