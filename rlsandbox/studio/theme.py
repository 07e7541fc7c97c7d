"""The look of the studio: two themes, their palette and style sheet, tinted icons and fonts.

This is the only module that knows the colours of the chrome. Widgets that paint themselves ask `theme()`
while they paint, so a change of theme needs no more than the repaint that Qt does when the palette changes.
"""

import functools
import re
from dataclasses import asdict, dataclass
from string import Template
from typing import Literal

from PySide6.QtCore import QByteArray, QObject, QPoint, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QGuiApplication,
    QIcon,
    QIconEngine,
    QPainter,
    QPalette,
    QPixmap,
)
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from rlsandbox.studio.stylesheet import STYLE_SHEET
from rlsandbox.worlds.assets import asset_path

ThemeName = Literal["light", "dark", "system"]


@dataclass(frozen=True)
class Theme:
    """The colours of one theme, as strings that `QColor` reads (`#rrggbb`, or `#aarrggbb` where see-through).

    Attributes:
        name: `"light"` or `"dark"`.
        bg: behind everything; panel: panels and bars; raised: fields and buttons.
        line: separators and borders.
        text, dim, faint: ink, in three strengths.
        accent: selection and the one primary button; on: ink on the accent.
        wall, canvas, grid: the drawing surface.
        ok, warn, bad: what went well, needs care, went wrong.
        tint: the accent, quietly, behind a selected row or tool; hover: under the pointer.
        series: curve colours that stay apart for colour-blind eyes, blue and orange first.
    """

    name: str
    bg: str
    panel: str
    raised: str
    line: str
    text: str
    dim: str
    faint: str
    accent: str
    on: str
    wall: str
    ok: str
    warn: str
    bad: str
    canvas: str
    grid: str
    tint: str
    hover: str
    series: tuple[str, ...]


THEMES: dict[str, Theme] = {
    "dark": Theme(
        name="dark",
        bg="#15171c",
        panel="#1b1e24",
        raised="#242830",
        line="#2f343e",
        text="#e7e9ee",
        dim="#98a0ad",
        faint="#6b7280",
        accent="#5b9dff",
        on="#0c1220",
        wall="#3a404c",
        ok="#3fbf8f",
        warn="#e0a33e",
        bad="#f0616d",
        canvas="#101216",
        grid="#55000000",
        tint="#263450",
        hover="#2c313a",
        series=("#5b9dff", "#f09c3e", "#2c9470", "#f2b8da", "#f7f0b0", "#7a50e6", "#a8b3c2", "#b0522c"),
    ),
    "light": Theme(
        name="light",
        bg="#eef0f3",
        panel="#ffffff",
        raised="#f5f6f8",
        line="#dce0e6",
        text="#1a1d23",
        dim="#5b6472",
        faint="#8a93a1",
        accent="#1f6feb",
        on="#ffffff",
        wall="#8b93a1",
        ok="#188a5e",
        warn="#a86a00",
        bad="#c9303f",
        canvas="#fafbfc",
        grid="#66ffffff",
        tint="#d6e4fb",
        hover="#eaedf1",
        series=("#1f6feb", "#c46200", "#17a57e", "#b03a8c", "#5e4a00", "#35208f", "#8a93a1", "#8c1d2f"),
    ),
}


class ThemeManager(QObject):
    """Dresses the application, and tells when its theme changed."""

    changed = Signal()

    def __init__(self) -> None:
        """Start with the dark theme, undressed."""
        super().__init__()
        self.current: Theme = THEMES["dark"]
        self.name: ThemeName = "dark"
        self._app: QApplication | None = None

    def apply(self, app: QApplication, name: ThemeName) -> None:
        """Dress `app` in a theme; `"system"` follows the desktop, also when it changes later.

        Raises:
            KeyError: there is no such theme.
        """
        hints = app.styleHints()
        if self._app is not app:
            self._app = app
            app.setStyle("Fusion")
            app.setFont(font(13, tabular=False))
            hints.colorSchemeChanged.connect(self._follow_system)
        self.name = name
        # The window frame of macOS and Windows follows this; elsewhere it does nothing.
        schemes = {"dark": Qt.ColorScheme.Dark, "light": Qt.ColorScheme.Light}
        hints.setColorScheme(schemes.get(name, Qt.ColorScheme.Unknown))
        self._dress(_system_theme() if name == "system" else name)

    @Slot()
    def _follow_system(self) -> None:
        if self.name == "system" and _system_theme() != self.current.name:
            self._dress(_system_theme())

    def _dress(self, name: str) -> None:
        assert self._app is not None
        self.current = THEMES[name]
        self._app.setPalette(palette(self.current))
        self._app.setStyleSheet(style_sheet(self.current))
        self.changed.emit()


@functools.cache
def theme_manager() -> ThemeManager:
    """The manager of this process; there is one application, so there is one theme."""
    return ThemeManager()


def theme() -> Theme:
    """The theme that is on now."""
    return theme_manager().current


def color(role: str) -> QColor:
    """A colour of the theme that is on now by its role (`"accent"`), or any colour that `QColor` reads."""
    return QColor(getattr(theme(), role, role))


def mix(a: QColor, b: QColor, share: float) -> QColor:
    """The opaque colour that lies `share` (0 to 1) of the way from `a` to `b`."""
    pairs = ((a.redF(), b.redF()), (a.greenF(), b.greenF()), (a.blueF(), b.blueF()))
    return QColor.fromRgbF(*(x + share * (y - x) for x, y in pairs))


def _system_theme() -> str:
    scheme = QGuiApplication.styleHints().colorScheme()
    return "dark" if scheme == Qt.ColorScheme.Dark else "light"


def palette(t: Theme) -> QPalette:
    """The Qt palette of a theme, for everything that Fusion draws."""
    role = QPalette.ColorRole
    table = {
        role.Window: t.panel,
        role.WindowText: t.text,
        role.Base: t.panel,
        role.AlternateBase: t.raised,
        role.Text: t.text,
        role.Button: t.raised,
        role.ButtonText: t.text,
        role.BrightText: t.text,
        role.PlaceholderText: t.faint,
        role.Highlight: t.accent,
        role.HighlightedText: t.on,
        role.Accent: t.accent,
        role.Link: t.accent,
        role.LinkVisited: t.accent,
        role.ToolTipBase: t.raised,
        role.ToolTipText: t.text,
        role.Light: t.hover,
        role.Midlight: t.raised,
        role.Mid: t.line,
        role.Dark: t.line,
        role.Shadow: t.bg,
    }
    result = QPalette()
    for key, value in table.items():
        result.setColor(key, QColor(value))
    for key in (role.WindowText, role.Text, role.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, key, QColor(t.faint))
    result.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(t.line))
    result.setColor(QPalette.ColorGroup.Disabled, role.HighlightedText, QColor(t.dim))
    return result


def style_sheet(t: Theme) -> str:
    """The style sheet of a theme: the one template, with the theme's colours filled in."""
    return Template(STYLE_SHEET).substitute(asdict(t))


# Faces that were drawn for screens, in the order in which a system's own choice is replaced by them.
_SCREEN_FACES = ("Inter", "Inter Variable", "Noto Sans", "Cantarell", "Segoe UI", "Ubuntu", "DejaVu Sans")
_PLAIN_FACES = ("", "Sans", "Sans Serif", "Sans-serif", "DejaVu Sans", "Bitstream Vera Sans", "Helvetica")


@functools.cache
def _family() -> str:
    chosen = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).family()
    if chosen not in _PLAIN_FACES:
        return chosen
    installed = set(QFontDatabase.families())
    return next((face for face in _SCREEN_FACES if face in installed), chosen)


@functools.cache
def _stretch() -> int:
    # DejaVu runs a tenth wider than the faces that the layout is drawn for.
    return 92 if _family() == "DejaVu Sans" else 100


def font(size_px: int = 13, weight: int = 400, tabular: bool = True) -> QFont:
    """The system's sans-serif in pixels.

    Args:
        size_px: 13 body, 12 dense, 11 labels.
        weight: 400 regular, 600 headings and the primary button.
        tabular: figures of one width, so that numbers that change do not jitter.
    """
    result = QFont(_family())
    result.setPixelSize(size_px)
    result.setWeight(QFont.Weight(weight))
    result.setStretch(_stretch())
    result.setHintingPreference(QFont.HintingPreference.PreferVerticalHinting)
    if tabular:
        result.setFeature(QFont.Tag("tnum"), 1)
    return result


def icon(name: str, role: str = "text", checked: str = "accent") -> QIcon:
    """One of our own icons, tinted; it follows the theme without being made again.

    Args:
        name: a file of `assets/icons` without `.svg`.
        role: the theme's colour for the plain state.
        checked: the theme's colour where the button or action is checked.
    """
    return QIcon(_TintedIcon(name, role, checked))


# Qt owns a clone without the bindings knowing, so Python must never let go of it; clones are rare.
_clones: list[QIconEngine] = []


class _TintedIcon(QIconEngine):
    """Draws an SVG in the colour that its state has in the theme that is on now."""

    def __init__(self, name: str, role: str, checked: str) -> None:
        super().__init__()
        self._name = name
        self._role = role
        self._checked = checked

    def _tint(self, mode: QIcon.Mode, state: QIcon.State) -> str:
        if mode == QIcon.Mode.Disabled:
            return mix(color("panel"), color("faint"), 0.7).name()
        return color(self._checked if state == QIcon.State.On else self._role).name()

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        paint_icon(painter, QRectF(rect), self._name, self._tint(mode, state))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        result = QPixmap(size)
        result.fill(Qt.GlobalColor.transparent)
        painter = QPainter(result)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return result

    def clone(self) -> QIconEngine:
        copy = _TintedIcon(self._name, self._role, self._checked)
        _clones.append(copy)
        return copy


def paint_icon(painter: QPainter, rect: QRectF, name: str, tint: str) -> None:
    """Draw an icon as vectors into `rect`, in a role of the theme or any other colour."""
    _renderer(name, color(tint).name()).render(painter, rect)


@functools.cache
def _renderer(name: str, tint: str) -> QSvgRenderer:
    svg = asset_path("icons", f"{name}.svg").read_text(encoding="utf-8")
    return QSvgRenderer(QByteArray(re.sub("currentColor", tint, svg).encode()))
