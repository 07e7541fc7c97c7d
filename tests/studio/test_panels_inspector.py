"""The inspector: its numbers are those of a corridor that can be worked out by hand."""

import dataclasses
import re

import numpy as np
import pytest

from rlsandbox.learning.agent import Line, Part, View
from rlsandbox.studio.panels.inspector_panel import (
    InspectorPanel,
    fixed,
    optimal_actions,
    policy_text,
)
from rlsandbox.studio.panels.update_box import UpdateBox, in_words
from rlsandbox.studio.theme import theme_manager
from rlsandbox.training.session import RunSpec, TrainingSession
from rlsandbox.worlds.rules import Rules
from rlsandbox.worlds.world import World

WANTS = frozenset({"visits", "oracle"})


@pytest.fixture(autouse=True, scope="module", params=["dark", "light"])
def dressed(request, qapp):
    theme_manager().apply(qapp, request.param)


@pytest.fixture
def panel(qtbot) -> InspectorPanel:
    result = InspectorPanel()
    qtbot.addWidget(result)
    result.resize(328, 320)
    result.show()
    return result


def corridor(moves: int = 4) -> World:
    """Start, floor, goal of +1; every other step costs 1."""
    world = World.blank(1, 4).painted([(0, 0)], "start").painted([(0, 2)], "goal").painted([(0, 3)], "wall")
    return world.with_rules(moves=moves, step_reward=-1.0)


def session(algorithm: str, moves: int = 4, **config) -> TrainingSession:
    return TrainingSession(RunSpec(algorithm, corridor(moves), config, (0,), steps=1000))


def texts(panel: InspectorPanel) -> dict[str, str]:
    return {name: label.text() for name, label in panel.values.items()}


def test_without_a_cell_or_a_run_one_quiet_sentence_says_what_to_do(panel):
    assert panel._hint.text() == "Select a cell to see what the agent knows about it."
    panel.show_cell(None, (0, 1))
    assert panel._hint.text() == "Nothing is learnt yet: press Train."
    assert not panel._facts.isVisible()
    panel.show_cell(None, None)
    assert panel._hint.isVisible()


def test_a_planned_cell_shows_its_value_the_truth_and_the_backup(panel):
    run = session("value_iteration", gamma=1.0)
    run.run()
    panel.show_cell(run.progress(View(0, WANTS, 1)), (0, 1))
    assert panel._section.accessibleName() == "Cell (0, 1)"
    shown = texts(panel)
    assert (shown["v"], shown["optimal"], shown["policy"]) == ("1.00", "1.00", "right")
    assert (shown["agrees"], shown["visits"], shown["error"]) == ("yes", "–", "+0.00")
    assert panel._cell_box.text().startswith(
        "Next backup of V(s)\nmax over actions = right: [ 1 + 0 (terminal) ]"
    )
    panel.show_cell(run.progress(View(0, WANTS, 0)), (0, 0))
    assert texts(panel)["v"] == "0.00"  # a step of -1, then the goal's +1


def test_what_is_not_learnt_yet_agrees_by_its_share(panel):
    run = session("q_learning")
    panel.show_cell(run.progress(View(0, WANTS, 1)), (0, 1))
    shown = texts(panel)
    assert shown["agrees"] == "25%"  # four ties, one of them right
    assert shown["policy"] == "↑→↓← 25%"
    assert panel.values["agrees"].property("role") == "warn"


def test_cells_where_nobody_stands_say_why(panel):
    progress = session("q_learning").progress(View(0, WANTS))
    panel.show_cell(progress, (0, 2))
    assert panel._hint.text().startswith("Goal: an episode ends here")
    panel.show_cell(progress, (0, 3))
    assert panel._hint.text().startswith("Wall: nobody can stand here")
    assert not panel._facts.isVisible()


def test_the_last_update_of_the_cell_is_written_out_with_its_numbers(panel):
    run = session("q_learning", moves=2, alpha=0.5, gamma=1.0)
    run.tick(1)
    progress = run.progress(View(0, WANTS, 0))
    panel.show_cell(progress, (0, 0))
    update = progress.snapshot.update
    assert update is not None
    assert update.action is not None
    name = progress.world.actions[update.action].name
    # whichever way it went, everything was 0: half of the error of -1 is corrected
    assert panel._cell_box.text() == f"Last update of Q(s, {name})\n0 + 0.5 · [ -1 + 1 · 0 − 0 ] = -0.5"
    assert texts(panel)["error"] == "−1.00"
    assert texts(panel)["visits"] == "1"
    panel.show_cell(progress, (0, 1))
    assert panel._cell_box.isHidden() or "Last" not in panel._cell_box.text()


def test_at_full_speed_the_backup_is_shown_instead_of_a_flicker(panel):
    run = session("q_learning", moves=2)
    run.tick(900)
    update = run.progress(View(0)).snapshot.update
    assert update is not None
    state = update.state
    progress = run.progress(View(0, WANTS, state))
    panel.show_cell(progress, progress.world.cell_of(state))
    assert panel._cell_box.text().startswith("Next backup")
    panel.show_cell(progress, progress.world.cell_of(state))  # at rest
    assert panel._cell_box.text().startswith("Last update")


def test_a_step_is_told_in_words(panel):
    run = session("q_learning", moves=2, alpha=0.5, gamma=1.0)
    run.tick(1)
    progress = run.progress(View(0, WANTS))
    panel.set_world(progress.world)
    made = progress.snapshot.update
    assert made is not None
    update = dataclasses.replace(
        made, state=1, action=1, next_state=2, reward=1.0, terminated=True, explored=False
    )
    assert in_words(update, progress.world) == "(0, 1), right → (0, 2), reward 1"
    panel.show_update(update)
    assert panel._step_box.isVisible()
    assert "(0, 1), right → (0, 2), reward 1, the episode ended" in panel._step_box.text()
    assert panel._step_box.text().startswith("Step 1: update of Q(s, right)")
    panel.show_update(None)
    assert not panel._step_box.isVisible()


def test_pointing_at_a_number_lights_up_its_state(panel, qtbot):
    run = session("q_learning", moves=2)
    run.tick(1)
    panel.show_cell(run.progress(View(0, WANTS, 0)), (0, 0))
    told = []
    panel.highlight.connect(told.append)
    panel._cell_box._label.linkHovered.emit("1")
    panel._cell_box._label.linkHovered.emit("")
    assert told == [1, None]


def test_numbers_policies_and_best_actions_are_written_as_expected():
    assert [fixed(x) for x in (-9.0, -0.001, 1234.5678, float("-inf"))] == ["−9.00", "0.00", "1235", "−∞"]
    assert fixed(0.0, sign=True) == "+0.00"
    actions = Rules(moves=4).directions
    assert policy_text(np.array([0, 1.0, 0, 0]), actions) == "right"
    assert policy_text(np.array([0.25, 0.75, 0, 0]), actions) == "→ 75% ↑ 25%"
    assert optimal_actions(np.array([1.0, 1.0 - 1e-9, 0.5])).tolist() == [True, True, False]


def test_it_fits_its_column_with_eight_moves(panel, qtbot):
    run = session("q_learning", moves=8)
    run.tick(500)
    panel.show_cell(run.progress(View(0, WANTS, 1)), (0, 1))
    assert panel._view.height() == 120
    assert panel.minimumSizeHint().width() <= 318


def test_what_an_update_touched_is_listed_beneath_it_and_lights_up(qtbot):
    box = UpdateBox()
    qtbot.addWidget(box)
    box.world = corridor()
    lines = (
        Line(1, (Part("right: "), Part("0.5", "next", 2))),
        Line(1, (Part("(0, 1) up"),)),  # says itself where it is
        *(Line(0, (Part(f"row {k}"),)) for k in range(8)),
    )
    box.set_content("Title", "", (Part("1 + 2"),), lines)
    written = box._label.text()
    shown = re.sub("<[^>]*>", "", written.replace("<br>", "\n").replace("</div>", "\n"))
    rows = shown.splitlines()
    assert rows[:4] == ["Title", "1 + 2", "(0, 1) right: 0.5", "(0, 1) up"]
    assert rows[4:] == [f"(0, 0) row {k}" for k in range(6)] + ["… and 2 more"]
    assert box.text().endswith("row 7")  # whoever listens hears all of it
    pointed: list[object] = []
    box.highlight.connect(pointed.append)
    for link in ("2", "1", ""):
        box._label.linkHovered.emit(link)
    assert pointed == [2, 1, None]
    assert all(f"href='{state}'" in written for state in (0, 1, 2))
