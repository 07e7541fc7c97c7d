"""Whoever shapes rewards is told whether that keeps the best policy, and where it does not."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from rlsandbox.learning.configs import ControlConfig
from rlsandbox.learning.problem import Enumerable
from rlsandbox.studio.controls import ChoiceRow
from rlsandbox.studio.main_window import MainWindow
from rlsandbox.studio.panels.shaping_note import Finding, ShapingNote, finding
from rlsandbox.worlds.rules import Rules
from rlsandbox.worlds.world import World
from tests.helpers import corridor


def shaped(**values: object) -> ControlConfig:
    return ControlConfig.make({"shaping": "painted", "gamma": 0.9, **values})


def painted(*values: float) -> Enumerable:
    return Enumerable.of(corridor(len(values)).replace(potential=np.array([values])))


def test_differences_keep_the_best_policy() -> None:
    role, text, cell = finding(painted(3, -1, 2, 0), shaped())
    assert (role, cell) == ("ok", None) and text.startswith("Shaping keeps the best policy")


def test_the_first_cell_where_another_action_is_best_is_named_with_both() -> None:
    # S . . G, each step costs 1. Whoever stays at the third cell gets 5 - 1 a step there, 40 in all at
    # discount 0.9, so walking on to the goal is worth less; to come there is best before as after.
    role, text, cell = finding(painted(0, 0, 5, 0), shaped(shaping_form="naive"))
    assert (role, cell) == ("warn", (0, 2))
    assert "in 1 of 3 states" in text and "row 0, column 2: there right is best" in text
    assert text.endswith("but with shaping up or down.")


def test_what_shapes_nothing_and_what_cannot_shape_is_said() -> None:
    assert "adds nothing" in finding(painted(0, 0, 0), shaped()).text
    endless = Enumerable.of(corridor(3).replace(rules=Rules(step_reward=1.0)))
    found = finding(endless, shaped(shaping="optimal values", gamma=1.0))
    assert found.role == "warn" and found.text.startswith("This world has no finite optimal values")
    assert "has no answer" in finding(endless, shaped(shaping="distance", gamma=1.0)).text


def test_only_the_newest_question_is_answered(qtbot: QtBot) -> None:
    note, problem, asked = ShapingNote(), painted(0, 1, 0), []
    qtbot.addWidget(note)
    note.asked.connect(lambda _problem, config: asked.append(config))
    first, second, third = (shaped(shaping_scale=scale) for scale in (1.0, 2.0, 3.0))
    for config in (first, second, third):
        note.follow(problem, config)
    note.follow(problem, third.with_values(alpha=0.7))  # the step size has no say in it
    assert asked == [first]
    note.found.emit(Finding("ok", "of the first"))
    assert asked == [first, third] and note.text() == ""
    note.found.emit(Finding("ok", "of the third"))
    assert asked == [first, third] and note.text() == "of the third"
    note.follow(problem, shaped(shaping="none"))
    assert note.text() == ""


def test_the_window_checks_again_after_every_edit_and_never_in_its_own_thread(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads, note = set(), window.agent.shaping

    def found(problem: Enumerable, config: ControlConfig) -> Finding:
        threads.add(threading.current_thread())
        return finding(problem, config)

    monkeypatch.setattr("rlsandbox.studio.main_window.finding", found)
    window.open_document(corridor(4))
    row = window.agent.form.rows["shaping"]
    assert isinstance(row, ChoiceRow)
    window.agent.form.set_values({"gamma": 0.9, "shaping_form": "naive"})
    row.combo.setCurrentIndex(row.combo.findData("painted"))
    row.combo.activated.emit(row.combo.currentIndex())
    qtbot.waitUntil(lambda: "adds nothing" in note.text())
    world: World = window.document.world.with_cell((0, 2), potential=5.0)
    window.document.edit(world, "Paint potential")
    qtbot.waitUntil(lambda: "in 1 of 3 states" in note.text())
    note.action_button.click()
    assert window.canvas.selected_cell == (0, 2)
    window.document.undo_stack.undo()
    qtbot.waitUntil(lambda: "adds nothing" in note.text())
    assert threading.main_thread() not in threads and threads
