"""The primary button, the square icon buttons beside it, and the checkable tools of the drawing panel."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPaintEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QStyle, QStyleOptionToolButton, QToolButton, QWidget

from rlsandbox.studio.controls.frame import KeyboardFocus, draw_frame, painter_of
from rlsandbox.studio.theme import color, font, icon, mix, paint_icon


class PrimaryButton(KeyboardFocus, QPushButton):
    """The one button of a panel that is meant to be pressed: filled with the accent."""

    def __init__(self, text: str, icon_name: str = "", parent: QWidget | None = None) -> None:
        """Make a button with a text and, before it, one of our icons."""
        super().__init__(text, parent)
        self._icon_name = icon_name
        self.setFont(font(13, 600))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(text)

    def set_face(self, text: str, icon_name: str = "") -> None:
        """Change text and icon together, as from Train to Pause."""
        self._icon_name = icon_name
        self.setText(text)
        self.setAccessibleName(text)
        self.update()

    def sizeHint(self) -> QSize:
        icon_width = 22 if self._icon_name else 0
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + icon_width + 32, 36)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint() - QSize(16, 0)  # "Train anew" beside four buttons in a panel that scrolls

    def _fill(self) -> QColor:
        if not self.isEnabled():
            return color("raised")
        if self.isDown():
            return mix(color("accent"), color("bg"), 0.18)
        if self.underMouse():
            return mix(color("accent"), color("text"), 0.12)
        return color("accent")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = painter_of(self)
        box = QRectF(self.rect())
        border = None if self.isEnabled() else "line"
        draw_frame(painter, box, 7, self._fill(), border)
        if self.shows_ring():
            draw_frame(painter, box.adjusted(2, 2, -2, -2), 5, None, color("on"))
        ink = "on" if self.isEnabled() else "faint"
        width = self.fontMetrics().horizontalAdvance(self.text())
        lead = 24 if self._icon_name else 0
        x = (box.width() - width - lead) / 2
        if self._icon_name:
            paint_icon(painter, QRectF(round(x), round(box.height() / 2 - 9), 18, 18), self._icon_name, ink)
        painter.setPen(color(ink))
        place = QRectF(x + lead, 0, width + 2, box.height())
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text())


class _FramedToolButton(KeyboardFocus, QToolButton):
    """A tool button of a fixed size with its icon in the middle; a `QAction` may be set on it as usual."""

    _radius = 7.0
    _icon_px = 18
    _role = "text"

    def __init__(self, icon_name: str, tooltip: str, size: QSize, parent: QWidget | None) -> None:
        super().__init__(parent)
        self._size = size
        if icon_name:
            self.setIcon(icon(icon_name, self._role))
        self.setToolTip(tooltip)
        self.setAccessibleName(tooltip)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedSize(size)

    def set_icon(self, icon_name: str, tooltip: str = "") -> None:
        """Change the icon and, where given, the tooltip with it, as from play to pause."""
        self.setIcon(icon(icon_name, self._role))
        if tooltip:
            self.setToolTip(tooltip)
            self.setAccessibleName(tooltip)

    def sizeHint(self) -> QSize:
        return self._size

    def _frame(self) -> tuple[str | None, str | None]:
        """Fill and border, by state."""
        raise NotImplementedError

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionToolButton()
        self.initStyleOption(option)
        painter = painter_of(self)
        fill, border = self._frame()
        draw_frame(painter, QRectF(self.rect()), self._radius, fill, border, self.shows_ring())
        mode = QIcon.Mode.Normal if self.isEnabled() else QIcon.Mode.Disabled
        state = QIcon.State.On if self.isChecked() else QIcon.State.Off
        side = self._icon_px
        box = QStyle.alignedRect(
            self.layoutDirection(), Qt.AlignmentFlag.AlignCenter, QSize(side, side), self.rect()
        )
        self.icon().paint(painter, box, Qt.AlignmentFlag.AlignCenter, mode, state)


class IconButton(_FramedToolButton):
    """A button that is an icon: a raised 36 px square, a flat 28 px one, or a disc."""

    def __init__(
        self,
        icon_name: str,
        tooltip: str,
        *,
        flat: bool = False,
        disc: bool = False,
        side: int = 0,
        role: str = "text",
        parent: QWidget | None = None,
    ) -> None:
        """Make a button.

        Args:
            icon_name: one of our icons.
            tooltip: what it does; also its name for screen readers.
            flat: no frame until the pointer is over it.
            disc: round, as the play button of the transport.
            side: width and height in pixels; 0 takes 28 when flat, else 36.
            role: the colour of the icon.
            parent: the widget that it belongs to.
        """
        side = side or (28 if flat else 36)
        super().__init__(icon_name, tooltip, QSize(side, side), parent)
        self._flat = flat
        self._radius = side / 2 if disc else 7.0 if side > 30 else 6.0
        self._icon_px = 18 if side >= 28 else 14
        self._role = role
        self.set_icon(icon_name)

    def _frame(self) -> tuple[str | None, str | None]:
        if not self.isEnabled():
            return None, None if self._flat else "line"
        if self.isDown():
            return "line", None if self._flat else "line"
        if self.isChecked():
            return "tint", None
        if self.underMouse():
            return "hover", None if self._flat else "line"
        return (None, None) if self._flat else ("raised", "line")


class ToolButton(_FramedToolButton):
    """A checkable tool of the drawing panel, 44 x 34 px: on the accent's tint when it is the tool in hand."""

    _icon_px = 20
    _role = "dim"

    def __init__(self, icon_name: str, tooltip: str, parent: QWidget | None = None) -> None:
        """Make a tool, or with an empty `icon_name` one that takes its icon from a `QAction`.

        Put several into an exclusive `QButtonGroup` or `QActionGroup` to have one checked at a time.
        """
        super().__init__(icon_name, tooltip, QSize(44, 34), parent)
        self.setCheckable(True)

    def _frame(self) -> tuple[str | None, str | None]:
        if self.isChecked():
            return "tint", None
        return ("hover", None) if self.underMouse() and self.isEnabled() else (None, None)
