"""The drawing tools, as a grid of buttons."""

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QVBoxLayout, QWidget

from rlsandbox.studio.controls import Section, ToolButton
from rlsandbox.studio.panels.button_grid import ButtonGrid
from rlsandbox.studio.theme import icon
from rlsandbox.studio.tools.base import Tool

_COLUMNS, _COMPACT_COLUMNS = 4, 2


class ToolsPanel(QWidget):
    """One button a tool; its actions carry the shortcuts and may stand in a menu as well."""

    tool_selected = Signal(str)
    """The user took another tool in hand: its id."""

    def __init__(self, tools: Sequence[Tool | type[Tool]], parent: QWidget | None = None) -> None:
        """Make a button for each tool; the first one is in hand."""
        super().__init__(parent)
        self.tool_actions: dict[str, QAction] = {}
        """`id -> QAction` in the order of the grid, for menus and the command palette."""
        self._group = QActionGroup(self)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        section = Section(self.tr("Draw"))
        self._grid = ButtonGrid(_COLUMNS)
        self._buttons: list[QWidget] = []
        for tool in tools:
            action = QAction(icon(tool.icon, "dim"), tool.title, self._group)
            action.setCheckable(True)
            action.setShortcut(QKeySequence(tool.shortcut))
            action.setData(tool.id)
            head = f"{tool.title} ({tool.shortcut})" if tool.shortcut else tool.title
            action.setToolTip(f"{head}\n{tool.tip}")
            button = ToolButton("", tool.title)
            button.setDefaultAction(action)
            button.setAccessibleName(tool.title)
            button.setAccessibleDescription(tool.tip)
            self._buttons.append(button)
            self.tool_actions[tool.id] = action
        self.addActions(self._group.actions())
        self._grid.fill(self._buttons, _COLUMNS)
        section.body.addLayout(self._grid)
        outer.addWidget(section)
        self._group.triggered.connect(self._triggered)
        self.select(tools[0].id)

    def select(self, tool_id: str) -> None:
        """Take a tool in hand, without a signal."""
        self.tool_actions[tool_id].setChecked(True)

    def set_compact(self, compact: bool) -> None:
        """Fold the grid into two columns, or open it again."""
        self._grid.fill(self._buttons, _COMPACT_COLUMNS if compact else _COLUMNS)

    def selected(self) -> str:
        """Id of the tool in hand."""
        return self._group.checkedAction().data()

    @Slot(QAction)
    def _triggered(self, action: QAction) -> None:
        self.tool_selected.emit(action.data())
