"""A sentence in place, with a way out: never a modal."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from rlsandbox.studio.controls.buttons import IconButton
from rlsandbox.studio.controls.frame import draw_frame, painter_of
from rlsandbox.studio.controls.labels import text_label
from rlsandbox.studio.theme import color, font, mix, paint_icon

_ROLES = {
    "info": ("accent", "info"),
    "ok": ("ok", "check"),
    "warn": ("warn", "warning"),
    "bad": ("bad", "warning"),
}

_WIDE = 420


class Notice(QWidget):
    """A bar with a sentence, an optional action and an optional cross; hidden while it has nothing to say."""

    activated = Signal()
    """The action was pressed."""
    closed = Signal()
    """The cross was pressed."""

    def __init__(
        self,
        text: str = "",
        role: str = "info",
        *,
        action: str = "",
        closable: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """Make a bar; see `say`."""
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        line = QHBoxLayout(self)
        line.setContentsMargins(34, 8, 8, 8)
        line.setSpacing(8)
        self.label = text_label("", size_px=12)
        self.label.setWordWrap(True)
        self.label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.action_button = QPushButton()
        self.action_button.setProperty("dense", True)
        self.action_button.setFont(font(12, 600))
        self.action_button.clicked.connect(self.activated)
        self.close_button = IconButton("close", self.tr("Dismiss"), flat=True, side=22, role="dim")
        self.close_button.clicked.connect(self._dismiss)
        self._words = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._words.setSpacing(8)
        self._words.addWidget(self.label, 1)
        self._words.addWidget(self.action_button, 0, Qt.AlignmentFlag.AlignLeft)
        line.addLayout(self._words, 1)
        line.addWidget(self.close_button)
        self.say(text, role, action=action, closable=closable)

    def text(self) -> str:
        """The sentence that it shows."""
        return self.label.text()

    def say(self, text: str, role: str = "info", *, action: str = "", closable: bool = False) -> None:
        """Show a sentence; an empty one hides the bar.

        Args:
            text: one clear sentence.
            role: `"info"`, `"ok"`, `"warn"` or `"bad"`.
            action: the text of a button that is a way out; `activated` tells when it is pressed.
            closable: show a cross that hides the bar.
        """
        self._role = role
        self.label.setText(text)
        self.setAccessibleName(text)
        self.action_button.setText(action)
        self.action_button.setVisible(bool(action))
        self.close_button.setVisible(closable)
        if text and self.parentWidget() is None:
            # Shown now it would be a window of its own; this way it appears with its panel.
            self.setAttribute(Qt.WidgetAttribute.WA_WState_ExplicitShowHide, False)
        else:
            self.setVisible(bool(text))
        self.update()

    @Slot()
    def _dismiss(self) -> None:
        self.say("")
        self.closed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # In a narrow panel the action goes below the sentence, which needs the width.
        wide = self.width() >= _WIDE
        direction = QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom
        if direction != self._words.direction():
            self._words.setDirection(direction)
            self.updateGeometry()

    def minimumSizeHint(self) -> QSize:
        return QSize(120, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = painter_of(self)
        ink, icon_name = _ROLES[self._role]
        fill = mix(color("panel"), color(ink), 0.12)
        draw_frame(painter, QRectF(self.rect()), 6, fill, mix(color("panel"), color(ink), 0.4))
        paint_icon(painter, QRectF(10, (self.height() - 16) // 2, 16, 16), icon_name, ink)
