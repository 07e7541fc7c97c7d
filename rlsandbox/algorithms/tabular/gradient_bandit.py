"""Gradient bandit: preferences instead of values, moved up the gradient of the expected reward.

    pi(a) = exp(H(a)) / sum_b exp(H(b))
    H(A) <- H(A) + alpha [ R - mean ] (1 - pi(A)),    H(a) <- H(a) - alpha [ R - mean ] pi(a)  for all a != A

The mean of the rewards so far, without the newest one, is the baseline; it changes the variance of the steps
alone, not where they lead. A preference means nothing by itself: only differences count.

Source: Sutton & Barto, 2nd edition, section 2.8.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats, Line, Part, Preset, Snapshot, Update, View, number
from rlsandbox.learning.configs import Stepped
from rlsandbox.learning.control import Control
from rlsandbox.learning.exploration import SOFTMAX
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.policy import greedy_probs
from rlsandbox.learning.problem import Enumerable
from rlsandbox.learning.schedules import KINDS
from rlsandbox.learning.stepping import stepping, tell
from rlsandbox.learning.written import closed, rewarded
from rlsandbox.worlds.compiled import kernel


class Tables(NamedTuple):
    """Preferences, the baseline, and what the last step did."""

    q: Any  # [N, S, A] float64, the preferences H
    mean: Any  # [N, S] float64, of the rewards so far
    seen: Any  # [N, S] int64, how many rewards that were
    visits: Any  # [N, S, A] int64
    told: Any  # [N, A, 3] float64: preference before, pi(a), preference after


class Own(NamedTuple):
    """Whether the mean reward is subtracted."""

    baseline: bool


@kernel(inline="always")
def learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Move all preferences by what a pull `t` paid above the mean."""
    h, mean, seen, told = tables.q[t.s], tables.mean, tables.seen, tables.told
    highest, total, before = h[0], 0.0, h[t.a]
    for a in range(h.shape[0]):
        highest = max(highest, h[a])
    for a in range(h.shape[0]):
        total += np.exp(h[a] - highest)
    if seen[t.s] == 0:
        mean[t.s] = t.reward
    baseline = mean[t.s] if now.own.baseline else 0.0
    advantage = t.reward - baseline
    target = before
    for a in range(h.shape[0]):
        pi = np.exp(h[a] - highest) / total
        error = advantage * ((1.0 if a == t.a else 0.0) - pi)
        target = before + error if a == t.a else target
        if telling:
            told[a, 0], told[a, 1], told[a, 2] = h[a], pi, h[a] + now.alpha * error
        h[a] += now.alpha * error
    seen[t.s] += 1
    mean[t.s] += (t.reward - mean[t.s]) / seen[t.s]
    if telling:
        tell(record, t, now, -1, before, target, h[t.a], baseline)
    return rng, -1, False


class GradientBanditConfig(Stepped):
    """Hyperparameters of the gradient bandit."""

    baseline: bool = hp(
        True, label="Baseline", doc="whether the mean reward is subtracted from every reward", live=True
    )

    def level(self) -> tuple[int, str]:
        """It chooses by softmax; nothing says how much it explores besides its preferences."""
        return SOFTMAX, ""


class GradientBandit(Control):
    """Gradient bandit (Sutton & Barto, 2.8): learns which arm to prefer, not what it is worth."""

    title = "Gradient bandit"
    source = "Sutton & Barto, 2nd ed., section 2.8"
    equation = "H(a) ← H(a) + α [ r − r̄ ] ( 1{a pulled} − π(a) ),  π = softmax(H)"
    Config = GradientBanditConfig
    offers: ClassVar[frozenset[str]] = frozenset({"behaviour"})
    presets: ClassVar[dict[str, Preset]] = {}
    kept: ClassVar[frozenset[str]] = frozenset({"q", "mean", "seen", "visits"})
    loop = stepping(learn)

    @classmethod
    def misfit(cls, problem: Enumerable) -> str | None:
        """It knows no states: there may be one place alone from which an agent acts."""
        places = int((problem.mdp.live & problem.mdp.reachable).sum())
        if places == 1:
            return None
        return f"{cls.title} trains on bandits, where an agent acts in one place; here it acts in {places:,}."

    def make_tables(self) -> Tables:
        """No preferences yet."""
        h, mean = self.per_action(0.0), self.per_state(0.0)
        told = np.zeros((self.n_seeds, h.shape[2], 3))
        return Tables(h, mean, self.per_state(0, np.int64), self.per_action(0, np.int64), told)

    def own(self) -> Own:
        """Whether there is a baseline."""
        return Own(self.config.baseline)

    def exploration(self) -> tuple[int, tuple[int, float, float, float]]:
        """Softmax at temperature 1."""
        return SOFTMAX, (KINDS["constant"], 1.0, 0.0, 0.0)

    def learnt(self) -> dict[str, Floats]:
        """Preferences and mean rewards."""
        return {"H": self.tables.q, "mean reward": self.tables.mean}

    def snapshot(self, view: View) -> Snapshot:
        """Preferences for action values, the mean reward so far for the value of the state."""
        h, one = self.tables.q, view.replica
        q = h.mean(axis=0) if one is None else h[one].copy()
        v = self.tables.mean.mean(axis=0) if one is None else self.tables.mean[one].copy()
        return self.shot(view, v, q, greedy_probs(h).mean(axis=0) if one is None else greedy_probs(q))

    def written(self, row: dict[str, float], replica: int) -> tuple[Part, ...]:
        """Before + alpha [ r - mean ] (1 - pi) = after, of the arm that was pulled."""
        before, pi, after = self._moves(row, replica)[int(row["action"])].tolist()
        return self._moved(row, before, f"{number(1.0 - pi)}", after)

    def lines(self, row: dict[str, float], replica: int) -> tuple[Line, ...]:
        """Before + alpha [ r - mean ] (-pi) = after, of the other arms."""
        arms, lines = self.problem.world.actions, []
        for a, (before, pi, after) in enumerate(self._moves(row, replica).tolist()):
            if a != int(row["action"]):
                parts = self._moved(row, before, closed(-pi), after)
                lines.append(Line(int(row["state"]), (Part(f"{arms[a].name}: "), *parts)))
        return tuple(lines[:32])

    def backup(self, state: int, replica: int) -> Update | None:
        """The update that the preferred arm would get from its mean reward."""
        row = self.one_step(state, replica)
        row["next_value"] = float(self.tables.mean[replica, state]) if self.config.baseline else 0.0
        before, pi, _ = self._moves(row, replica)[int(row["action"])].tolist()
        row["target"] = before + (row["reward"] - row["next_value"]) * (1.0 - pi)
        return self.imagined(row, replica)

    def _moves(self, row: dict[str, float], replica: int) -> NDArray[np.float64]:
        """`[A, 3]`: every preference before, its pi, and after the update of a row."""
        if row["step"] >= 0:
            return self.tables.told[replica]
        h = self.tables.q[replica, int(row["state"])]
        pi = np.exp(h - h.max()) / np.exp(h - h.max()).sum()
        pulled = np.arange(h.size) == int(row["action"])
        after = h + row["alpha"] * ((row["reward"] - row["next_value"]) * (pulled - pi))
        return np.stack([h, pi, after], axis=1)

    def _moved(self, row: dict[str, float], before: float, share: str, after: float) -> tuple[Part, ...]:
        """One preference: before + alpha [ r - mean ] share = after."""
        state = int(row["state"])
        return (
            Part(number(before), "old", state),
            Part(f" + {number(row['alpha'])} · [ "),
            *rewarded(row),
            Part(f" − {closed(row['next_value'])} ] · {share} = "),
            Part(number(after), "new", state),
        )
