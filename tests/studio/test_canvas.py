"""Strokes and edits on the canvas, as a user makes them."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

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
from tests.studio.hands import ALT, CTRL, LEFT, NONE, RIGHT, move, point, stroke


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
    row, column = np.argwhere(gambler.terrain != CODE["floor"])[0].tolist()
    end = (row, column)
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
