"""What control methods that learn from n steps share: their ring, being written out, looking ahead."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rlsandbox.learning.agent import Line, Part, Update, number
from rlsandbox.learning.configs import ControlConfig
from rlsandbox.learning.control import Control
from rlsandbox.learning.paths import likeliest_path
from rlsandbox.learning.ring import Counting, Kept, Patient, ring_fits, ring_tables, steps_held
from rlsandbox.learning.written import bootstrapped, closed, corrected, rewarded

_SPELLED = 6
"""So many steps of a return are written into one another; the others follow line by line."""


class NStepConfig(Patient, ControlConfig):
    """Hyperparameters of control methods that look n steps ahead."""


class Tables(NamedTuple):
    """Action values, the last n steps, and what the last step did."""

    q: Any  # [N, S, A] float64
    visits: Any  # [N, S, A] int64
    pairs: Any  # [N, n, 3] int64
    paid: Any  # [N, n, 2] float64
    head: Any  # [N] int64
    held: Any  # [N] int64
    told: Any  # [N, n, 5] float64; of the k-th step held: before, target, after, and `Joint`


class Joint(NamedTuple):
    """How a return goes on behind a step: G = r + gamma (leaves + chance G')."""

    leaves: float
    chance: float


class NStepControl(Control):
    """Base of control methods that update a pair when n steps have followed it, or the episode is over."""

    Config = NStepConfig

    def make_tables(self) -> Tables:
        """Action values at their start, empty rings."""
        q, visits, n = self.per_action(self.config.initial_q), self.per_action(0, np.int64), self.config.n
        told = np.zeros((self.n_seeds, n, 5))
        return Tables(q, visits, **ring_tables(self.n_seeds, n), told=told)

    def tables_fit(self, tables: Any) -> bool:
        """The pairs in the rings are what kernels index with."""
        return ring_fits(tables, self.problem.mdp)

    def own(self) -> Counting:
        """Whether the step size goes by visits."""
        return Counting(self.config.alpha_schedule == "1/n")

    def joints(self, steps: list[Kept], replica: int) -> list[Joint]:
        """How a return goes on behind each of the steps but the last, by the values of now."""
        return [Joint(0.0, 1.0)] * (len(steps) - 1)

    def written(self, row: dict[str, float], replica: int) -> tuple[Part, ...]:
        """Before + alpha [ r + gamma (r + gamma (...)) - before ] = after, of the pair n steps back."""
        over, held = row["terminated"] or row["truncated"], int(self.tables.held[replica])
        if row["step"] >= 0 and held < self.config.n and not over:
            return (
                *rewarded(row),
                Part(f" is kept: {held} of {self.config.n} steps, nothing is updated yet"),
            )
        steps, joints, returns = self._seen(row, replica)
        first = max(0, len(steps) - _SPELLED)  # a longer return is written as r + gamma G
        target = self._spelled(row, steps, joints, returns, 0, 0 if first else len(steps) - 1)
        return corrected(row, target)

    def lines(self, row: dict[str, float], replica: int) -> tuple[Line, ...]:
        """The steps of the return, and at an episode's end what the pairs nearer to it became."""
        over, held = row["terminated"] or row["truncated"], int(self.tables.held[replica])
        if row["step"] >= 0 and held < self.config.n and not over:
            return ()
        steps, joints, returns = self._seen(row, replica)
        lines = []
        for k in range(1, len(steps)):
            target = self._spelled(row, steps, joints, returns, k, k)
            lines.append(Line(steps[k].state, (Part(f"G = {number(returns[k])} = "), *target)))
        if row["step"] < 0 or not over:
            return tuple(lines[:32])
        names, updates = self.problem.world.actions, []
        for step, (before, target, after) in list(
            zip(steps, self.tables.told[replica, :held, :3].tolist(), strict=True)
        )[1:]:
            visits = self.tables.visits[replica, step.state, step.action]
            alpha = 1.0 / visits if self.own().counting else row["alpha"]
            pair = {"state": step.state, "before": before, "alpha": float(alpha), "after": after}
            parts = corrected(pair, (Part(closed(target), "next", step.state),))
            updates.append(Line(step.state, (Part(f"{names[step.action].name}: "), *parts)))
        return (*lines[:16], *updates[-16:])

    def backup(self, state: int, replica: int) -> Update | None:
        """The update of the greedy action along the likeliest greedy way."""
        row = self.one_step(state, replica)
        last = self._way(row, replica)[-1]
        row["next_state"], row["terminated"] = last.next_state, last.terminated
        row["next_value"] = 0.0 if last.terminated else self.successor(last.next_state, replica)
        best = self.action_values()[replica, last.next_state].argmax()
        row["next_action"] = -1 if last.terminated else int(best)
        row["target"] = self._seen(row, replica)[2][0]
        return self.imagined(row, replica)

    def _way(self, row: dict[str, float], replica: int) -> list[Any]:
        actions = self.action_values()[replica].argmax(axis=1)
        return likeliest_path(self.problem.mdp, actions, int(row["state"]), self.config.n)

    def _seen(self, row: dict[str, float], replica: int) -> tuple[list[Kept], list[Joint], list[float]]:
        """The steps of a row's return, how it goes on behind each, and what it is from each on."""
        if row["step"] < 0:
            steps = [Kept(step.state, step.action, step.reward, 0.0) for step in self._way(row, replica)]
            joints = self.joints(steps, replica)
        else:
            steps = steps_held(self.tables, replica)
            told = self.tables.told[replica, : len(steps) - 1, 3:]
            joints = [Joint(*joint) for joint in told.tolist()]
        gamma, returns = row["gamma"], [steps[-1].reward + row["gamma"] * row["next_value"]]
        for step, joint in zip(steps[-2::-1], joints[::-1], strict=True):
            returns.append(step.reward + gamma * (joint.leaves + joint.chance * returns[-1]))
        return steps, joints, returns[::-1]

    def _spelled(
        self,
        row: dict[str, float],
        steps: list[Kept],
        joints: list[Joint],
        returns: list[float],
        k: int,
        until: int,
    ) -> tuple[Part, ...]:
        """The return from step k on; that from the step after `until` is only named by its value."""
        step, lead = steps[k], f" + {number(row['gamma'])} · "
        paid = rewarded({"reward": step.reward - step.extra, "extra": step.extra})
        paid = (Part(paid[0].text, "reward", step.state), *paid[1:])
        if k == len(steps) - 1:
            return (*paid, *bootstrapped(row))
        joint = joints[k]
        if k == until:
            following: tuple[Part, ...] = (Part(closed(returns[k + 1]), "next", steps[k + 1].state),)
        else:
            inner = self._spelled(row, steps, joints, returns, k + 1, until)
            following = (Part("( "), *inner, Part(" )"))
        if joint == Joint(0.0, 1.0):
            return (*paid, Part(lead), *following)
        leaves = Part(closed(joint.leaves), "next", steps[k + 1].state)
        return (
            *paid,
            Part(f"{lead}[ "),
            leaves,
            Part(f" + {number(joint.chance)} · "),
            *following,
            Part(" ]"),
        )
