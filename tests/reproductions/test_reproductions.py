"""Every figure in its quick size: what it compares with its source agrees, within what it states."""

import json
import re

import numpy as np
import pytest

from rlsandbox.cli import run
from rlsandbox.reproductions.figure import Compared, ordered
from rlsandbox.reproductions.figure_5_3 import blackjack, dealers_end
from rlsandbox.reproductions.figure_6_5 import lure
from rlsandbox.reproductions.runner import listed, names, run_reproduction
from rlsandbox.reproductions.sessions import after_episodes, after_steps, mean_per_episode, trained
from rlsandbox.studio.plots.panel import Line, Panel, Table
from rlsandbox.worlds.mdp import compile_world


@pytest.mark.parametrize("name", names())
def test_a_figure_says_what_its_source_says(name):
    figure = run_reproduction(name, quick=True)
    assert figure.compared and figure.runs >= 1 and figure.seconds > 0
    kind, _, number = name.partition("_")
    assert re.search(rf"{kind} {number.replace('_', '.')}, (page \d+|section [\d.]+)$", figure.source)
    wrong = [(row.what, row.here, row.published) for row in figure.compared if not row.agrees]
    assert not wrong
    for panel in figure.panels:
        if isinstance(panel, Table):
            assert np.isfinite(panel.values).all()
        else:
            assert panel.lines and all(np.isfinite(line.y).any() for line in panel.lines.values())


def test_all_are_listed_in_the_order_of_the_book():
    numbers = [[int(digits) for digits in re.findall(r"\d+", row["id"])] for row in listed()]
    assert numbers == sorted(numbers) and len({row["title"] for row in listed()}) == len(numbers)


def test_a_comparison_can_fail():
    assert Compared("", 1.04, 1.0, 0.05).agrees and not Compared("", 1.06, 1.0, 0.05).agrees
    assert Compared("", 2.0, 2.0).agrees and not Compared("", float("nan"), 2.0, 9.0).agrees
    assert not ordered("", 1.0, False).agrees and "NOT" in ordered("", 1.0, False).verdict


def test_a_band_is_one_standard_error():
    line = Line.mean([1, 2], [[1.0, 5.0], [3.0, 5.0]])
    assert line.y.tolist() == [2.0, 5.0]
    assert line.low is not None and line.high is not None
    # standard deviation sqrt(2) of two runs, over sqrt(2)
    assert line.low == pytest.approx([1.0, 5.0]) and line.high == pytest.approx([3.0, 5.0])


def test_reading_on_the_way_changes_no_run():
    whole = trained("sarsa", "cliff_walking", 3, episodes=20)
    parts = after_episodes("sarsa", "cliff_walking", 3, range(1, 21), lambda s: s.agent.episodes)
    assert parts.tolist() == [[n] * 3 for n in range(1, 21)]
    lengths = mean_per_episode(whole, "length") * 20
    assert lengths == pytest.approx(whole.agent.steps)
    steps = after_steps("sarsa", "cliff_walking", 3, (7, 300), lambda s: s.agent.episodes)
    assert steps[1].tolist() == trained("sarsa", "cliff_walking", 3, steps=300).agent.episodes.tolist()


def test_the_command_writes_picture_and_numbers(tmp_path, capsys):
    assert run(["reproduce", "example_6_5", "--quick", "--out", str(tmp_path / "new"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert json.loads((tmp_path / "new" / "example_6_5.json").read_text()) == found
    assert (tmp_path / "new" / "example_6_5.png").read_bytes().startswith(b"\x89PNG")
    assert found["compared"][0] == {
        "what": "steps of an optimal path",
        "here": pytest.approx(15.0),
        "published": 15.0,
        "within": 1e-9,
        "read_off": False,
        "agrees": True,
    }
    assert len(found["panels"][0]["curves"]["SARSA, α = 0.5, ε = 0.1"]["x"]) == 81


def test_the_command_lists_and_refuses(capsys):
    assert run(["reproduce", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["reproductions"][0]["id"] == names()[0]
    assert run(["reproduce", "figure_99"]) == 2
    assert "there is no reproduction 'figure_99'; there are figure_2_2" in capsys.readouterr().err


def test_a_figure_is_drawn_with_every_curve_in_its_colour(tmp_path):
    from PySide6.QtGui import QColor, QImage

    from rlsandbox.studio.plots.figure import write_figure
    from rlsandbox.studio.theme import THEMES

    lines = {
        "one": Line.of([1, 10, 100], [0, 1, np.nan]),
        "two": Line.mean([1, 100], [[2.0, 0.0], [2.5, 1.0]]),
    }
    panels = (Panel("Curves", "x", "y", lines, log_x=True), Table("Numbers", np.array([[-0.01, 2.0]])))
    file = tmp_path / "figure.png"
    write_figure("Title", "Source", panels, file)
    image = QImage(str(file))
    assert (image.width(), image.height()) == (2 * (2 * 520 + 36), 2 * (64 + 390 + 36))
    inks = {image.pixel(x, y) & 0xFFFFFF for x in range(1076) for y in range(0, image.height(), 2)}
    for series in THEMES["light"].series[:2]:
        assert QColor(series).rgb() & 0xFFFFFF in inks


def test_blackjack_against_a_deuce():
    """Chances of an endless deck: they sum to 1, and with two dealer's cards of 20 one goes bust by hand."""
    assert sum(dealers_end(2, False).values()) == pytest.approx(1.0, abs=1e-12)
    assert dealers_end(18, False) == {18: 1.0} and dealers_end(22, False) == {0: 1.0}
    # from a hard 16 the dealer survives with 1 to 5 alone
    sixteen = dealers_end(16, False)
    assert sixteen[0] == pytest.approx(8 / 13) and sixteen[17] == pytest.approx(1 / 13)
    # a soft 22 is a hard 12
    assert dealers_end(22, True) == dealers_end(12, False)
    mdp = compile_world(blackjack())
    assert mdp.expected_reward[21, 1] == pytest.approx(-1.0)  # to hit on a hard 21 is to lose
    assert mdp.expected_reward[22 + 12, 1] == 0.0  # no card breaks a soft 12


def test_the_lure_pays_a_normal_reward_of_mean_minus_a_tenth():
    mdp = compile_world(lure())
    assert mdp.expected_reward[1] == pytest.approx(-0.1) and mdp.prob[1, 0].size == 100
    spread = np.sqrt((mdp.prob[1, 0] * (mdp.reward[1, 0] + 0.1) ** 2).sum())
    assert spread == pytest.approx(1.0, abs=0.01)
    assert np.median(mdp.reward[1, 0]) == pytest.approx(-0.1)
    assert mdp.next_state[2, :, 0].tolist() == [1] * 5 + [0] * 5
