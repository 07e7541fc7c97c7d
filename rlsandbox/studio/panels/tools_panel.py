"""The drawing tools, as a grid of buttons."""

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QVBoxLayout, QWidget

from rlsandbox.studio.controls import NumberRow, Section, ToolButton
from rlsandbox.studio.panels.button_grid import ButtonGrid
from rlsandbox.studio.panels.number_rows import narrow
from rlsandbox.studio.theme import icon
from rlsandbox.studio.tools.base import Tool

_COLUMNS, _COMPACT_COLUMNS = 4, 2
_LABEL_WIDTH = 104


class ToolsPanel(QWidget):
    """One button a tool; its actions carry the shortcuts and may stand in a menu as well."""

    tool_selected = Signal(str)
    """The user took another tool in hand: its id."""
    number_changed = Signal(object)
    """The number that the tool in hand paints is another one."""

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
        self._numbers = {tool.id: tool.number for tool in tools}
        self.number = NumberRow("", 1.0, None, None, tooltip=self.tr("What this tool gives to a cell."))
        self.number.edited.connect(self.number_changed)
        narrow(self.number)
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
        section.add(self.number)
        outer.addWidget(section)
        self._group.triggered.connect(self._triggered)
        self.select(tools[0].id)

    def select(self, tool_id: str) -> None:
        """Take a tool in hand, without a signal."""
        self.tool_actions[tool_id].setChecked(True)
        self.number.label.setText(self._numbers[tool_id])
        self.number.field.setAccessibleName(self._numbers[tool_id])
        self.number.setVisible(bool(self._numbers[tool_id]))

    def set_compact(self, compact: bool) -> None:
        """Fold the grid into two columns, or open it again."""
        self._grid.fill(self._buttons, _COMPACT_COLUMNS if compact else _COLUMNS)
        self.number.set_label_width(0 if compact else _LABEL_WIDTH)

    def selected(self) -> str:
        """Id of the tool in hand."""
        return self._group.checkedAction().data()

    @Slot(QAction)
    def _triggered(self, action: QAction) -> None:
        self.tool_selected.emit(action.data())
