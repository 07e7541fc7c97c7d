import dataclasses

import pytest

from rlsandbox.training.pace import FIRST_PACE, PACES, Pace, Rate
from rlsandbox.worlds.errors import SandboxError


def test_the_stops_go_from_one_step_a_second_to_as_fast_as_it_goes():
    assert PACES[0] == Pace(steps_per_second=1)
    assert PACES[-1] == Pace(None, None)
    steps = [pace.steps_per_second for pace in PACES if pace.steps_per_second is not None]
    episodes = [pace.episodes_per_second for pace in PACES if pace.episodes_per_second is not None]
    assert steps == [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
    assert episodes == [50, 200, 1000]
    assert list(PACES) == [Pace(x) for x in steps] + [Pace(None, x) for x in episodes] + [Pace()]


def test_the_first_500_episodes_take_ten_seconds():
    assert FIRST_PACE in PACES
    assert Pace(episodes_per_second=500 / 10) == FIRST_PACE


@pytest.mark.parametrize("wrong", [(5, 5), (0, None), (-1, None), (None, 0), (None, float("nan"))])
def test_a_pace_that_means_nothing_is_refused(wrong):
    with pytest.raises(SandboxError, match="Give a pace"):
        Pace(*wrong)


def test_a_pace_cannot_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        FIRST_PACE.__setattr__("episodes_per_second", 3)


def test_an_episode_is_as_long_as_the_last_twenty():
    rate = Rate()
    assert rate.episode_length(0, 0) == 4.0  # nothing is known yet
    assert rate.episode_length(60, 0) == 60.0
    assert rate.episode_length(100, 1) == 100.0
    lengths = [rate.episode_length(100 + 10 * (episode - 1), episode) for episode in range(2, 40)]
    assert lengths[-1] == 10.0


def test_a_rate_is_known_after_half_a_second(monkeypatch):
    now = iter([0.0, 10.0, 10.4, 10.5])
    monkeypatch.setattr("rlsandbox.training.pace.time.perf_counter", lambda: next(now))
    rate = Rate()
    for steps in (0, 400):
        rate.count(steps)
        assert rate.value == 0.0
    rate.count(500)
    assert rate.value == 1000.0  # 500 steps in half a second
