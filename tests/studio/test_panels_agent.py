"""The agent's panel: the form that is made from a Config, the picker, and the buttons in every state."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from rlsandbox.algorithms import family_of, registry
from rlsandbox.learning.problem import Enumerable
from rlsandbox.studio.controls import ChoiceRow
from rlsandbox.studio.panels.agent_panel import AgentPanel
from rlsandbox.studio.theme import theme_manager
from rlsandbox.training.api import train
from rlsandbox.training.session import RunSpec, TrainingSession
from rlsandbox.worlds.world import World
from tests.studio.hands import LEFT, choose, type_into


@pytest.fixture(autouse=True, scope="module")
def dressed(qapp):
    theme_manager().apply(qapp, "dark")


@pytest.fixture
def panel(qtbot) -> AgentPanel:
    result = AgentPanel()
    qtbot.addWidget(result)
    result.set_algorithm("sarsa")
    result.resize(328, 700)
    result.show()
    return result


# -- panel -----------------------------------------------------------------------------------------


def test_the_picker_groups_by_family_and_families_cannot_be_picked(panel):
    picker = panel.picker
    texts = [picker.itemText(row) for row in range(picker.count())]
    assert texts.index("Temporal-difference control") < texts.index("SARSA")
    heads = [t for t in texts if not picker.model().item(texts.index(t)).isEnabled()]
    assert heads == list(dict.fromkeys(map(family_of, registry().values())))


def test_an_algorithm_that_does_not_suit_says_why_where_one_would_press_train(panel, monkeypatch):
    class Elsewhere:
        title = "continuous worlds"

    monkeypatch.setattr(registry()["sarsa"], "accepts", (Elsewhere,))
    panel.set_problem(Enumerable.of(World.blank(2, 2)))
    item = panel.picker.model().item(panel.picker.currentIndex())
    assert item.toolTip() == "SARSA trains on continuous worlds, not on drawn grid worlds."
    assert not item.isEnabled()
    assert panel._notice.text() == item.toolTip()
    assert not panel.primary.isEnabled()
    monkeypatch.setattr(registry()["sarsa"], "accepts", (Enumerable,))
    panel.set_problem(Enumerable.of(World.blank(2, 2)))
    assert panel.primary.isEnabled()


def test_a_request_is_what_a_session_takes(panel, qtbot):
    panel.set_algorithm("sarsa", {"alpha": 0.5, "gamma": 1.0})
    panel.seeds.set_value(3)
    panel.first_seed.set_value(7)
    request = panel.run_request()
    assert request == {
        "algorithm": "sarsa",
        "config": {"alpha": 0.5, "gamma": 1.0},
        "seeds": (7, 8, 9),
        "steps": None,
        "episodes": 500,
    }
    RunSpec(world=World.blank(2, 2), **request)
    panel.budget.unit.activated.emit(1)
    assert (panel.run_request()["steps"], panel.run_request()["episodes"]) == (10_000, None)
    panel.set_algorithm("value_iteration")
    assert (panel.run_request()["steps"], panel.run_request()["episodes"]) == (100_000, None)


def test_a_run_can_be_shown_again(panel):
    panel.set_algorithm("sarsa", {"epsilon": 0.3})
    panel.budget.set_value(("steps", 1234))
    request = panel.run_request()
    panel.set_algorithm("value_iteration")
    panel.set_run(request)
    assert panel.run_request() == request


def test_another_algorithm_keeps_what_both_have(panel):
    panel.form.set_values({"alpha": 0.5, "gamma": 0.9})
    told = []
    panel.algorithm_changed.connect(told.append)
    picker = panel.picker
    picker.activated.emit(picker._items["value_iteration"].row())
    assert told == ["value_iteration"]
    assert panel.run_request()["config"] == {"gamma": 0.9}
    assert panel._equation.text() == registry()["value_iteration"].equation


@pytest.mark.parametrize(
    ("state", "text", "signal", "others"),
    [
        ("empty", "Train", "train_clicked", {"step", "episode"}),
        ("idle", "Train", "train_clicked", {"step", "episode", "reset"}),
        ("training", "Pause", "pause_clicked", {"stop"}),
        ("paused", "Resume", "continue_clicked", {"step", "episode", "stop", "reset"}),
        ("finished", "Continue", "continue_clicked", {"reset"}),
        ("failed", "Train anew", "train_clicked", {"reset"}),
    ],
)
def test_each_state_has_its_buttons(panel, qtbot, state, text, signal, others):
    panel.set_state(state)
    assert panel.primary.text() == text
    assert {name for name, button in panel.buttons.items() if button.isEnabled()} == others
    with qtbot.waitSignal(getattr(panel, signal)):
        qtbot.mouseClick(panel.primary, LEFT)
    for name in others:
        with qtbot.waitSignal(getattr(panel, f"{name}_clicked")):
            qtbot.mouseClick(panel.buttons[name], LEFT)
    locked = state in ("training", "paused")
    assert panel.picker.isEnabled() != locked
    assert panel.seeds.isEnabled() != locked


def test_a_finished_run_with_other_settings_is_a_new_run(panel):
    panel.set_state("training")
    panel.set_state("finished")
    panel.form.set_values({"alpha": 0.7})
    panel._refresh()
    assert panel.primary.text() == "Continue"  # the step size may change on the way
    panel.seeds.set_value(4)
    panel._refresh()
    assert panel.primary.text() == "Train"
    panel.seeds.set_value(16)
    choose(panel.form.rows["epsilon_schedule"], "linear")
    assert panel.primary.text() == "Train"


def test_only_what_may_change_during_a_run_is_told(panel, qtbot):
    told = []
    panel.hyperparameter_edited.connect(lambda name, value: told.append((name, value)))
    panel.set_state("training")
    type_into(qtbot, panel.form.rows["epsilon"].field, "0.2")
    assert told == [("epsilon", 0.2)]
    panel.set_state("idle")
    choose(panel.form.rows["epsilon_schedule"], "linear")
    assert told == [("epsilon", 0.2)]


def test_what_the_world_lacks_stands_under_train_until_there_is_something_worse(panel, qtbot):
    panel.set_world(World.blank(2, 2))
    assert panel._notice.text().startswith("No start is drawn")
    panel.set_notice("The updates diverge.", "bad", "Go back")
    assert panel._notice.text() == "The updates diverge."
    with qtbot.waitSignal(panel.notice_action):
        qtbot.mouseClick(panel._notice.action_button, LEFT)
    panel.set_notice("")
    assert panel._notice.text().startswith("No start is drawn")
    panel.set_world(World.blank(2, 2).painted([(0, 0)], "start").painted([(1, 1)], "goal"))
    assert not panel._notice.isVisible()


def test_the_panel_fits_its_column_in_every_state(panel):
    choose(panel.form.rows["epsilon_schedule"], "linear")
    panel.set_notice("A sentence that is quite a bit longer than the panel is wide.", "bad", "Go back")
    for state in ("empty", "idle", "training", "paused", "finished", "failed"):
        panel.set_state(state)
        assert panel.minimumSizeHint().width() <= 318  # 328 less a scroll bar


def test_keys_reach_every_control(panel, qtbot):
    window: QWidget = panel.window()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    panel.picker.setFocus()
    reached = set()
    for _ in range(60):
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        reached.add(window.focusWidget())
    assert {panel.picker, panel.primary, panel.buttons["step"], panel.seeds.field} <= reached
    assert panel.budget.unit in reached


# -- presets ---------------------------------------------------------------------------------------


def pick(row: ChoiceRow, title: str) -> None:
    row.combo.activated.emit(row.combo.findText(title))


def test_a_preset_fills_in_hyperparameters_and_budget(panel):
    pick(panel.preset, "course")
    request = panel.run_request()
    course = {"gamma": 0.99, "epsilon": 1.0, "epsilon_schedule": "exponential"}
    assert course.items() <= registry()["sarsa"].Config.make(request["config"]).model_dump().items()
    assert request["episodes"] == 10_000
    panel.form.rows["alpha"].set_value(0.7)
    panel.form.rows["alpha"].edited.emit(0.7)
    assert panel.preset.combo.currentText() == "own values"
    pick(panel.preset, "default")
    assert (panel.run_request()["config"], panel.run_request()["episodes"]) == ({}, 500)
    assert panel.preset.combo.findText("own values") < 0


def test_only_methods_with_presets_offer_them(panel):
    assert panel.preset.isVisible()
    without = next(name for name, agent in registry().items() if not agent.presets)
    panel.set_algorithm(without)
    assert not panel.preset.isVisible()
    panel.set_algorithm("value_iteration", {"gamma": 0.99, "theta": 1e-8})
    assert panel.preset.combo.currentText() in ("default", "course")
    panel.set_algorithm("value_iteration", {"gamma": 0.5})
    assert panel.preset.combo.currentText() == "own values"


def test_what_a_preset_changes_during_a_rest_reaches_the_run(panel):
    told = {}
    panel.hyperparameter_edited.connect(told.__setitem__)
    panel.form.set_values({"epsilon": 0.3})
    pick(panel.preset, "course")
    assert told["epsilon"] == 1.0
    assert "epsilon_schedule" not in told


def test_an_algorithm_with_a_budget_of_its_own_lends_it(panel):
    def budget_with(algorithm: str) -> tuple[str, int]:
        panel.set_algorithm(algorithm)
        return panel.budget.value()

    assert [budget_with(name) for name in ("uct", "q_learning")] == [("episodes", 20), ("episodes", 500)]
    panel.budget.set_value(("episodes", 70))
    assert [budget_with(name) for name in ("uct", "value_iteration", "sarsa")] == [
        ("episodes", 20),
        ("sweeps", 100_000),
        ("episodes", 70),
    ]
    panel.set_algorithm("uct")
    panel.budget.set_value(("episodes", 3))  # what a user sets stays
    assert budget_with("sarsa") == ("episodes", 3)
    panel.set_algorithm("uct")
    panel.suggest({}, 20_000)  # a world's suggestion is for those who learn from episode to episode
    assert panel.budget.value() == ("episodes", 20)
    assert panel.preset.combo.count() == 1 and not panel.preset.isVisible()


# -- a policy from a file --------------------------------------------------------------------------


@pytest.fixture
def drawn() -> World:
    return World.blank(1, 3).painted([(0, 0)], "start").painted([(0, 2)], "goal")


@pytest.fixture
def policy_file(tmp_path, drawn) -> str:
    path = tmp_path / "right.rlpolicy"
    train("value_iteration", drawn, gamma=0.9).policy.save(path)
    return str(path)


def answer(monkeypatch, path: str) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (path, ""))


def test_a_loaded_policy_is_asked_for_and_goes_into_the_run(panel, monkeypatch, drawn, policy_file):
    panel.set_world(drawn)
    panel.set_algorithm("td0")
    assert not panel.policy_file.isVisible()
    answer(monkeypatch, policy_file)
    choose(panel.form.rows["policy"], "loaded")
    assert panel.policy_file.isVisible()
    assert panel.policy_file.button.text() == "right.rlpolicy"
    spec = RunSpec(world=drawn, **panel.run_request())
    assert spec.policy is not None
    assert spec.policy[1].tolist() == [0.0, 1.0, 0.0, 0.0]  # beside the goal: right
    session = TrainingSession(spec)
    assert session.agent.given is spec.policy
    panel.set_algorithm("sarsa")
    assert not panel.policy_file.isVisible()
    assert "policy" not in panel.run_request()


def test_without_a_file_a_sentence_stands_where_one_would_press_train(panel, monkeypatch, drawn):
    panel.set_world(drawn)
    panel.set_algorithm("td0")
    answer(monkeypatch, "")
    choose(panel.form.rows["policy"], "loaded")
    assert panel._notice.text() == "Choose the file of the policy whose values are to be learnt."
    assert not panel.primary.isEnabled()
    choose(panel.form.rows["policy"], "random")
    assert panel._notice.text() == ""
    assert panel.primary.isEnabled()


def test_a_policy_of_another_world_is_refused_in_place(panel, monkeypatch, drawn, policy_file):
    panel.set_world(drawn.resized(2, 3))
    panel.set_algorithm("td0")
    answer(monkeypatch, policy_file)
    choose(panel.form.rows["policy"], "loaded")
    assert panel._notice.text().startswith("This policy is for 1 x 3 cells")
    assert not panel.primary.isEnabled()
    panel.set_world(drawn)
    assert panel.primary.isEnabled()
    panel.policy_file.load(__file__)
    assert not panel.primary.isEnabled()
    assert panel._notice.text() == panel.policy_file.sentence() != ""


def test_another_file_makes_another_run(panel, monkeypatch, drawn, policy_file):
    panel.set_world(drawn)
    panel.set_algorithm("td0")
    answer(monkeypatch, policy_file)
    choose(panel.form.rows["policy"], "loaded")
    panel.set_state("training")
    panel.set_state("finished")
    assert panel.primary.text() == "Continue"
    panel.policy_file.load(policy_file)
    assert panel.primary.text() == "Train"


def test_a_run_that_was_given_a_policy_can_be_shown_again(panel, monkeypatch, drawn, policy_file):
    panel.set_world(drawn)
    panel.set_algorithm("td0", {"policy": "loaded"})
    panel.policy_file.load(policy_file)
    request = panel.run_request()
    panel.set_algorithm("sarsa")
    panel.set_run(request)
    assert panel.policy_file.button.text() == "of the run"
    assert panel.run_request()["policy"] is request["policy"]


def test_several_workers_are_said_to_give_up_what_one_keeps(panel):
    panel.set_algorithm("a3c")
    assert "the same seed does not learn the same twice" in panel.caution.text() and panel.caution.isVisible()
    panel.set_algorithm("a3c", {"workers": 1})
    assert panel.caution.text() == "" and not panel.caution.isVisible()
    panel.set_algorithm("a2c")
    assert not panel.caution.isVisible()
