"""The bar at the top: the program's name, its menus, the open world's title, undo, redo and search."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QMenuBar, QSizePolicy, QWidget

from rlsandbox.studio.controls.buttons import IconButton
from rlsandbox.studio.controls.labels import text_label


class TopBar(QWidget):
    """Menus on the left, the title in the middle, three buttons on the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("TopBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(33)
        self.menus = QMenuBar()
        self.menus.setNativeMenuBar(False)
        self.menus.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        name = text_label("RL Sandbox", size_px=13, weight=600)
        self._title = text_label("", size_px=13)
        self._title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        left = QHBoxLayout()
        left.setContentsMargins(14, 0, 0, 0)
        left.setSpacing(8)
        left.addWidget(name)
        left.addWidget(self.menus)
        left.addStretch()
        self._right = QHBoxLayout()
        self._right.setContentsMargins(0, 0, 10, 0)
        self._right.setSpacing(2)
        self._right.addStretch()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 1)
        grid.addLayout(left, 0, 0)
        grid.addWidget(self._title, 0, 1)
        grid.addLayout(self._right, 0, 2)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(2, 1)

    def set_title(self, title: str, unsaved: bool) -> None:
        """Show the title of the world, with a dot while it has unsaved edits."""
        self._title.setText(f"{title}  •" if unsaved else title)
        self._title.setToolTip(self.tr("There are unsaved edits") if unsaved else "")

    def add_button(self, icon_name: str, action: QAction) -> None:
        """Add a flat button that follows an action."""
        button = IconButton(icon_name, action.toolTip(), flat=True, side=28, role="dim")
        button.setEnabled(action.isEnabled())
        button.clicked.connect(action.trigger)
        action.enabledChanged.connect(button.setEnabled)
        self._right.addWidget(button)
