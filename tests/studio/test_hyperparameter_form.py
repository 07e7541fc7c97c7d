"""The form that is made from an algorithm's configuration."""

import pytest

from rlsandbox.algorithms import registry
from rlsandbox.learning.agent import Agent
from rlsandbox.learning.hyperparams import AgentConfig, hp
from rlsandbox.learning.problem import Enumerable, Simulated
from rlsandbox.studio.controls import NumberRow, SwitchRow
from rlsandbox.studio.panels.hyperparameter_form import HyperparameterForm
from rlsandbox.studio.panels.number_rows import OptionalNumberRow
from rlsandbox.studio.theme import theme_manager
from tests.studio.hands import choose, type_into


@pytest.fixture(autouse=True, scope="module")
def dressed(qapp):
    theme_manager().apply(qapp, "dark")


@pytest.fixture
def form(qtbot) -> HyperparameterForm:
    result = HyperparameterForm()
    qtbot.addWidget(result)
    result.set_algorithm(registry()["sarsa"])
    result.show()
    return result


def visible(rows: dict) -> set[str]:
    return {name for name, row in rows.items() if row.isVisible()}


def test_rows_are_named_as_people_name_them(form):
    labels = [row.label.text() for row in form.rows.values() if row.isVisible()]
    assert labels == ["Step size α", "Discount γ", "Exploration", "Random actions ε", "ε schedule"]
    rare = [row.label.text() for row in form.rows.values() if form.more.isAncestorOf(row)]
    assert {"α schedule", "Start value Q₀"} < set(rare)


def test_the_forms_defaults_are_the_configs(form):
    for algorithm, agent in registry().items():
        form.set_algorithm(agent)
        assert agent.Config.make(form.values()) == agent.Config(), algorithm
        assert form.changed_values() == {}


def test_rows_come_and_go_with_what_they_depend_on(form):
    assert "epsilon_end" not in visible(form.rows)
    choose(form.rows["epsilon_schedule"], "linear")
    assert {"epsilon_end", "epsilon_episodes"} <= visible(form.rows)
    assert "epsilon_decay" not in visible(form.rows)
    choose(form.rows["epsilon_schedule"], "exponential")
    assert {"epsilon_end", "epsilon_decay"} <= visible(form.rows)
    assert "epsilon_episodes" not in visible(form.rows)


def test_an_edit_is_told_with_its_name_and_can_be_taken_back(form, qtbot):
    told = []
    form.edited.connect(lambda name, value: told.append((name, value)))
    type_into(qtbot, form.rows["alpha"].field, "0.5")
    assert (told, form.changed_values()) == ([("alpha", 0.5)], {"alpha": 0.5})
    form.rows["alpha"].reset()
    assert (told[-1], form.changed_values()) == (("alpha", 0.1), {})
    form.set_values({"gamma": 1.0, "unheard_of": 3})
    assert (len(told), form.changed_values()) == (2, {"gamma": 1.0})


def test_bounds_hold_and_an_open_bound_is_never_reached(form, qtbot):
    type_into(qtbot, form.rows["alpha"].field, "0")
    assert 0 < form.values()["alpha"] < 1e-3
    type_into(qtbot, form.rows["alpha"].field, "7")
    assert form.values()["alpha"] == 1.0
    registry()["sarsa"].Config.make(form.values())


def test_while_it_runs_only_what_may_change_is_enabled(form):
    form.set_running(True)
    enabled = {name for name, row in form.rows.items() if row.isEnabled()}
    assert {"alpha", "gamma", "exploration", "epsilon"} <= enabled
    assert not {"epsilon_schedule", "initial_q", "shaping"} & enabled
    form.set_running(False)
    assert all(row.isEnabled() for row in form.rows.values())


def test_tooltips_say_what_it_is_and_what_it_may_be(form):
    lines = form.rows["epsilon_episodes"].toolTip().split("\n")
    assert lines[0] == "Episodes until the end value."
    assert lines[1] == "A number from 1 up to 1e+07 episodes."
    assert lines[2] == "Default 500."


def test_every_kind_of_hyperparameter_has_a_row(form):
    class Every(AgentConfig):
        """One of each kind."""

        rate: float = hp(0.5, gt=0, lt=1, doc="a share", log=True)
        count: int = hp(4, ge=1, doc="a number without an upper bound")
        double: bool = hp(True, doc="a switch")
        limit: int | None = hp(None, ge=1, doc="a number that may be absent")

    class Kinds(Agent):
        """Never made."""

        Config = Every

    form.set_algorithm(Kinds)
    kinds = {name: type(row) for name, row in form.rows.items()}
    assert kinds == {"rate": NumberRow, "count": NumberRow, "double": SwitchRow, "limit": OptionalNumberRow}
    assert Every.make(form.values()) == Every()
    assert form.rows["count"].label.text() == "Count"


def test_what_changes_nothing_here_is_hidden_and_comes_back(qtbot):
    result = HyperparameterForm()
    qtbot.addWidget(result)
    agent = registry()["ppo"]
    result.set_algorithm(agent)
    result.set_idle(agent.idle(Simulated))
    assert result.rows["observation"].isHidden() and not result.rows["units"].isHidden()
    result.set_idle(agent.idle(Enumerable))
    assert not result.rows["observation"].isHidden()
    assert not registry()["sarsa"].idle(Simulated)
