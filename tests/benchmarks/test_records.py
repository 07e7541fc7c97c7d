import numpy as np
import pytest

from rlsandbox.benchmarks import records
from rlsandbox.benchmarks.runner import benches


def test_it_can_be_called_by_its_name():
    assert "records" in benches()


def test_the_figures_of_a_short_round_fit_each_other(monkeypatch):
    monkeypatch.setattr(records, "KERNEL_STEPS", 20_000)
    monkeypatch.setattr(records, "SESSION_SECONDS", 0.02)
    monkeypatch.setattr(records, "SIDE", 10)
    found = records.run(seconds=1)
    speed = found["steps_per_second"]
    assert found["rounds"] == 1 and min(speed.values()) > 0
    assert set(speed) == {
        *(f"kernel.{name}" for name in ("as_it_runs", "without_record", "record_every_step")),
        *(f"{w}.{v}" for w in ("cliff_walking", "open_10") for v in ("unwatched", "values", "everything")),
    }
    ratio = speed["open_10.everything"] / speed["open_10.unwatched"]
    assert found["ratio_open_10_everything_to_unwatched"] == ratio
    ratio = speed["kernel.as_it_runs"] / speed["kernel.without_record"]
    assert found["ratio_kernel_as_it_runs_to_without_record"] == ratio


def test_only_a_loop_that_tells_fills_the_record():
    """One step: the reward, the old value and the target of the cliff's first step stand in the record."""
    for name, tells in (("as_it_runs", True), ("without_record", False), ("record_every_step", True)):
        agent = records._agent(name)
        next(agent.learn())
        columns = agent.record[0, [2, 9, 10]]  # reward, before, target
        if tells:
            assert columns[0] in (-1.0, -100.0) and columns[1:].tolist() == [0.0, columns[0]]
        else:
            assert np.isnan(agent.record).all()


def test_kernels_that_learn_something_else_are_not_compared(monkeypatch):
    loops = {**records.LOOPS, "as_it_runs": records.LOOPS["without_record"]}
    monkeypatch.setattr(records, "LOOPS", loops)
    with pytest.raises(RuntimeError, match="do not do the same"):
        records.check_same_tables()


def test_everything_is_what_every_overlay_needs():
    view = records._views(records._worlds()["cliff_walking"])["everything"]
    assert view is not None and {"visits", "trail", "occupancy", "oracle", "curves"} <= view.wants
