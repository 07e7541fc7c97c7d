import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from rlsandbox.benchmarks import canvas as bench
from rlsandbox.marks import Arrows, Heatmap
from rlsandbox.studio.canvas import Canvas
from rlsandbox.studio.canvas.camera import Camera
from rlsandbox.studio.canvas.hud import describe
from rlsandbox.studio.theme import THEMES, theme_manager
from rlsandbox.studio.tools import (
    Brush,
    Eraser,
    Fill,
    Line,
    Pan,
    PolicyArrow,
    Potential,
    Rectangle,
    Region,
    Select,
    ToolContext,
)
from rlsandbox.worlds.files import open_world
from rlsandbox.worlds.tiles import CODE
from rlsandbox.worlds.world import World

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
CTRL, ALT, NONE = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.NoModifier,
)


class Edits:
    """Remembers what the canvas says."""

    def __init__(self, canvas):
        self.committed, self.selected, self.hovered, self.picked = [], [], [], []
        canvas.edit_committed.connect(lambda world, text: self.committed.append((world, text)))
        canvas.selected.connect(self.selected.append)
        canvas.hovered.connect(self.hovered.append)
        canvas.tile_picked.connect(self.picked.append)


@pytest.fixture
def canvas(qtbot):
    widget = Canvas()
    qtbot.addWidget(widget)
    widget.resize(600, 480)
    widget.set_world(World.blank(8, 10))
    widget.show()
    qtbot.waitExposed(widget)
    return widget


@pytest.fixture
def edits(canvas):
    return Edits(canvas)


def point(canvas, cell):
    """The middle of a cell in the widget."""
    scale = canvas.devicePixelRatioF()
    middle = canvas.view.rect(*cell).center()
    return QPoint(int(middle.x() / scale), int(middle.y() / scale))


def stroke(canvas, *cells, button=LEFT, keys=NONE):
    QTest.mousePress(canvas, button, keys, point(canvas, cells[0]))
    for cell in cells[1:]:
        move(canvas, cell, button, keys)
    QTest.mouseRelease(canvas, button, keys, point(canvas, cells[-1]))


def move(canvas, cell, button=Qt.MouseButton.NoButton, keys=NONE):
    # QTest.mouseMove holds no buttons, so a drag is sent as the window system would.
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent

    place = QPointF(point(canvas, cell))
    event = QMouseEvent(
        QEvent.Type.MouseMove, place, canvas.mapToGlobal(place), Qt.MouseButton.NoButton, button, keys
    )
    QApplication.sendEvent(canvas, event)


def wheel(canvas, notches, at, keys=NONE):
    event = QWheelEvent(
        QPointF(at),
        QPointF(canvas.mapToGlobal(at)),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        keys,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, event)


def test_a_stroke_is_one_edit(canvas, edits):
    stroke(canvas, (1, 1), (1, 5), (3, 5))
    expected = {(1, c) for c in range(1, 6)} | {(2, 5), (3, 5)}
    assert set(canvas.world.cells_of("wall")) == expected
    assert [text for _, text in edits.committed] == ["Brush: Wall"]
    assert edits.committed[0][0] == canvas.world == canvas.editing.shown


def test_a_stroke_under_way_is_shown_and_not_yet_done(canvas, edits):
    before = canvas.world
    QTest.mousePress(canvas, LEFT, NONE, point(canvas, (1, 1)))
    assert canvas.editing.shown.cells_of("wall") == [(1, 1)]
    assert canvas.world is before and edits.committed == []
    QTest.mouseRelease(canvas, LEFT, NONE, point(canvas, (1, 1)))
    assert canvas.world.cells_of("wall") == [(1, 1)] and len(edits.committed) == 1


def test_the_right_button_erases(canvas, edits):
    canvas.set_world(World.blank(8, 10).painted([(2, c) for c in range(10)], "wall"))
    stroke(canvas, (2, 3), (2, 6), button=RIGHT)
    assert canvas.world.cells_of("wall") == [(2, c) for c in (0, 1, 2, 7, 8, 9)]
    assert [text for _, text in edits.committed] == ["Erase"]
    assert edits.selected == []


@pytest.mark.parametrize(
    ("tool", "count"),
    [(Brush, 6), (Line, 6), (Rectangle, 18), (Fill, 80), (Eraser, 0), (Select, 0), (Pan, 0)],
)
def test_every_tool_draws_through_the_canvas(canvas, tool, count):
    canvas.set_tool(tool())
    stroke(canvas, (2, 2), (4, 7))
    assert len(canvas.world.cells_of("wall")) == count


def test_a_stroke_that_changes_nothing_is_no_edit(canvas, edits):
    canvas.set_context(ToolContext("floor"))
    stroke(canvas, (1, 1), (1, 5))
    assert edits.committed == []


def test_escape_gives_up_a_stroke(canvas, edits):
    before = canvas.world
    QTest.mousePress(canvas, LEFT, NONE, point(canvas, (1, 1)))
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    QTest.mouseRelease(canvas, LEFT, NONE, point(canvas, (1, 1)))
    assert canvas.world is canvas.editing.shown is before
    assert edits.committed == []


def test_a_press_beside_the_world_draws_nothing_and_selects_nothing(canvas, edits):
    canvas.select((1, 1))
    QTest.mouseClick(canvas, LEFT, NONE, QPoint(2, 2))
    assert edits.committed == [] and edits.selected[-1] is None


def test_alt_picks_the_tile_and_the_brush_paints_it(canvas, edits):
    canvas.set_world(World.blank(8, 10).painted([(0, 0)], "mud"))
    stroke(canvas, (0, 0), keys=ALT)
    assert edits.picked == [ToolContext("mud")] and edits.committed == []
    stroke(canvas, (5, 5))
    assert canvas.world.cells_of("mud") == [(0, 0), (5, 5)]


def test_two_clicks_link_teleporters(canvas, edits):
    canvas.set_context(ToolContext("teleporter"))
    stroke(canvas, (0, 0))
    stroke(canvas, (7, 9))
    assert {(link.source, link.target) for link in canvas.world.links} == {
        ((0, 0), (7, 9)),
        ((7, 9), (0, 0)),
    }
    assert len(edits.committed) == 2
    move(canvas, (0, 0))
    canvas.grab()  # the curve between the two is painted


def test_pointing_and_selecting(canvas, edits):
    move(canvas, (3, 4))
    move(canvas, (3, 5))
    canvas.set_tool(Select())
    stroke(canvas, (6, 7))
    assert edits.hovered == [(3, 4), (3, 5)]
    assert edits.selected == [(6, 7)] and canvas.selected_cell == (6, 7)
    canvas.set_world(World.blank(2, 2))
    assert edits.selected[-1] is None


def test_the_keyboard_moves_paints_and_erases(canvas, edits):
    canvas.setFocus()
    for key in (
        Qt.Key.Key_Right,
        Qt.Key.Key_Right,
        Qt.Key.Key_Down,
        Qt.Key.Key_Up,
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
    ):
        QTest.keyClick(canvas, key)
    assert canvas.selected_cell == (1, 1)  # the first key begins at (0, 0); the edge holds
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    assert canvas.world.cells_of("wall") == [(1, 1)]
    assert canvas.accessibleDescription() == "row 1, column 1  ·  Wall"
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    assert canvas.world.cells_of("wall") == []
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert canvas.world.cells_of("wall") == [(1, 1)]
    assert [text for _, text in edits.committed] == ["Brush: Wall", "Erase", "Brush: Wall"]


def test_space_and_drag_pans_without_painting(canvas, edits):
    canvas.setFocus()
    canvas.select((0, 0))
    left, top = canvas.view.left, canvas.view.top
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    stroke(canvas, (1, 1), (3, 4))
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    cell = canvas.view.cell
    assert (canvas.view.left - left, canvas.view.top - top) == (3 * cell, 2 * cell)
    assert edits.committed == []


def test_the_middle_button_pans(canvas, edits):
    left = canvas.view.left
    stroke(canvas, (1, 1), (1, 2), button=MIDDLE)
    assert canvas.view.left == left + canvas.view.cell
    assert edits.committed == edits.selected == []


@pytest.mark.parametrize("keys", [NONE, CTRL])
def test_zooming_keeps_the_point_under_the_pointer(canvas, keys):
    at = QPoint(350, 170)
    view = canvas.view
    before = (at.x() - view.left) / view.cell, (at.y() - view.top) / view.cell
    for notches in (1, 1, 2, -1, 1):
        wheel(canvas, notches, at, keys)
        view = canvas.view
        assert view.cell == int(view.cell)
        after = (at.x() - view.left) / view.cell, (at.y() - view.top) / view.cell
        assert np.abs(np.subtract(after, before)).max() * view.cell < 3  # pixels, after several roundings
    assert view.cell > 80


def test_keys_zoom_and_zero_fits(canvas):
    canvas.setFocus()
    fitted = canvas.view
    QTest.keyClick(canvas, Qt.Key.Key_Plus)
    assert canvas.view.cell > fitted.cell
    QTest.keyClick(canvas, Qt.Key.Key_Minus)
    QTest.keyClick(canvas, Qt.Key.Key_Minus)
    assert canvas.view.cell < fitted.cell
    QTest.keyClick(canvas, Qt.Key.Key_0)
    assert canvas.view == fitted


def test_the_grid_fits_on_resize_until_somebody_zooms(canvas, qtbot):
    cell = canvas.view.cell
    canvas.resize(1000, 800)
    qtbot.waitUntil(lambda: canvas.view.width == round(1000 * canvas.devicePixelRatioF()))
    assert canvas.view.cell > cell
    canvas.zoom_by(2.0)
    zoomed = canvas.view.cell
    canvas.resize(500, 400)
    qtbot.waitUntil(lambda: canvas.view.width == round(500 * canvas.devicePixelRatioF()))
    assert canvas.view.cell == zoomed


def test_the_camera_never_loses_the_grid_and_rounds_to_pixels():
    camera = Camera()
    camera.set_grid(10, 10)
    camera.set_device(400, 300, 1.5)
    camera.pan_by(10_000, -10_000)
    view = camera.view
    assert view.visible(10, 10) != (0, 0, 0, 0)
    assert 0 < view.left < 400 and view.top + 10 * view.cell > 0
    for factor in (1.13, 1.07, 0.9, 3.3):
        camera.zoom_by(factor, 123.4, 56.7)
        view = camera.view
        assert (view.cell, view.left, view.top) == (round(view.cell), round(view.left), round(view.top))
    camera.zoom_by(1e9, 0, 0)
    assert camera.view.cell == 256 * 1.5
    camera.zoom_by(1e-9, 0, 0)
    assert camera.view.cell >= 2


def test_moving_the_selection_brings_it_into_view(canvas):
    canvas.zoom_by(6)
    canvas.setFocus()
    canvas.select((0, 0))
    for _ in range(9):
        QTest.keyClick(canvas, Qt.Key.Key_Right)
    rect = canvas.view.rect(*canvas.selected_cell)
    assert canvas.selected_cell == (0, 9)
    assert rect.left() >= 0 and rect.right() <= canvas.view.width


def test_cut_copy_paste_and_move(canvas, edits):
    canvas.set_world(World.blank(8, 10).painted([(0, 0)], "mud").painted([(1, 1)], "goal"))
    select = Select()
    canvas.set_tool(select)
    stroke(canvas, (0, 0), (1, 1))
    assert select.region == Region(0, 0, 2, 2)
    canvas.editing.cut()
    assert canvas.world == World.blank(8, 10)
    move(canvas, (4, 4))
    canvas.editing.paste()
    assert canvas.world.cells_of("goal") == [(5, 5)] and canvas.world.cells_of("mud") == [(4, 4)]
    stroke(canvas, (4, 4), (5, 5), keys=CTRL)
    assert canvas.world.cells_of("mud") == [(4, 4), (5, 5)]
    canvas.editing.select_all()
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    assert canvas.world == World.blank(8, 10)
    assert [text for _, text in edits.committed] == ["Cut", "Paste", "Copy block", "Erase"]


def test_a_cell_in_words():
    world = World.blank(2, 2).painted([(0, 1)], "ice").painted([(0, 1)], "goal")
    world = world.painted([(0, 1)], "wind", (-2, 0)).with_rules(wind_random=True)
    values = Heatmap(np.array([[np.nan, -1.25], [0.0, 0.0]]), -2, 0, "viridis", "V")
    assert describe(world, (0, 1), [values]) == "row 0, column 1  ·  Goal on ice  ·  wind up 2 ±1  ·  V −1.25"
    assert describe(world, (0, 0), [values]) == "row 0, column 0  ·  Floor"


@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("side", [1, 128])
def test_smallest_and_largest_world_in_both_themes(canvas, qapp, name, side):
    theme_manager().apply(qapp, name)
    rows, columns = (each.ravel() for each in np.mgrid[0:side, 0:side])
    right = np.tile([0.0, 1.0], (side * side, 1))
    canvas.set_world(World.blank(side, side))
    canvas.set_marks(
        [
            Heatmap(np.zeros((side, side)), 0, 1, "viridis", "V"),
            Arrows(rows, columns, right, np.ones(side * side)),
        ]
    )
    canvas.set_notice("Press Train.")
    image = canvas.grab().toImage()
    assert image.pixelColor(1, 240).name() == THEMES[name].canvas
    view = canvas.view
    inside = image.pixelColor(int(view.left + view.cell * side - 2), int(view.top + view.cell * side / 2))
    assert inside.name() == "#440154"


def test_without_a_world_there_is_the_notice(canvas):
    canvas.set_world(None)
    empty = canvas.grab().toImage()
    canvas.set_notice("Open a world or draw one.")
    assert canvas.grab().toImage() != empty
    stroke(canvas, (0, 0))
    QTest.keyClick(canvas, Qt.Key.Key_Right)


def test_a_highlight_frames_a_cell(canvas):
    before = canvas.grab().toImage()
    canvas.set_highlight((2, 2))
    assert canvas.grab().toImage() != before
    canvas.set_highlight(None)
    assert canvas.grab().toImage() == before


def test_repainting_a_large_world_is_measured(qapp):
    figures = bench.run(0.1)
    # The claim is 16 ms; a machine that runs other tests at the same time gets some room.
    assert float(figures["open_p50_ms"]) < 40
    assert float(figures["maze_p50_ms"]) < 40


# -- worlds of tables, notes -----------------------------------------------------------------------


@pytest.fixture
def taxi(canvas):
    canvas.set_world(open_world("taxi"))
    return canvas.world


def test_what_cannot_be_drawn_is_told_in_a_sentence_and_nothing_is_lost(canvas, edits, taxi):
    told = []
    canvas.refused.connect(told.append)
    for tool in (Brush(), Fill(), Rectangle()):
        canvas.set_tool(tool)
        stroke(canvas, (0, 0), (0, 2))
    canvas.select((1, 1))
    canvas.set_tool(Brush())
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert len(told) == 4
    canvas.set_world(World.blank(8, 10).painted([(0, 0)], "wall"))
    canvas.select((0, 0))
    canvas.editing.copy()
    canvas.set_world(taxi)
    canvas.editing.paste()
    assert len(told) == 5
    assert canvas.world == taxi
    gambler = open_world("gambler")
    end = tuple(int(i) for i in np.argwhere(gambler.terrain != CODE["floor"])[0])
    canvas.set_world(gambler)
    canvas.select(end)
    canvas.set_tool(Eraser())
    stroke(canvas, end)
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    canvas.editing.cut()
    assert len(told) == 8
    assert len(set(told)) == 1
    assert "stands in its table" in told[0]
    assert canvas.world == gambler
    assert edits.committed == []
    assert not canvas.editing.is_drawing


def test_arrows_and_potential_are_drawn_on_any_world_one_edit_a_stroke(canvas, edits, taxi):
    canvas.set_tool(PolicyArrow())
    stroke(canvas, (0, 0), (0, 1), (0, 2))
    canvas.set_tool(Potential())
    canvas.set_context(ToolContext(potential=3.0))
    stroke(canvas, (1, 0), (1, 1))
    assert [text for _, text in edits.committed] == ["Draw policy", "Paint potential"]
    names = [taxi.actions[a].name if a >= 0 else "" for a in canvas.world.policy[0]]
    assert names == ["right", "right", "right", "", ""]
    assert canvas.world.potential[1].tolist() == [3.0, 3.0, 0.0, 0.0, 0.0]
    canvas.select((4, 4))
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert canvas.world.potential[4, 4] == 3.0


def test_return_clicks_with_the_arrow_in_hand(canvas, edits):
    canvas.set_tool(PolicyArrow())
    canvas.select((2, 2))
    for _ in range(2):
        QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert canvas.world.policy[2, 2] == 1
    assert canvas.world.terrain[2, 2] == World.blank(1, 1).terrain[0, 0]
