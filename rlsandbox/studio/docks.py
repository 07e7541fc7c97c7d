"""Where the panels stand: four docks around the canvas, and how they give way in a small window."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QObject, Qt, Slot
from PySide6.QtWidgets import QDockWidget, QFrame, QMainWindow, QScrollArea, QVBoxLayout, QWidget

from rlsandbox.studio.controls.buttons import IconButton

LEFT, RIGHT = 220, 328
_BOTTOM, _LOW_BOTTOM = 208, 150
_FOLDED = 134
_NARROW, _LOW = 1200, 780
"""Below this width the left column folds to icons, below this height the curves are lower."""
_CURVES_SHARE = 0.7
_UNBOUNDED = (1 << 24) - 1
_VERSION = 1


class Docks(QObject):
    """The docks of a window by name: "draw", "agent", "curves", "runs". All can be resized and hidden.

    Args:
        window: the window that they belong to.
        draw: panels of the left column; those in `foldable` are hidden when it folds to icons.
        agent: panels of the right column.
        curves: panel at the bottom left.
        runs: panel at the bottom right.
        foldable: panels without a small form.
    """

    def __init__(
        self,
        window: QMainWindow,
        draw: list[QWidget],
        agent: list[QWidget],
        curves: QWidget,
        runs: QWidget,
        foldable: list[QWidget],
    ) -> None:
        super().__init__(window)
        self._window, self._draw, self._foldable = window, draw, foldable
        self._unfold = IconButton(
            "sliders", self.tr("Show names, rules and the cell's properties"), flat=True
        )
        self._unfold.setCheckable(True)
        self._unfold.clicked.connect(self._on_unfold)
        self._folded: bool | None = None
        self._is_low = False
        area = Qt.DockWidgetArea
        self._areas = {
            "draw": area.LeftDockWidgetArea,
            "agent": area.RightDockWidgetArea,
            "curves": area.BottomDockWidgetArea,
            "runs": area.BottomDockWidgetArea,
        }
        contents = {
            "draw": (self.tr("Draw"), _scrolled(column(*draw, self._unfold), LEFT)),
            "agent": (self.tr("Agent"), _scrolled(column(*agent), RIGHT)),
            "curves": (self.tr("Curves"), curves),
            "runs": (self.tr("Runs"), runs),
        }
        self.by_name: dict[str, QDockWidget] = {}
        for name, (title, content) in contents.items():
            dock = QDockWidget(title, window)
            dock.setObjectName(name)
            dock.setWidget(content)
            self.by_name[name] = dock
        for corner in (Qt.Corner.BottomLeftCorner, Qt.Corner.BottomRightCorner):
            window.setCorner(corner, area.BottomDockWidgetArea)
        self.lock(True)
        self.arrange()

    def lock(self, locked: bool) -> None:
        """Hide the docks' title bars, or show them so that the docks can be moved and floated."""
        for dock in self.by_name.values():
            dock.setTitleBarWidget(QWidget() if locked else None)  # type: ignore[arg-type]

    def arrange(self) -> None:
        """Put every dock where it is at first."""
        for name, dock in self.by_name.items():
            dock.setFloating(False)
            self._window.addDockWidget(self._areas[name], dock)
            dock.show()
        self._window.splitDockWidget(self.by_name["curves"], self.by_name["runs"], Qt.Orientation.Horizontal)
        across, width = Qt.Orientation.Horizontal, self._window.width()
        self._window.resizeDocks([self.by_name["draw"], self.by_name["agent"]], [LEFT, RIGHT], across)
        shares = [int(_CURVES_SHARE * width), int((1 - _CURVES_SHARE) * width)]
        self._window.resizeDocks([self.by_name["curves"], self.by_name["runs"]], shares, across)
        self._window.resizeDocks([self.by_name["curves"]], [_BOTTOM], Qt.Orientation.Vertical)

    def save(self) -> QByteArray:
        """The arrangement, for `restore`."""
        return self._window.saveState(_VERSION)

    def restore(self, state: QByteArray | None) -> None:
        """Take over a saved arrangement, or the first one."""
        if state is None or not self._window.restoreState(state, _VERSION):
            self.arrange()

    def give_way(self) -> None:
        """Follow the size of the window."""
        self._fold(self._window.width() < _NARROW)
        is_low = self._window.height() < _LOW
        if is_low != self._is_low:
            self._is_low = is_low
            height = _LOW_BOTTOM if is_low else _BOTTOM
            self._window.resizeDocks([self.by_name["curves"]], [height], Qt.Orientation.Vertical)

    def _fold(self, narrow: bool) -> None:
        """Show the left column as icons, or whole; the button at its foot opens it in a narrow window."""
        self._unfold.setVisible(narrow)
        folded = narrow and not self._unfold.isChecked()
        if folded == self._folded:
            return
        self._folded = folded
        for panel in self._draw:
            if panel in self._foldable:
                panel.setVisible(not folded)
            else:
                panel.set_compact(folded)  # type: ignore[attr-defined]
        content = self.by_name["draw"].widget()
        content.setMinimumWidth(_FOLDED if folded else LEFT)
        content.setMaximumWidth(_FOLDED if folded else _UNBOUNDED)
        self._window.resizeDocks(
            [self.by_name["draw"]], [_FOLDED if folded else LEFT], Qt.Orientation.Horizontal
        )

    @Slot()
    def _on_unfold(self) -> None:
        self._fold(narrow=True)


def column(*widgets: QWidget, grows: QWidget | None = None) -> QWidget:
    """Widgets under one another, edge to edge; what room is left goes to one of them, or below."""
    box = QWidget()
    layout = QVBoxLayout(box)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    for widget in widgets:
        layout.addWidget(widget, int(widget is grows))
    if grows is None:
        layout.addStretch(1)
    return box


def _scrolled(content: QWidget, width: int) -> QScrollArea:
    """A column that scrolls where the window is low."""
    scroll = QScrollArea()
    scroll.setWidgetResizable(True)
    scroll.setFrameShape(QFrame.Shape.NoFrame)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    scroll.setWidget(content)
    scroll.setMinimumWidth(width)
    return scroll
