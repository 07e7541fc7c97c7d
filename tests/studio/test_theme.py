"""The two themes: readable, apart for colour-blind eyes, and followed by icons that exist already."""

import itertools
import math
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QPalette

from rlsandbox.studio.theme import (
    THEMES,
    Theme,
    ThemeManager,
    font,
    icon,
    mix,
    style_sheet,
    theme,
    theme_manager,
)
from rlsandbox.worlds.assets import asset_path

BOTH = pytest.mark.parametrize("t", THEMES.values(), ids=THEMES)

NEEDED_ICONS = (
    "brush line rectangle fill select eyedropper eraser move undo redo search play pause "
    "step-forward step-back skip-start skip-end stop reset chevron-down chevron-right close plus "
    "minus fit sun moon download folder save warning check info eye flag sliders table chart grid "
    "dots link palette record dice app "
)


def linear(name: str) -> np.ndarray:
    """Linear light, [3], of a colour in sRGB (IEC 61966-2-1)."""
    qt = QColor(name)
    c = np.array([qt.redF(), qt.greenF(), qt.blueF()])
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(a: str, b: str) -> float:
    """Contrast ratio of WCAG 2.1, 1 to 21."""
    bright, dark = sorted((float(linear(x) @ [0.2126, 0.7152, 0.0722]) for x in (a, b)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


# Severity 1.0 of Machado, Oliveira and Fernandes (2009), on linear light.
BLINDNESS = {
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


def lab(light: np.ndarray) -> np.ndarray:
    """CIE L*a*b*, [3], of linear sRGB under D65."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    t = to_xyz @ np.clip(light, 0, 1) / [0.9505, 1.0, 1.089]
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_the_contrast_of_black_and_white_is_21():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@BOTH
def test_ink_is_readable(t: Theme):
    for ground in (t.bg, t.panel, t.raised, t.canvas, t.tint):
        assert contrast(t.text, ground) >= 7
    for ground in (t.panel, t.raised, t.canvas):
        assert contrast(t.dim, ground) >= 4.5
        assert contrast(t.faint, ground) >= 2.8
    assert contrast(t.on, t.accent) >= 4.5
    for role in (t.ok, t.warn, t.bad, t.accent):
        assert contrast(role, t.panel) >= 3.9


@BOTH
def test_curves_are_seen_on_their_panel_and_apart_from_each_other(t: Theme):
    assert len(t.series) >= 6
    assert t.series[0] == t.accent
    assert all(contrast(c, t.panel) >= 3 for c in t.series)
    for matrix in (np.eye(3), *map(np.array, BLINDNESS.values())):
        seen = [lab(matrix @ linear(c)) for c in t.series[:6]]
        assert min(math.dist(a, b) for a, b in itertools.combinations(seen, 2)) > 20


@BOTH
def test_see_through_colours_are_written_in_the_order_that_qt_reads(t: Theme):
    grid = QColor(t.grid)
    assert 0 < grid.alpha() < 255
    assert grid.red() == grid.green() == grid.blue()


@BOTH
def test_the_style_sheet_has_every_blank_filled(t: Theme):
    sheet = style_sheet(t)
    assert "$" not in sheet
    assert sheet.count("{") == sheet.count("}")
    assert t.accent in sheet


def test_both_themes_have_a_value_for_everything():
    for t in THEMES.values():
        assert all(asdict(t).values())
        assert all(QColor(v).isValid() for k, v in asdict(t).items() if isinstance(v, str) and k != "name")


def test_mix_goes_from_one_to_the_other():
    black, white = QColor("#000000"), QColor("#ffffff")
    assert mix(black, white, 0.0) == black
    assert mix(black, white, 1.0) == white
    assert mix(black, white, 0.2).name() == "#333333"


def test_applying_a_theme_dresses_the_application_and_tells_once(qapp, qtbot):
    manager = theme_manager()
    for name in ("light", "dark"):
        with qtbot.waitSignal(manager.changed, timeout=1000):
            manager.apply(qapp, name)
        assert theme() is THEMES[name]
        assert qapp.palette().color(QPalette.ColorRole.Window).name() == THEMES[name].panel
        assert qapp.palette().color(QPalette.ColorRole.Highlight).name() == THEMES[name].accent
    manager.apply(qapp, "system")
    assert theme().name in THEMES


def test_an_unknown_theme_is_refused_and_changes_nothing(qapp):
    manager = ThemeManager()
    before = manager.current
    with pytest.raises(KeyError):
        manager.apply(qapp, "sepia")  # pyright: ignore[reportArgumentType]
    assert manager.current is before


def ink(picture: QIcon, mode=QIcon.Mode.Normal, state=QIcon.State.Off) -> set[str]:
    """The colours of the fully opaque pixels of an icon at 40 x 40."""
    image = picture.pixmap(QSize(40, 40), mode, state).toImage()
    pixels = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
    return {c.name() for c in pixels if c.alpha() == 255}


def test_an_icon_follows_the_theme_and_its_state(qapp):
    stop = icon("stop")
    for name in ("dark", "light"):
        theme_manager().apply(qapp, name)
        assert ink(stop) == {theme().text}
        assert ink(stop, state=QIcon.State.On) == {theme().accent}
        assert ink(icon("stop", "dim")) == {theme().dim}
        assert ink(stop, QIcon.Mode.Disabled).isdisjoint({theme().text, theme().accent})


def test_an_icon_outlives_copies_of_itself(qapp):
    first = icon("play")
    copies = [QIcon(first) for _ in range(50)]
    copies[0].addPixmap(first.pixmap(8, 8))  # makes this copy clone its engine
    del first
    assert all(ink(copy) for copy in copies)


@pytest.mark.parametrize("name", NEEDED_ICONS.split())
def test_every_icon_is_there_and_leaves_ink(qapp, name: str):
    assert asset_path("icons", f"{name}.svg").is_file()
    image = icon(name).pixmap(QSize(20, 20)).toImage()
    covered = sum(image.pixelColor(x, y).alpha() > 60 for x in range(20) for y in range(20))
    assert covered >= 12


def test_icons_take_their_colour_from_the_theme():
    for path in Path(asset_path("icons")).glob("*.svg"):
        text = path.read_text(encoding="utf-8")
        assert 'viewBox="0 0 20 20"' in text
        assert ("currentColor" in text) != (path.stem == "app")


def test_fonts_are_in_pixels_and_have_figures_of_one_width(qapp):
    number = font(12, 600)
    assert number.pixelSize() == 12
    assert number.weight() == 600
    assert len(number.featureTags()) == 1
    assert not font(13, tabular=False).featureTags()
