"""The rules of a world and the numbers of a cell: what is shown, and which world an edit makes."""

import math
from typing import Any

import pytest
from PySide6.QtCore import Qt

from rlsandbox.studio.panels.cell_panel import CellPanel
from rlsandbox.studio.panels.rules_panel import RulesPanel
from rlsandbox.studio.theme import theme_manager
from rlsandbox.worlds.gallery import GALLERY
from rlsandbox.worlds.world import World

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(autouse=True, scope="module")
def dressed(qapp):
    theme_manager().apply(qapp, "light")


@pytest.fixture
def world() -> World:
    """Three rows, four columns: a goal, a wall, a linked pair of teleporters, a start."""
    drawn = World.blank(3, 4).painted([(0, 3)], "goal").painted([(1, 1)], "wall").painted([(2, 0)], "start")
    return drawn.painted([(0, 0), (2, 3)], "teleporter").linked((0, 0), (2, 3), both_ways=True)


@pytest.fixture
def edits():
    """(world, text) of every edit that the panel given to it tells."""
    told: list[tuple[World, str]] = []

    def listen(panel):
        panel.edited.connect(lambda world, text: told.append((world, text)))
        return told

    return listen


def type_into(qtbot, field, text: str) -> None:
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Return)


def row(panel: RulesPanel | CellPanel, name: str) -> Any:
    """A row as what it is, with its own field or switch."""
    return panel.rows[name]


def rules_panel(qtbot, world: World) -> RulesPanel:
    panel = RulesPanel()
    qtbot.addWidget(panel)
    panel.set_world(world)
    panel.resize(220, 500)
    panel.show()
    return panel


def test_showing_a_world_tells_nothing_and_states_are_counted(qtbot, world, edits):
    panel = RulesPanel()
    qtbot.addWidget(panel)
    told = edits(panel)
    panel.set_world(world.with_rules(step_reward=-1.0, slip=0.25, step_limit=7, moves=8))
    assert told == []
    assert panel.rows["step_reward"].value() == -1.0
    assert panel.rows["slip"].value() == 0.25
    assert panel.rows["step_limit"].value() == 7
    assert panel.rows["size"].value() == (3, 4)
    # 12 states, 8 actions, 3 outcomes of 29 bytes each are 8,352 bytes
    assert panel._size.text() == "12 states, 8 actions, 8 kB"


def test_a_rule_that_is_typed_makes_a_new_world(qtbot, world, edits):
    panel = rules_panel(qtbot, world)
    told = edits(panel)
    type_into(qtbot, row(panel, "step_reward").field, "-0.04")
    (changed, text), *rest = told
    assert (changed.rules.step_reward, rest) == (-0.04, [])
    assert text == "Change step reward"
    assert changed.with_rules(step_reward=0.0) == world


def test_the_size_keeps_the_drawing(qtbot, world, edits):
    panel = rules_panel(qtbot, world)
    panel.more.set_folded(False)
    told = edits(panel)
    type_into(qtbot, row(panel, "size").fields[1], "6")
    assert told[-1][0] == world.resized(3, 6)


def test_a_step_limit_can_be_off(qtbot, world, edits):
    panel = rules_panel(qtbot, world)
    panel.more.set_folded(False)
    told = edits(panel)
    limit = row(panel, "step_limit")
    assert not limit.field.isVisible()
    qtbot.mouseClick(limit.switch, LEFT)
    assert (told[-1][0].rules.step_limit, limit.field.isVisible()) == (200, True)
    qtbot.mouseClick(limit.switch, LEFT)
    assert told[-1][0].rules.step_limit is None


def test_a_model_over_the_cap_is_refused_in_place(qtbot, edits):
    world = World.blank(128, 128).painted([(0, 0)], "cliff").with_rules(start="uniform")
    panel = RulesPanel()
    qtbot.addWidget(panel)
    panel.set_world(world)
    told = edits(panel)
    assert "MB" in panel._notice.text()  # what is drawn already is said as well
    small = World.blank(128, 128).painted([(0, 0)], "cliff").painted([(1, 1)], "start")
    panel.set_world(small)
    assert panel._notice.text() == ""
    panel.rows["start"].edited.emit("uniform")
    assert told == []
    assert panel.rows["start"].value() == "drawn"
    assert "start" in panel._notice.text()


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ((0, 1), {"reward", "reward_sd", "slip"}),  # floor
        ((1, 1), set()),  # wall
        ((0, 3), {"reward", "reward_sd"}),  # goal
        ((2, 0), {"reward", "reward_sd", "slip", "weight"}),  # start
    ],
)
def test_only_what_matters_for_a_tile_is_shown(qtbot, world, cell, shown):
    panel = CellPanel()
    qtbot.addWidget(panel)
    panel.set_cell(world, cell)
    panel.show()
    assert {name for name in panel.rows if panel.rows[name].isVisible()} == shown
    assert not panel._link.isVisible()


def test_without_a_cell_it_takes_no_room(qtbot, world):
    panel = CellPanel()
    qtbot.addWidget(panel)
    panel.show()
    for cell in (None, (3, 0), (-1, 0)):
        panel.set_cell(world, cell)
        assert panel.sizeHint().height() == 0
        assert not any(each.isVisible() for each in panel.rows.values())


def test_a_goal_has_its_own_reward_and_goes_back_to_its_tile(qtbot, world, edits):
    panel = CellPanel()
    qtbot.addWidget(panel)
    panel.set_cell(world, (0, 3))
    panel.show()
    told = edits(panel)
    reward = row(panel, "reward")
    assert reward.value() == 1.0
    type_into(qtbot, reward.field, "5")
    assert told[-1][0].reward[0, 3] == 5.0
    assert told[-1][1] == "Change reward of (0, 3)"
    reward.reset()
    assert math.isnan(told[-1][0].reward[0, 3])
    assert reward.value() == 1.0


def test_a_floor_takes_the_worlds_numbers_until_it_has_its_own(qtbot, world, edits):
    panel = CellPanel()
    qtbot.addWidget(panel)
    panel.set_cell(world.with_rules(step_reward=-2.0, slip=0.5), (0, 1))
    panel.show()
    assert (panel.rows["reward"].value(), panel.rows["slip"].value()) == (-2.0, 0.5)
    told = edits(panel)
    type_into(qtbot, row(panel, "slip").field, "0")
    assert told[-1][0].slip[0, 1] == 0.0


def test_wind_is_shown_where_it_blows(qtbot, world, edits):
    panel = CellPanel()
    qtbot.addWidget(panel)
    panel.set_cell(world.with_cell((0, 1), wind=(0, 2)), (0, 1))
    panel.show()
    assert panel._wind.isVisible()
    assert panel._wind.wind() == (0, 2)
    told = edits(panel)
    panel._wind.edited.emit((-3, 0))
    assert told[-1][0].wind[0, 1].tolist() == [-3, 0]


def test_a_teleporter_leads_where_it_is_told(qtbot, world, edits):
    panel = CellPanel()
    qtbot.addWidget(panel)
    panel.set_cell(world, (0, 0))
    panel.show()
    told = edits(panel)
    assert panel._leads.text() == "Leads to (2, 3)."
    assert panel.both_ways()
    qtbot.mouseClick(panel._both.switch, LEFT)
    assert [(k.source, k.target) for k in told[-1][0].links] == [((0, 0), (2, 3))]
    qtbot.mouseClick(panel._unlink, LEFT)
    assert told[-1][0].links == ()
    assert panel._leads.text() == "Leads nowhere yet: pick its target."
    with qtbot.waitSignal(panel.pick_target):
        qtbot.mouseClick(panel._pick, LEFT)
    panel.set_target((1, 0))  # a floor leads nowhere, so there is no way back
    assert [(k.source, k.target) for k in told[-1][0].links] == [((0, 0), (1, 0))]
    assert not panel._both.isVisible()


def test_both_panels_fit_the_left_column_beside_a_scroll_bar(qtbot, world):
    rules, cells = rules_panel(qtbot, world.with_rules(slip=0.5).with_cell((0, 0), wind=(1, 0))), CellPanel()
    qtbot.addWidget(cells)
    rules.more.set_folded(False)
    cells.set_cell(world, (0, 0))
    for panel in (rules, cells):
        assert panel.minimumSizeHint().width() <= 210


@pytest.mark.parametrize("name", GALLERY)
def test_the_panel_shows_the_rules_of_every_world_of_the_gallery(qtbot, name):
    world = GALLERY[name].make()
    panel = rules_panel(qtbot, world)
    assert row(panel, "moves").value() == world.rules.moves
    assert f"{len(world.actions)} actions" in panel._size.text()
