"""What a screen shows of a run."""

from __future__ import annotations

from dataclasses import dataclass

from rlsandbox.learning.agent import Curve, Snapshot
from rlsandbox.learning.oracle import Solution, solve
from rlsandbox.policies.saved import SavedPolicy
from rlsandbox.training.history import Gap, GapLog
from rlsandbox.worlds.mdp import TabularMDP
from rlsandbox.worlds.places import Place
from rlsandbox.worlds.simulation import Simulation
from rlsandbox.worlds.world import World


@dataclass(frozen=True)
class Progress:
    """What a screen shows of a session; everything in it is a copy or frozen.

    Attributes:
        place: where it trains now.
        world, mdp: the drawing of that place and its model; an empty cell where nothing is drawn.
        snapshot: what the agent has learnt.
        clock: steps (sweeps) of the furthest replica.
        oracle: the truth, or None where there is none or nobody asked.
        curves: logs by name.
        gap: the log of distances to the oracle.
        edits: (episodes of the shown replica, text) of every command.
        finished: whether the budget is spent or nothing is left to learn.
        failure: a sentence, or None.
    """

    place: Place
    world: World
    mdp: TabularMDP
    snapshot: Snapshot
    clock: int
    oracle: Solution | None
    curves: dict[str, Curve]
    gap: Gap
    edits: tuple[tuple[float, str], ...]
    finished: bool
    failure: str | None

    @property
    def is_drawn(self) -> bool:
        """Whether there is a drawing of where it trains."""
        return not isinstance(self.place, Simulation) or self.place.drawing is not None

    @classmethod
    def of_policy(cls, policy: SavedPolicy, replica: int | None = 0) -> Progress:
        """A saved policy, looked at like a run that is over; None takes the mean over its replicas."""
        return cls(
            place=policy.world,
            world=policy.world,
            mdp=policy.mdp,
            snapshot=policy.snapshot(replica),
            clock=max(policy.card.steps),
            oracle=solve(policy.mdp, policy.gamma),
            curves={},
            gap=GapLog().read(),
            edits=(),
            finished=True,
            failure=None,
        )
