"""Environments of Gymnasium in the window: found by id, watched, mapped; and all that can go wrong there."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from rlsandbox.learning.agent import Played, Snapshot
from rlsandbox.studio import worker
from rlsandbox.studio.environment.state_map import Chosen, Scaled
from rlsandbox.studio.environment.view import EnvironmentView
from rlsandbox.studio.main_window import MainWindow
from rlsandbox.studio.panels.gym_dialog import GymDialog, looked_up, registered
from rlsandbox.training.pace import Pace
from rlsandbox.training.playing import PlayedEpisode
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.gym_world import GymWorld
from rlsandbox.worlds.simulation import Slice
from tests.studio import environments
from tests.studio.environments import Faulty


@pytest.fixture(autouse=True)
def mended() -> None:
    assert environments.AFTER == 40
    Faulty.made = 0


def go(qtbot: QtBot, window: MainWindow, name: str) -> None:
    window.places.go_to(GymWorld(name))
    qtbot.waitUntil(lambda: window.agent.picker.algorithm() == "ppo", timeout=20_000)


def train(qtbot: QtBot, window: MainWindow) -> None:
    window.control.set_pace(Pace(None, None))
    window.agent.primary.click()
    qtbot.waitUntil(
        lambda: window.control.frame is not None and bool(window.control.frame.progress.snapshot.steps.any()),
        timeout=30_000,
    )


# -- finding one -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "CartPole-v1",
            "It shows 4 numbers (position, velocity, angle, angular velocity) and takes one of 2 actions; "
            "at most 500 steps an episode.",
        ),
        (
            "Pendulum-v1",
            "It shows 3 numbers (cos angle, sin angle, angular velocity) and takes 1 number; "
            "at most 200 steps an episode.",
        ),
        (
            "FrozenLake-v1",
            "It shows one of 16 states and takes one of 4 actions; at most 100 steps an episode.",
        ),
        ("Acrobot-v1", "It shows 6 numbers and takes one of 3 actions; at most 500 steps an episode."),
    ],
)
def test_what_an_environment_is_in_a_sentence(name: str, sentence: str) -> None:
    assert looked_up(name) == (GymWorld(name), sentence)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("CartPole-v9", "There is no environment 'CartPole-v9': "),
        ("Nothing-v0", "There is no environment 'Nothing-v0': "),
        ("nobody/has:this-v0", "Nobody/has:this-v0 cannot be made: ModuleNotFoundError"),
        ("Blackjack-v1", "Blackjack-v1 shows a Tuple space: agents here learn from numbered states"),
    ],
)
def test_what_cannot_be_had_says_why(name: str, part: str) -> None:
    world, sentence = looked_up(name)
    assert world is None and part in sentence


def test_a_missing_extra_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import gymnasium

    def make(*_args: object, **_options: object) -> None:
        raise gymnasium.error.DependencyNotInstalled('run `pip install "gymnasium[box2d]"`')

    monkeypatch.setattr(gymnasium, "make", make)
    world, sentence = looked_up("LunarLander-v3")
    assert world is None and 'pip install "gymnasium[box2d]"' in sentence


def test_all_ids_but_the_sandboxs_own_complete_what_is_typed() -> None:
    ids = registered()
    assert ids[0] == "CartPole-v1" and "Taxi-v4" in ids
    assert not [name for name in ids if name.startswith("rlsandbox/")]
    assert len(ids) == len(set(ids))


def test_the_dialog_lets_nobody_go_where_nothing_is(qtbot: QtBot) -> None:
    dialog = GymDialog("CartPole-v1")
    qtbot.addWidget(dialog)
    asked: list[str] = []
    dialog.asked.connect(asked.append)
    dialog.begin()
    assert asked == ["", "CartPole-v1"] and not dialog._ok.isEnabled()
    dialog.found("CartPole-v1", *looked_up("CartPole-v1"))
    assert dialog._ok.isEnabled() and dialog.world() == GymWorld("CartPole-v1")
    dialog.box.setEditText("gym:Nothing-v0")
    assert not dialog._ok.isEnabled() and dialog.world() is None
    qtbot.waitUntil(lambda: asked[-1] == "Nothing-v0")
    dialog.found("CartPole-v1", *looked_up("CartPole-v1"))  # an answer to what was typed before
    assert dialog.world() is None
    dialog.found("Nothing-v0", *looked_up("Nothing-v0"))
    assert not dialog._ok.isEnabled() and "There is no environment" in dialog.notice.text()


# -- watching one ------------------------------------------------------------------------------------


def test_cart_pole_is_seen_before_and_while_it_trains(qtbot: QtBot, window: MainWindow) -> None:
    go(qtbot, window, "CartPole-v1")
    view = window.environments.view
    qtbot.waitUntil(view.picture.has_picture, timeout=20_000)
    assert window.stage.currentWidget() is view
    assert not window.tools.isEnabled() and not window.canvas_bar.chips.isEnabled()
    assert window.top_bar._title.text() == "CartPole-v1"
    preview = view.picture._pixels
    train(qtbot, window)
    qtbot.waitUntil(lambda: view.picture._pixels is not preview, timeout=10_000)
    frame = window.control.frame
    assert frame is not None and frame.picture is not None and frame.picture.pixels is not None
    assert frame.picture.pixels.shape == (400, 600, 3)
    played = frame.progress.snapshot.played
    assert played is not None and played.slice == Slice(2, 3, 32, 32, (0.0,) * 4)
    assert list(window.spot_panel.texts()) == ["position", "velocity", "angle", "angular velocity"]
    window.place_panel.choice.buttons["grid"].click()
    assert window.stage.currentWidget() is window.canvas and window.tools.isEnabled()
    assert window.control.wants == frozenset() and window.control.slice is None
    assert window.top_bar._title.text() == "Cliff walking"


def test_an_episode_is_recorded_with_its_pictures(qtbot: QtBot, window: MainWindow) -> None:
    go(qtbot, window, "Tests/Faulty-v0")
    train(qtbot, window)
    window.agent.primary.click()
    qtbot.waitUntil(lambda: window.control.state == "paused", timeout=10_000)
    window.control.record()
    qtbot.waitUntil(lambda: window.control.episode is not None, timeout=10_000)
    episode = window.control.episode
    assert isinstance(episode, PlayedEpisode)
    assert len(episode) == 10 and episode.score == 10.0 and episode.terminated
    window.transport.pause()
    window.transport.set_frame(4)
    pixels = window.environments.view.picture._pixels
    assert pixels is not None and pixels[0, :, 0].tolist() == [255] * 12 + [0] * 18, "three pixels a step"


def test_opening_a_world_leads_back_to_the_drawing(qtbot: QtBot, window: MainWindow) -> None:
    go(qtbot, window, "Tests/Faulty-v0")
    window.files.open_gallery("grid_4x4")
    assert window.places.kind == "grid" and window.stage.currentWidget() is window.canvas


def test_a_run_is_brought_back_with_its_environment(qtbot: QtBot, window: MainWindow) -> None:
    go(qtbot, window, "Tests/Faulty-v0")
    train(qtbot, window)
    window.place_panel.choice.buttons["grid"].click()
    window.bring_back(0)
    qtbot.waitUntil(lambda: window.control.frame is not None, timeout=10_000)
    assert window.places.place == GymWorld("Tests/Faulty-v0") and window.control.state == "paused"


def test_whoever_resets_or_comes_from_the_point_begins_with_an_empty_map(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.place_panel.choice.buttons["point"].click()
    assert window.control.slice is not None
    go(qtbot, window, "CartPole-v1")
    assert window.control.slice == window.environments.view.chosen() == Slice(2, 3, 32, 32, (0.0,) * 4)
    train(qtbot, window)
    qtbot.waitUntil(lambda: window.environments.view.map._image.image is not None, timeout=10_000)
    assert window.spot_panel.texts()
    window.reset()
    assert window.environments.view.map._image.image is None and not window.spot_panel.texts()
    assert window.environments.view.picture.has_picture(), "as it was before"


# -- beside the training -----------------------------------------------------------------------------


def test_nobody_waits_for_figures(qtbot: QtBot, window: MainWindow) -> None:
    go(qtbot, window, "Tests/FaultySlow-v0")
    train(qtbot, window)
    window.control.trainer.stop_run()
    qtbot.waitUntil(lambda: window.control.state == "finished", timeout=10_000)
    assert window.control.runs[0].row().greedy_return is None, "they take ten seconds"
    clock = window.control.runs[0].frame.progress.clock  # type: ignore[union-attr]
    window.agent.primary.click()
    qtbot.waitUntil(
        lambda: window.control.frame is not None and window.control.frame.progress.clock > clock,
        timeout=5_000,
    )


def test_figures_come_as_soon_as_nothing_else_is_to_be_done(qtbot: QtBot, window: MainWindow) -> None:
    go(qtbot, window, "Tests/Faulty-v0")
    train(qtbot, window)
    window.control.trainer.stop_run()
    qtbot.waitUntil(lambda: window.control.runs[0].row().greedy_return == 10.0, timeout=20_000)
    window.step()
    qtbot.waitUntil(lambda: window.control.state == "paused", timeout=10_000)
    assert window.control.runs[0].row().greedy_return is None, "those were of another policy"


def test_training_waits_until_a_frame_is_on_the_screen(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(qtbot, window, "Tests/Faulty-v0")
    train(qtbot, window)
    monkeypatch.setattr(worker, "_PAINTING", 60.0)
    monkeypatch.setattr(window.control.trainer, "painted", lambda: None)
    qtbot.wait(300)  # a frame more is asked for by then
    session = window.control.trainer._sessions[0]
    clock = session.clock
    qtbot.wait(300)
    assert session.clock == clock, "it waits"
    monkeypatch.undo()
    window.control.trainer.painted()
    qtbot.waitUntil(lambda: session.clock > clock + 100, timeout=10_000)


# -- the map -----------------------------------------------------------------------------------------


@pytest.fixture
def view(qtbot: QtBot) -> EnvironmentView:
    found = EnvironmentView()
    qtbot.addWidget(found)
    found.resize(900, 500)
    found.show()
    return found


def known(chosen: Slice, seen: tuple[float, ...], v: np.ndarray, forces: np.ndarray) -> Snapshot:
    """What an agent knows that stands still; it would take action 1 in the right half."""
    size = chosen.rows * chosen.columns
    right = np.arange(size) % chosen.columns >= chosen.columns // 2
    policy = np.stack([~right, right], axis=1).astype(np.float64)
    one = np.ones(1, np.int64)
    place = np.array(seen, np.float32)
    played = Played(chosen, 0, place, place[None][:0], forces)
    return Snapshot(0, v, np.full((size, 2), np.nan), policy, one, one, played=played)


def test_values_and_actions_over_two_numbers(view: EnvironmentView) -> None:
    view.set_world(GymWorld("CartPole-v1"))
    chosen = Slice(2, 3, 32, 32, (0.0,) * 4)
    assert view.chosen() == chosen and list(view.rows) == [0, 1]
    v = np.arange(1024.0)
    snapshot = known(chosen, (0.1, 0.2, 0.3, 0.4), v, np.empty((0, 0)))
    shown = view.colours(snapshot, chosen)
    assert isinstance(shown, Scaled) and (shown.low, shown.high) == (0.0, 1023.0)
    view.shown.setCurrentIndex(1)
    actions = view.colours(snapshot, chosen)
    assert isinstance(actions, Chosen) and actions.names == ("action 0", "action 1")
    assert actions.which[0].tolist() == [0] * 16 + [1] * 16
    view.show_snapshot(snapshot)
    view._read((0.0, -2.9))
    assert view._read_out.text() == "angle 0.00  ·  angular velocity −2.90  ·  action 1"


def test_sliders_hold_the_others_or_follow_the_agent(view: EnvironmentView) -> None:
    view.set_world(GymWorld("CartPole-v1"))
    told: list[Slice] = []
    view.slice_changed.connect(told.append)
    view.rows[0].set_value(1.5)
    view.rows[0].edited.emit(1.5)
    assert told[-1].at == (1.5, 0.0, 0.0, 0.0)
    chosen = view.chosen()
    assert chosen is not None
    view.show_snapshot(known(chosen, (0.25, -0.5, 0.0, 0.0), np.zeros(1024), np.empty((0, 0))))
    assert told[-1].at == (1.5, 0.0, 0.0, 0.0)
    view.follow.switch.click()
    assert told[-1].at == (0.25, -0.5, 0.0, 0.0)
    view.across.setCurrentIndex(3)
    view.across.activated.emit(3)
    assert (told[-1].x, told[-1].y) == (3, 0), "the axes are never the same"
    assert list(view.rows) == [1, 2]


def test_a_continuous_action_is_a_diverging_field(view: EnvironmentView) -> None:
    view.set_world(GymWorld("Pendulum-v1"))
    chosen = view.chosen()
    assert chosen is not None and view.shown.count() == 2
    view.shown.setCurrentIndex(1)
    forces = np.linspace(-2, 2, 1024)[:, None]
    shown = view.colours(known(chosen, (1.0, 0.0, 0.0), np.zeros(1024), forces), chosen)
    assert isinstance(shown, Scaled) and (shown.low, shown.high, shown.colormap) == (-2.0, 2.0, "diverging")
    assert shown.values[0, 0] == -2.0 and shown.values[-1, -1] == 2.0


def test_where_there_is_no_map_it_says_so(view: EnvironmentView) -> None:
    view.set_world(GymWorld("FrozenLake-v1"))
    assert view.chosen() is None and not view._right.isVisible()
    assert view._no_map.text() == "What it shows has no two numbers to make a map of."


# -- faults ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("Raises", "Tests/FaultyRaises-v0 failed in step: RuntimeError: the motor has burnt out"),
        (
            "Nonsense",
            "Tests/FaultyNonsense-v0 failed in step: ValueError: too many values to unpack (expected 5)",
        ),
        ("Nan", "Tests/FaultyNan-v0 shows nan in an observation."),
        ("Reward", "Tests/FaultyReward-v0 paid nan, which is not a number."),
    ],
)
def test_an_environment_fails_in_the_middle(
    qtbot: QtBot, window: MainWindow, fault: str, sentence: str
) -> None:
    go(qtbot, window, f"Tests/Faulty{fault}-v0")
    window.agent.primary.click()
    qtbot.waitUntil(lambda: window.control.state == "failed", timeout=30_000)
    assert window.agent._notice.text() == sentence and window.agent._notice.action_button.text() == "Go back"
    Faulty.made = 0  # it is mended
    window.agent.notice_action.emit()
    qtbot.waitUntil(lambda: window.control.state == "paused", timeout=10_000)
    frame = window.control.frame
    assert frame is not None and frame.progress.failure is None
    assert frame.progress.clock == 0, "nothing was learnt by then: the last good state is the first"
    window.place_panel.choice.buttons["grid"].click()
    qtbot.waitUntil(lambda: window.agent.picker.algorithm() == "q_learning", timeout=10_000)
    window.agent.primary.click()
    qtbot.waitUntil(lambda: window.control.state == "training", timeout=10_000)


def test_a_picture_that_fails_is_a_sentence_and_training_goes_on(qtbot: QtBot, window: MainWindow) -> None:
    go(qtbot, window, "Tests/FaultyRender-v0")
    picture, sentence = (
        window.environments.view.picture,
        "Tests/FaultyRender-v0 cannot be drawn: OSError: no screen",
    )
    qtbot.waitUntil(lambda: picture.sentence() == sentence, timeout=10_000)
    train(qtbot, window)
    assert window.control.state == "training" and not picture.has_picture()


def test_where_there_is_no_environment_nobody_goes(qtbot: QtBot, window: MainWindow) -> None:
    before = window.places.place
    with pytest.raises(SandboxError, match="there is no environment 'Gone-v0'"):
        window.places.go_to(GymWorld("Gone-v0"))
    assert window.places.place is before and window.stage.currentWidget() is window.canvas


def test_an_environment_that_has_gone_begins_no_run(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    import gymnasium

    go(qtbot, window, "Tests/Faulty-v0")
    qtbot.waitUntil(window.environments.view.picture.has_picture, timeout=10_000)
    monkeypatch.delitem(gymnasium.registry, "Tests/Faulty-v0")
    window.agent.primary.click()
    qtbot.waitUntil(lambda: "there is no environment" in window.agent._notice.text(), timeout=10_000)
    assert window.control.state == "empty" and not window.control.runs


def test_a_window_on_a_drawing_loads_no_library_for_plots() -> None:
    asks = "print('pyqtgraph' in sys.modules, 'torch' in sys.modules)"
    program = f"import sys; import rlsandbox.studio.main_window; {asks}"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["False", "False"]
