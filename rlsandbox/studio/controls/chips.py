"""Chips: checkable pills in one row; what does not fit waits in a menu at its end."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QMenu, QPushButton, QSizePolicy, QWidget, QWidgetAction

from rlsandbox.studio.controls.frame import KeyboardFocus, draw_frame, painter_of
from rlsandbox.studio.controls.labels import text_label
from rlsandbox.studio.theme import color, font, paint_icon

_HEIGHT = 28
_GAP = 6


class Chip(KeyboardFocus, QPushButton):
    """A checkable pill: quiet when off, a raised frame when on."""

    def __init__(self, text: str, *, tooltip: str = "", parent: QWidget | None = None) -> None:
        """Make a chip, off."""
        super().__init__(text, parent)
        self.setCheckable(True)
        self.setFont(font(13))
        self.setToolTip(tooltip)
        self.setAccessibleName(text)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 24, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = painter_of(self)
        on, enabled = self.isChecked(), self.isEnabled()
        fill = "hover" if enabled and self.underMouse() else "raised" if on else None
        draw_frame(painter, QRectF(self.rect()), _HEIGHT / 2, fill, "line" if on else None, self.shows_ring())
        painter.setPen(color("faint" if not enabled else "text" if on else "dim"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())


class _MoreButton(KeyboardFocus, QPushButton):
    """Opens the menu of the chips that are not in the row; a dot says that one of them is on."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setText(self.tr("More"))
        self.setFont(font(13))
        self.setAccessibleName(self.text())
        self.setMenu(QMenu(self))
        self.dot = False

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 40, _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = painter_of(self)
        fill = "hover" if self.underMouse() or self.isDown() else None
        draw_frame(painter, QRectF(self.rect()), _HEIGHT / 2, fill, None, self.shows_ring())
        width = self.fontMetrics().horizontalAdvance(self.text())
        painter.setPen(color("text" if self.dot else "dim"))
        painter.drawText(12, 0, width + 2, _HEIGHT, Qt.AlignmentFlag.AlignVCenter, self.text())
        paint_icon(painter, QRectF(12 + width + 3, 8, 12, 12), "chevron-down", "dim")
        if self.dot:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color("accent"))
            painter.drawEllipse(QRectF(12 + width + 3 + 13, 7, 5, 5))


def _heading(text: str, menu: QMenu) -> QWidgetAction:
    """A quiet title over the entries of a group; keys pass it over."""
    heading, label = QWidgetAction(menu), text_label(text, "faint", 11, 600)
    label.setContentsMargins(12, 6, 12, 2)
    heading.setText(text)
    heading.setDefaultWidget(label)
    heading.setEnabled(False)
    return heading


class ChipRow(QWidget):
    """A row of chips by key; those that do not fit, or are kept there, are in the menu "More"."""

    toggled = Signal(str, bool)
    """A user switched a chip, in the row or in the menu."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Make an empty row."""
        super().__init__(parent)
        self._chips: dict[str, Chip] = {}
        self._keys: dict[Chip, str] = {}
        self._kept: set[str] = set()
        self._groups: dict[str, str] = {}
        self._in_menu: list[str] = []
        self._more = _MoreButton(self)
        self._more.menu().aboutToShow.connect(self.fill_menu)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(_HEIGHT)

    def add_chip(
        self,
        key: str,
        text: str,
        *,
        checked: bool = False,
        tooltip: str = "",
        in_menu: bool = False,
        group: str = "",
    ) -> Chip:
        """Add a chip at the end; with `in_menu` it lives in "More" however wide the row is.

        In the menu chips of a `group` stand together under its name, in the order of their first chips.
        """
        chip = Chip(text, tooltip=tooltip, parent=self)
        chip.setChecked(checked)
        chip.clicked.connect(self._clicked)
        self._chips[key] = chip
        self._keys[chip] = key
        self._groups[key] = group
        if in_menu:
            self._kept.add(key)
        self._arrange()
        self.updateGeometry()
        return chip

    def chip(self, key: str) -> Chip:
        """The chip of a key, for its tooltip or to disable it."""
        return self._chips[key]

    def keys(self) -> list[str]:
        """All keys, in order."""
        return list(self._chips)

    def checked(self) -> list[str]:
        """The keys that are on, in order."""
        return [key for key, chip in self._chips.items() if chip.isChecked()]

    def in_menu(self) -> list[str]:
        """The keys that are in the menu now."""
        return list(self._in_menu)

    def set_checked(self, key: str, on: bool) -> None:
        """Switch a chip, without a signal."""
        self._chips[key].setChecked(on)
        self._mark_more()

    def sizeHint(self) -> QSize:
        widths = [c.sizeHint().width() + _GAP for k, c in self._chips.items() if k not in self._kept]
        more = self._more.sizeHint().width() if self._kept else -_GAP
        return QSize(max(0, sum(widths) + more), _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(self._more.sizeHint().width(), _HEIGHT)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        shown = [key for key in self._chips if key not in self._kept]
        more_width = self._more.sizeHint().width()
        room = self.width()
        total = sum(self._chips[key].sizeHint().width() + _GAP for key in shown)
        if self._kept or total - _GAP > room:
            room -= more_width
            while shown and total > room:
                total -= self._chips[shown.pop()].sizeHint().width() + _GAP
        x = 0
        y = (self.height() - _HEIGHT) // 2
        for key, chip in self._chips.items():
            chip.setVisible(key in shown)
            if key in shown:
                width = chip.sizeHint().width()
                chip.setGeometry(x, y, width, _HEIGHT)
                x += width + _GAP
        self._in_menu = [key for key in self._chips if key not in shown]
        self._more.setVisible(bool(self._in_menu))
        self._more.setGeometry(x, y, more_width, _HEIGHT)
        self._mark_more()

    def _mark_more(self) -> None:
        self._more.dot = any(self._chips[key].isChecked() for key in self._in_menu)
        self._more.update()

    def menu(self) -> QMenu:
        """The menu "More", filled when it opens."""
        return self._more.menu()

    @Slot()
    def fill_menu(self) -> None:
        """Make the menu's entries anew, one for each chip that is not in the row."""
        menu = self._more.menu()
        menu.clear()
        menu.setToolTipsVisible(True)
        groups, last = list(dict.fromkeys(self._groups.values())), ""
        for key in sorted(self._in_menu, key=lambda key: groups.index(self._groups[key])):
            if self._groups[key] != last:
                last = self._groups[key]
                menu.addAction(_heading(last, menu))
            chip = self._chips[key]
            action = menu.addAction(chip.text())
            action.setCheckable(True)
            action.setChecked(chip.isChecked())
            action.setEnabled(chip.isEnabled())
            action.setToolTip(chip.toolTip())
            action.triggered.connect(chip.click)

    @Slot(bool)
    def _clicked(self, on: bool) -> None:
        chip = self.sender()
        assert isinstance(chip, Chip)
        self._mark_more()
        self.toggled.emit(self._keys[chip], on)
