"""The transport, driven as a user drives it."""

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtWidgets import QApplication

from rlsandbox.studio.theme import theme_manager
from rlsandbox.studio.transport import PLAYING_SPEEDS, Transport
from rlsandbox.training.pace import PACES, Pace

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def transport(qtbot, qapp):
    theme_manager().apply(qapp, "dark")
    widget = Transport()
    widget.resize(892, 56)
    qtbot.addWidget(widget)
    widget.show()
    qtbot.waitExposed(widget)
    widget.activateWindow()
    return widget


@pytest.fixture
def episode(transport):
    """A transport at the first frame of an episode of 13 steps, at rest."""
    transport.set_live("step 900", "episode 20")
    transport.set_episode(14, "return -13, ended", [(8, "warn")])
    transport.pause()
    return transport


def heard(signal) -> list:
    result: list = []
    signal.connect(lambda *values: result.append(values[0] if values else None))
    return result


def test_without_an_agent_only_the_speed_can_be_set(qtbot, transport):
    recorded = heard(transport.record_clicked)
    for button in (transport.first, transport.back, transport.play, transport.forward, transport.record):
        assert not button.isEnabled()
    assert not transport.timeline.isVisible() and not transport.live.isVisible()
    assert transport.speed_slider.isEnabled()
    transport.setFocus()
    qtbot.keyClick(transport, Qt.Key.Key_Space)
    assert recorded == [] and transport.mode() == "idle"


def test_training_starts_at_fifty_episodes_a_second(transport):
    assert transport.speed() == Pace(episodes_per_second=50)
    assert transport.speed_text.texts()[0] == "50 episodes/s"


@pytest.mark.parametrize(
    ("stop", "text"),
    [
        (0, "1 step/s"),
        (1, "2 steps/s"),
        (9, "1,000 steps/s"),
        (11, "200 episodes/s"),
        (13, "as fast as it goes"),
    ],
)
def test_the_slider_sets_the_speed_and_says_it(transport, stop, text):
    paces = heard(transport.speed_changed)
    transport.speed_slider.setValue(stop)
    assert paces == [PACES[stop]] and transport.speed() == PACES[stop]
    assert transport.speed_text.texts()[0] == text


def test_keys_move_the_speed_by_one_stop(qtbot, transport):
    paces = heard(transport.speed_changed)
    transport.speed_slider.setFocus()
    qtbot.keyClick(transport.speed_slider, Qt.Key.Key_Right)
    qtbot.keyClick(transport.speed_slider, Qt.Key.Key_PageDown)
    assert paces == [Pace(episodes_per_second=200), Pace(episodes_per_second=50)]


def test_live_shows_where_training_is_and_watching_asks_for_an_episode(qtbot, transport):
    asked = heard(transport.record_clicked)
    transport.set_live("step 1,200", "episode 31")
    assert transport.readout.texts() == ("step 1,200", "episode 31")
    assert not transport.first.isEnabled() and not transport.timeline.isVisible()
    qtbot.mouseClick(transport.record, LEFT)
    qtbot.mouseClick(transport.play, LEFT)
    assert len(asked) == 2
    assert transport.mode() == "live", "nothing is played before there is an episode"


def test_live_texts_lay_nothing_out_anew(transport):
    class Layouts(QObject):
        count = 0

        def eventFilter(self, watched, event):
            self.count += event.type() == QEvent.Type.LayoutRequest
            return False

    transport.set_live("step 9", "episode 1")
    QApplication.sendPostedEvents()
    layouts = Layouts()
    transport.installEventFilter(layouts)
    transport.set_live("step 12,400,000", "episode 500,000")
    QApplication.sendPostedEvents()
    assert layouts.count == 0, "this happens with every frame"


def test_an_episode_plays_from_its_start_to_its_end_and_then_again(qtbot, transport):
    frames, playing = heard(transport.frame_changed), heard(transport.play_toggled)
    transport.set_live("step 900", "episode 20")
    transport.set_episode(4, "return -3, ended")
    assert transport.is_playing() and transport.frame() == 0
    transport.speed_slider.setValue(len(PLAYING_SPEEDS) - 1)
    qtbot.waitUntil(lambda: not transport.is_playing(), timeout=2000)
    assert frames == [1, 2, 3] and playing == [True, False]
    assert transport.readout.texts() == ("step 3 of 3", "return -3, ended")
    qtbot.mouseClick(transport.play, LEFT)
    assert frames[3:] == [0] and transport.is_playing()


def test_stepping_rests_and_stays_within_the_episode(qtbot, episode):
    frames = heard(episode.frame_changed)
    qtbot.mouseClick(episode.forward, LEFT)
    qtbot.mouseClick(episode.forward, LEFT)
    qtbot.mouseClick(episode.back, LEFT)
    qtbot.mouseClick(episode.first, LEFT)
    qtbot.mouseClick(episode.back, LEFT)
    assert frames == [1, 2, 1, 0]
    episode.toggle_play()
    qtbot.mouseClick(episode.forward, LEFT)
    assert not episode.is_playing() and episode.frame() == 1


def test_keys_play_and_step(qtbot, episode):
    episode.timeline.setFocus()
    qtbot.keyClick(episode.timeline, Qt.Key.Key_Period)
    qtbot.keyClick(episode.timeline, Qt.Key.Key_Period)
    qtbot.keyClick(episode.timeline, Qt.Key.Key_Comma)
    assert episode.frame() == 1
    qtbot.keyClick(episode.timeline, Qt.Key.Key_End)
    assert episode.frame() == 13
    qtbot.keyClick(episode.timeline, Qt.Key.Key_Space)
    assert episode.is_playing() and episode.frame() == 0
    qtbot.keyClick(episode.timeline, Qt.Key.Key_Space)
    assert not episode.is_playing()


def test_the_timeline_scrubs_and_stops_playing(qtbot, episode):
    frames = heard(episode.frame_changed)
    episode.toggle_play()
    end = QPoint(episode.timeline.width() - 2, episode.timeline.height() // 2)
    qtbot.mouseClick(episode.timeline, LEFT, pos=end)
    assert frames == [13] and not episode.is_playing()
    assert episode.readout.texts()[0] == "step 13 of 13"


def test_the_speed_of_playing_is_not_the_speed_of_training(episode):
    paces = heard(episode.speed_changed)
    assert episode.speed_text.texts()[0] == "10 steps/s"
    episode.speed_slider.setValue(0)
    assert episode.speed_text.texts()[0] == "1 step/s"
    assert paces == [] and episode.speed() == Pace(episodes_per_second=50)
    episode.set_live("step 901", "episode 20")
    assert episode.speed_text.texts()[0] == "50 episodes/s"
    episode.set_episode(3, "return 1, ended")
    assert episode.speed_text.texts()[0] == "1 step/s"
    assert paces == []


def test_back_to_live_ends_the_episode(qtbot, episode):
    asked = heard(episode.live_clicked)
    episode.toggle_play()
    qtbot.mouseClick(episode.live, LEFT)
    assert len(asked) == 1
    episode.set_live("step 950", "episode 22")
    assert not episode.is_playing() and episode.mode() == "live" and not episode.live.isVisible()
    episode.set_idle()
    assert episode.readout.texts() == ("", "") and not episode.record.isEnabled()


def test_an_episode_without_steps_does_not_play(transport):
    transport.set_episode(1, "return 0, ended")
    assert not transport.is_playing() and transport.readout.texts()[0] == "step 0 of 0"


@pytest.mark.parametrize(("width", "timeline"), [(892, 380), (560, 120), (450, 60), (400, 20)])
def test_it_fits_below_the_narrowest_canvas(episode, width, timeline):
    episode.resize(width, 56)
    QApplication.sendPostedEvents()
    assert episode.width() == width and episode.timeline.width() >= timeline
    assert episode.record.text().strip() == ("New episode" if width == 892 else "")
    assert episode.record.accessibleName() == "New episode"
    assert episode.first.isVisible() == (width > 500)


def test_every_control_has_a_name(episode):
    named = [episode.first, episode.back, episode.play, episode.forward, episode.timeline,
             episode.record, episode.speed_slider]  # fmt: skip
    assert all(widget.accessibleName() for widget in named)
