"""The row that all settings share: a label in a column of 118 px, then the control."""

from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QAction, QContextMenuEvent, QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QWidget

from rlsandbox.studio.controls.buttons import IconButton
from rlsandbox.studio.controls.labels import ElidedLabel

LABEL_WIDTH = 118
FIELD_WIDTH = 60
ROW_HEIGHT = 24

_NO_DEFAULT = object()


class Row(QWidget):
    """A labelled setting. What a user changes is told by `edited`; what a program sets is not.

    A setting that has a default and differs from it shows a small arrow that takes it back; so do a double
    click on the label and the context menu.
    """

    edited = Signal(object)

    def __init__(self, label: str, tooltip: str = "", parent: QWidget | None = None) -> None:
        """Make a row with its label; the heirs add their control to `line`."""
        super().__init__(parent)
        self._default: Any = _NO_DEFAULT
        self.setMinimumHeight(ROW_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setToolTip(tooltip)
        self.setAccessibleName(label)
        self.line = QHBoxLayout(self)
        self.line.setContentsMargins(0, 0, 0, 0)
        self.line.setSpacing(0)
        self.label = ElidedLabel(label, tooltip)
        self.label.installEventFilter(self)
        self._reset_button = IconButton(
            "reset", self.tr("Back to the default"), flat=True, side=18, role="faint"
        )
        self._reset_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the context menu serves the keyboard
        self._reset_button.clicked.connect(self.reset)
        self._head = QWidget()
        self._head.setFixedWidth(LABEL_WIDTH)
        inner = QHBoxLayout(self._head)
        inner.setContentsMargins(0, 0, 4, 0)
        inner.setSpacing(2)
        inner.addWidget(self.label, 1)
        inner.addWidget(self._reset_button)
        self._reset_button.hide()
        self.line.addWidget(self._head)

    def set_label_width(self, width: int) -> None:
        """Give the label another column than 118 px, as narrow panels need."""
        self._head.setFixedWidth(width)

    def value(self) -> Any:
        """The value that the row shows."""
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Show a value, without a signal."""
        raise NotImplementedError

    def set_default(self, value: object) -> None:
        """Name the value to which a reset goes back."""
        self._default = value
        self._refresh_reset()

    def has_default(self) -> bool:
        """Whether a default was named."""
        return self._default is not _NO_DEFAULT

    def default_text(self) -> str:
        """The default as the row would write it."""
        return str(self._default)

    def differs(self) -> bool:
        """Whether there is a default and the value is another."""
        return self.has_default() and self.value() != self._default

    @Slot()
    def reset(self) -> None:
        """Go back to the default, as if the user had typed it."""
        if self.differs():
            self.set_value(self._default)
            self.edited.emit(self._default)

    def _refresh_reset(self) -> None:
        self._reset_button.setVisible(self.differs())
        if self.differs():
            self._reset_button.setToolTip(self.tr("Back to {}").format(self.default_text()))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.label and event.type() == QEvent.Type.MouseButtonDblClick:
            assert isinstance(event, QMouseEvent)
            self.reset()
            return True
        return super().eventFilter(watched, event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if not self.has_default():
            return
        menu = QMenu(self)
        menu.addAction(self.reset_action(menu))
        menu.exec(event.globalPos())

    def reset_action(self, parent: QObject) -> QAction:
        """A menu entry that goes back to the default."""
        action = QAction(self.tr("Reset to {}").format(self.default_text()), parent)
        action.setEnabled(self.differs())
        action.triggered.connect(self.reset)
        return action
