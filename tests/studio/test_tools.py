import numpy as np
import pytest

from rlsandbox.marks import Arrows, Heatmap, Labels
from rlsandbox.studio.tools import (
    TOOLS,
    Brush,
    Eraser,
    Eyedropper,
    Fill,
    Keys,
    Line,
    PolicyArrow,
    Potential,
    Rectangle,
    Region,
    Select,
    ToolContext,
    copied,
    moved,
    pasted,
    tile_under,
)
from rlsandbox.studio.tools.base import line
from rlsandbox.worlds.assets import asset_path
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.files import open_world
from rlsandbox.worlds.rules import Link
from rlsandbox.worlds.world import World

WALL = ToolContext("wall")
SHIFT, RIGHT = Keys(shift=True), Keys(erase=True)


def stroke(tool, world, cells, keys=Keys(), context=WALL):  # noqa: B008 - frozen
    tool.press(world, cells[0], keys, context)
    for cell in cells[1:]:
        tool.drag(cell, keys)
    return tool.release(cells[-1], keys)


def walls(world):
    return set(world.cells_of("wall"))


def test_a_line_has_no_holes_and_both_ends():
    assert line((0, 0), (0, 2)) == [(0, 0), (0, 1), (0, 2)]
    assert line((2, 0), (0, 2)) == [(2, 0), (1, 1), (0, 2)]
    for end in [(7, 3), (-2, 9), (0, -5), (4, 4), (0, 0)]:
        cells = line((0, 0), end)
        assert cells[0] == (0, 0) and cells[-1] == end
        assert len(cells) == max(abs(end[0]), abs(end[1])) + 1
        steps = np.abs(np.diff(cells, axis=0)) if len(cells) > 1 else np.zeros((0, 2))
        assert (steps <= 1).all()


def test_a_fast_brush_stroke_leaves_no_holes():
    world = stroke(Brush(), World.blank(5, 9), [(2, 0), (2, 8), (4, 8)])
    assert walls(world) == {(2, c) for c in range(9)} | {(3, 8), (4, 8)}


def test_a_brush_may_leave_the_world_and_come_back():
    world = stroke(Brush(), World.blank(3, 3), [(1, 1), (1, 5), (0, 1)])
    assert (1, 2) in walls(world) and (0, 1) in walls(world)


def test_the_right_button_erases_with_every_drawing_tool():
    full = World.blank(3, 3).painted([(r, c) for r in range(3) for c in range(3)], "wall")
    assert walls(stroke(Brush(), full, [(0, 0), (0, 2)], RIGHT)) == walls(full) - {(0, 0), (0, 1), (0, 2)}
    assert walls(stroke(Line(), full, [(0, 0), (2, 2)], RIGHT)) == walls(full) - {(0, 0), (1, 1), (2, 2)}
    assert walls(stroke(Rectangle(), full, [(0, 0), (1, 2)], RIGHT)) == {(2, 0), (2, 1), (2, 2)}
    assert walls(stroke(Fill(), full, [(0, 0)], RIGHT)) == set()
    assert walls(stroke(Eraser(), full, [(1, 0), (1, 2)])) == walls(full) - {(1, 0), (1, 1), (1, 2)}


def test_the_line_follows_the_pointer_and_leaves_nothing_behind():
    assert walls(stroke(Line(), World.blank(4, 4), [(0, 0), (3, 0), (0, 3)])) == {(0, c) for c in range(4)}


def test_shift_keeps_a_line_straight_or_diagonal():
    assert walls(stroke(Line(), World.blank(4, 9), [(1, 0), (2, 8)], SHIFT)) == {(1, c) for c in range(9)}
    assert walls(stroke(Line(), World.blank(4, 9), [(0, 3), (3, 4)], SHIFT)) == {(r, 3) for r in range(4)}
    diagonal = {(0, 3), (1, 2), (2, 1), (3, 0)}
    assert walls(stroke(Line(), World.blank(4, 9), [(0, 3), (2, 0)], SHIFT)) == diagonal


def test_rectangle_filled_and_outline():
    assert len(walls(stroke(Rectangle(), World.blank(5, 5), [(4, 3), (1, 1)]))) == 4 * 3
    outline = walls(stroke(Rectangle(), World.blank(5, 5), [(4, 3), (1, 1)], SHIFT))
    assert outline == {(r, c) for r in range(1, 5) for c in range(1, 4)} - {(2, 2), (3, 2)}


def test_fill_stops_at_other_tiles_and_at_corners():
    world = World.blank(4, 4).painted(
        [(0, 2), (1, 2), (2, 1), (2, 0)], "mud"
    )  # cuts off the corner, diagonally
    filled = stroke(Fill(), world, [(0, 0)])
    assert walls(filled) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert len(filled.cells_of("mud")) == 4


def test_wind_is_painted_with_its_direction_and_strength():
    world = stroke(Brush(), World.blank(2, 3), [(0, 0), (0, 2)], context=ToolContext("wind", (-2, 0)))
    assert world.wind[0].tolist() == [[-2, 0]] * 3
    assert not world.wind[1].any()


def test_two_teleporters_in_a_row_become_a_pair():
    context = ToolContext("teleporter")
    world = stroke(Brush(), World.blank(3, 3), [(0, 0)], context=context)
    assert world.links == ()
    world = stroke(Brush(), world, [(2, 2)], context=context)
    assert set(world.links) == {Link((0, 0), (2, 2)), Link((2, 2), (0, 0))}
    world = stroke(Brush(), world, [(1, 1)], context=context)
    assert len(world.links) == 2  # the third waits for a fourth
    assert stroke(Brush(), world, [(2, 2)], context=context) == world  # one that has a partner keeps it


def test_dragging_a_teleporter_links_its_ends_and_shift_only_forth():
    context = ToolContext("teleporter")
    pair = stroke(Brush(), World.blank(1, 5), [(0, 0), (0, 4)], context=context)
    assert pair.cells_of("teleporter") == [(0, 0), (0, 4)]
    assert set(pair.links) == {Link((0, 0), (0, 4)), Link((0, 4), (0, 0))}
    one_way = stroke(Line(), World.blank(1, 5), [(0, 0), (0, 4)], SHIFT, context)
    assert one_way.cells_of("teleporter") == [(0, 0)]
    assert one_way.links == (Link((0, 0), (0, 4)),)


def test_the_eyedropper_picks_what_one_sees():
    world = World.blank(1, 4).painted([(0, 0)], "mud").painted([(0, 0)], "goal").painted([(0, 1)], "ice")
    world = world.painted([(0, 2)], "wind", (0, 3))
    picked = [tile_under(world, (0, c)) for c in range(4)]
    assert [context.tile_id for context in picked] == ["goal", "ice", "wind", "floor"]
    assert picked[2].wind == (0, 3)
    tool = Eyedropper()
    assert stroke(tool, world, [(0, 3), (0, 1), (0, 9)]) is world
    assert tool.picked == ToolContext("ice")


@pytest.fixture
def furnished():
    """A start of weight 3 and a goal that pays 7 in a 2x2 block, with wind and a pair of teleporters."""
    world = World.blank(4, 6).painted([(0, 0)], "start").painted([(0, 1)], "goal")
    world = world.with_cell((0, 0), weight=3.0).with_cell((0, 1), reward=7.0, reward_sd=0.5)
    world = world.painted([(1, 0)], "wind", (1, 0)).painted([(1, 1), (0, 5)], "teleporter")
    return world.linked((1, 1), (0, 5), both_ways=True)


def test_a_pasted_patch_brings_all_that_its_cells_hold(furnished):
    world = pasted(furnished, copied(furnished, Region(0, 0, 2, 2)), (2, 3))
    assert world.cells_of("start") == [(0, 0), (2, 3)]
    assert world.weight[2, 3] == 3
    assert (world.reward[2, 4], world.reward_sd[2, 4]) == (7, 0.5)
    assert world.wind[3, 3].tolist() == [1, 0]
    assert set(world.links) == set(furnished.links)  # the partner was not copied along


def test_links_inside_a_patch_are_copied():
    world = World.blank(2, 6).painted([(0, 0), (0, 1)], "teleporter").linked((0, 0), (0, 1), both_ways=True)
    world = pasted(world, copied(world, Region(0, 0, 1, 2)), (1, 4))
    assert {Link((1, 4), (1, 5)), Link((1, 5), (1, 4))} < set(world.links)


def test_what_sticks_out_is_cut_off(furnished):
    patch = copied(furnished, Region(0, 0, 2, 2))
    world = pasted(furnished, patch, (3, 5))
    assert world.cells_of("start") == [(0, 0), (3, 5)]
    assert pasted(furnished, patch, (9, 9)) is furnished
    assert pasted(World.blank(1, 1), patch, (-1, -1)).tile_at((0, 0)).id == "teleporter"


def test_moving_takes_links_along(furnished):
    world = moved(furnished, Region(0, 0, 2, 2), 2, 2)
    assert world.tile_at((0, 0)).id == "floor"
    assert world.tile_at((2, 2)).id == "start"
    assert set(world.links) == {Link((3, 3), (0, 5)), Link((0, 5), (3, 3))}
    assert moved(furnished, Region(0, 0, 2, 2), 0, 1, copy=True).cells_of("start") == [(0, 0), (0, 1)]


def test_the_select_tool_bands_moves_and_lets_go(furnished):
    tool = Select()
    assert stroke(tool, furnished, [(0, 0), (1, 1)]) is furnished
    assert tool.region == Region(0, 0, 2, 2)
    world = stroke(tool, furnished, [(1, 1), (2, 3), (3, 3)])
    assert world == moved(furnished, Region(0, 0, 2, 2), 2, 2)
    assert tool.region == Region(2, 2, 4, 4)
    copy = stroke(tool, world, [(2, 2), (0, 0)], Keys(control=True))
    assert copy.cells_of("start") == [(0, 0), (2, 2)]
    stroke(tool, copy, [(3, 5)])
    assert tool.region is None


def test_every_tool_has_an_icon_a_tip_and_a_shortcut_of_its_own():
    assert len({tool.id for tool in TOOLS}) == len({tool.shortcut for tool in TOOLS}) == len(TOOLS) == 10
    for tool in TOOLS:
        assert asset_path("icons", f"{tool.icon}.svg").is_file()
        assert tool.title and tool.tip.endswith(".")


def test_what_was_done_has_a_name():
    tool = Line()
    stroke(tool, World.blank(2, 2), [(0, 0)])
    assert tool.text == "Line: Wall"
    stroke(tool, World.blank(2, 2), [(0, 0)], RIGHT)
    assert tool.text == "Erase"


# -- notes: a drawn policy, a painted potential ----------------------------------------------------

UP, RIGHT_WAY, DOWN, LEFT_WAY, NONE = 0, 1, 2, 3, -1


def test_a_drag_gives_each_cell_the_way_that_it_goes():
    world = stroke(PolicyArrow(), World.blank(3, 4), [(0, 0), (0, 2), (2, 2)])
    assert world.policy.tolist() == [
        [RIGHT_WAY, RIGHT_WAY, DOWN, NONE],
        [NONE, NONE, DOWN, NONE],
        [NONE, NONE, DOWN, NONE],
    ]


def test_a_slanting_drag_goes_by_corners_where_there_are_no_diagonal_moves():
    square = World.blank(2, 2)
    assert stroke(PolicyArrow(), square, [(0, 0), (1, 1)]).policy.tolist() == [
        [RIGHT_WAY, DOWN],
        [NONE, DOWN],
    ]
    kings = stroke(PolicyArrow(), square.with_rules(moves=8), [(0, 0), (1, 1)])
    down_right = [action.name for action in kings.actions].index("down right")
    assert kings.policy.tolist() == [[down_right, NONE], [NONE, down_right]]
    corridor = stroke(PolicyArrow(), square.with_rules(moves=2), [(0, 0), (1, 1)])
    assert corridor.policy.tolist() == [[1, 1], [NONE, NONE]]  # it has left and right alone


def test_a_click_takes_a_cell_from_action_to_action_and_back_to_none():
    world, seen = World.blank(1, 1), []
    for _ in range(5):
        world = stroke(PolicyArrow(), world, [(0, 0)])
        seen.append(int(world.policy[0, 0]))
    assert seen == [UP, RIGHT_WAY, DOWN, LEFT_WAY, NONE]


def test_arrows_are_drawn_only_where_somebody_can_act():
    world = World.blank(1, 5).painted([(0, 1)], "wall").painted([(0, 3)], "goal")
    drawn = stroke(PolicyArrow(), world, [(0, 0), (0, 9)])
    assert drawn.policy.tolist() == [[RIGHT_WAY, NONE, RIGHT_WAY, NONE, RIGHT_WAY]]
    assert stroke(PolicyArrow(), world, [(0, 1)]) == world


def test_the_right_button_and_the_eraser_take_arrows_and_potential_away():
    world = stroke(PolicyArrow(), World.blank(1, 4), [(0, 0), (0, 3)])
    assert stroke(PolicyArrow(), world, [(0, 1), (0, 2)], RIGHT).policy.tolist() == [[1, -1, -1, 1]]
    world = stroke(Potential(), world, [(0, 0), (0, 3)], context=ToolContext(potential=2.5))
    assert world.potential.tolist() == [[2.5, 2.5, 2.5, 2.5]]
    assert stroke(Potential(), world, [(0, 3), (0, 2)], RIGHT).potential.tolist() == [[2.5, 2.5, 0, 0]]
    erased = stroke(Eraser(), world, [(0, 0), (0, 1)])
    assert erased.policy.tolist() == [[-1, -1, 1, 1]]
    assert erased.potential.tolist() == [[0, 0, 2.5, 2.5]]


def test_a_world_of_tables_takes_notes_and_gives_them_up_again():
    taxi = open_world("taxi")
    drawn = stroke(PolicyArrow(), taxi, [(0, 0), (1, 0)])
    assert [taxi.actions[a].name for a in drawn.policy[:2, 0]] == ["down", "down"]
    noted = stroke(Potential(), taxi, [(0, 0), (0, 1)])
    assert noted.potential[0, :3].tolist() == [1.0, 1.0, 0.0]
    assert stroke(Eraser(), noted, [(0, 0), (0, 1)]) == taxi
    with pytest.raises(SandboxError, match="stands in its table"):
        stroke(Brush(), taxi, [(0, 0)])


def mark(tool, world, kind):
    return next(mark for mark in tool.marks(world) if isinstance(mark, kind))


def test_these_tools_show_what_they_draw():
    world = stroke(PolicyArrow(), World.blank(1, 3), [(0, 0), (0, 1)])
    arrows = mark(PolicyArrow(), world, Arrows)
    assert arrows.columns.tolist() == [0, 1]
    assert arrows.towards.tolist() == [[0.0, 1.0], [0.0, 1.0]]
    assert PolicyArrow().marks(World.blank(1, 3)) == ()
    gambler = open_world("gambler")
    numbers = mark(PolicyArrow(), stroke(PolicyArrow(), gambler, [(0, 1)]), Labels)
    assert (numbers.values[0, 1], np.isnan(numbers.values).sum()) == (0.0, gambler.policy.size - 1)
    world = stroke(Potential(), world, [(0, 2)], context=ToolContext(potential=-4.0))
    heat, numbers = mark(Potential(), world, Heatmap), mark(Potential(), world, Labels)
    assert (heat.low, heat.high, heat.values.tolist()) == (-4.0, 4.0, [[0.0, 0.0, -4.0]])
    assert numbers.values.tolist() == [[0.0, 0.0, -4.0]]
    assert Brush().marks(world) is None
