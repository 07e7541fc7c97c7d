"""The overlays over the canvas: which are at hand, which are offered, and which exclude each other."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from rlsandbox import overlays
from rlsandbox.algorithms import find
from rlsandbox.studio.canvas_bar import CanvasBar


@pytest.fixture
def bar(qtbot: QtBot) -> CanvasBar:
    result = CanvasBar(["values", "policy", "trail"])
    qtbot.addWidget(result)
    result.resize(1600, 43)
    result.show()
    return result


def test_the_common_overlays_are_chips_and_the_others_wait_in_a_menu(bar: CanvasBar) -> None:
    common = [key for key, overlay in overlays.registry().items() if overlay.common]
    assert common[:3] == ["values", "policy", "q_values"]
    assert [key for key in bar.chips.keys() if bar.chips.chip(key).isVisible()]  # noqa: SIM118 == common
    assert set(bar.chips.in_menu()) == overlays.registry().keys() - set(common)


def test_what_an_algorithm_does_not_offer_says_so(bar: CanvasBar) -> None:
    bar.set_offers(find("q_learning"))
    assert not bar.chips.chip("traces").isEnabled()
    assert bar.chips.chip("traces").toolTip() == "Traces: Q-learning has none."
    assert bar.chips.chip("advantage").isEnabled()
    bar.set_offers(find("sarsa_lambda"))
    assert bar.chips.chip("traces").isEnabled()
    assert bar.chips.chip("traces").toolTip() == overlays.find("traces").tip


def test_a_colouring_that_is_not_offered_any_more_gives_way_to_the_values(bar: CanvasBar) -> None:
    bar.set_offers(find("sarsa_lambda"))
    bar.chips.chip("traces").click()
    assert bar.chips.checked() == ["policy", "trail", "traces"]  # one colours the cells
    said: list[tuple[str, bool]] = []
    bar.overlay_toggled.connect(lambda key, on: said.append((key, on)))
    bar.set_offers(find("q_learning"))
    assert said == [("traces", False), ("values", True)]
    assert bar.chips.checked() == ["values", "policy", "trail"]


def test_a_planner_has_neither_visits_nor_a_trail(bar: CanvasBar) -> None:
    bar.set_offers(find("q_learning"))
    said: list[tuple[str, bool]] = []
    bar.overlay_toggled.connect(lambda key, on: said.append((key, on)))
    bar.set_offers(find("value_iteration"))
    for key, title in (("visits", "Visits"), ("trail", "Trail")):
        chip = bar.chips.chip(key)
        assert not chip.isEnabled() and not chip.isChecked()
        assert chip.toolTip() == f"{title}: Value iteration sweeps over the states, it does not walk."
    assert bar.chips.chip("optimal_values").isEnabled()
    bar.set_offers(find("policy_iteration"))
    bar.set_offers(find("sarsa"))  # whoever had a trail has it again, and no more than that
    assert said == [("trail", False), ("trail", True)]
    assert bar.chips.checked() == ["values", "policy", "trail"]


def test_a_trail_that_was_not_wanted_stays_away(bar: CanvasBar) -> None:
    bar.chips.chip("trail").click()
    bar.set_offers(find("value_iteration"))
    bar.set_offers(find("sarsa"))
    assert "trail" not in bar.chips.checked()
