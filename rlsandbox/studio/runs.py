"""The runs of this window: what each was, and what is drawn of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rlsandbox.algorithms import find
from rlsandbox.learning.configs import Exploring
from rlsandbox.learning.schedules import scheduled
from rlsandbox.studio.frames import Frame
from rlsandbox.studio.panels.runs_table import RunRow
from rlsandbox.studio.panels.start_row import Start
from rlsandbox.studio.plots.run_curves import RunCurves
from rlsandbox.training.session import RunSpec


@dataclass
class Run:
    """One run and its newest frame; runs of one name are told apart by a number."""

    run_id: int
    spec: RunSpec
    color: int
    number: int = 1
    start: Start | None = field(default=None, repr=False)
    state: str = "training"
    frame: Frame | None = field(default=None, repr=False)
    curves: RunCurves | None = field(default=None, repr=False)
    changes: list[tuple[int, dict[str, Any]]] = field(default_factory=list, repr=False)

    @property
    def name(self) -> str:
        """The algorithm and its main hyperparameters: "Q-learning α 0.5 γ 1 ε 0.1"."""
        agent = find(self.spec.algorithm)
        values = self.hyperparameters
        shown = [field for field in agent.Config.counting(values) if field.symbol and field.live]
        return " ".join([agent.title, *(f"{field.symbol} {values[field.name]:g}" for field in shown)])

    @property
    def title(self) -> str:
        """Its name, from the second run of the same name on with a number: "TD(0) α 0.1 γ 1 #2"."""
        return self.name if self.number == 1 else f"{self.name} #{self.number}"

    @property
    def predicts(self) -> bool:
        """Whether it learns the values of a given policy."""
        return find(self.spec.algorithm).task == "prediction"

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """All hyperparameters that the run was begun with."""
        return find(self.spec.algorithm).Config.make(self.spec.config).model_dump()

    def take(self, frame: Frame) -> None:
        """Take over a frame that carries curves."""
        self.frame = frame
        progress = frame.progress
        self.curves = RunCurves(
            run_id=self.run_id,
            title=self.title,
            name=find(self.spec.algorithm).title,
            color=self.color,
            curves=progress.curves,
            gap=progress.gap,
            optimum=None if progress.oracle is None else self._optimum(frame),
            edits=progress.edits,
            epsilon=self._epsilon(frame),
            predicts=self.predicts,
            played=progress.snapshot.played is not None,
        )

    @staticmethod
    def _optimum(frame: Frame) -> float | None:
        """The undiscounted return of the oracle where it is known, else V*(start) at gamma 1."""
        if frame.evaluation is not None:
            return frame.evaluation.oracle_return
        oracle = frame.progress.oracle
        return oracle.v_start if oracle is not None and oracle.gamma == 1 else None

    def change(self, name: str, value: object) -> None:
        """Take note that a hyperparameter changed during the run."""
        episodes = 0 if self.frame is None else int(self.frame.progress.snapshot.episodes.max(initial=0))
        self.changes.append((episodes, {name: value}))

    def _epsilon(self, frame: Frame) -> tuple[np.ndarray, np.ndarray]:
        """(episodes, values): each stretch between two changes follows its own schedule."""
        config = find(self.spec.algorithm).Config.make(self.spec.config)
        last = int(frame.progress.snapshot.episodes.max(initial=0))
        if not isinstance(config, Exploring) or last == 0:
            return np.empty(0), np.empty(0)
        episodes, values = [], []
        for begin, changed in [(0, {}), *self.changes]:
            following = [at for at, _ in self.changes if at > begin]
            end = min([last, *following])
            config = config.with_values(**changed)
            schedule = config.schedule("epsilon")
            for episode in np.unique(np.linspace(begin, end, 200).astype(np.int64)):
                episodes.append(float(episode))
                values.append(scheduled.function(*schedule, int(episode)))
        return np.array(episodes), np.array(values)

    def _details(self) -> list[str]:
        values = [f"{name} = {value}" for name, value in self.hyperparameters.items()]
        return values if self.start is None else [*values, f"starts from {self.start.name}"]

    def row(self) -> RunRow:
        """Its line in the table."""
        evaluation = self.frame.evaluation if self.frame is not None else None
        gaps = [] if evaluation is None else evaluation.oracle_gap
        if self.predicts and self.frame is not None and self.frame.progress.gap.clock.size:
            gaps = [None if np.isnan(error) else float(error) for error in self.frame.progress.gap.gap[-1]]
        known = [gap for gap in gaps if gap is not None]
        gap: float | str | None = None
        if evaluation is not None and evaluation.oracle_return is not None:
            gap = float(np.median(known)) if 2 * len(known) > len(gaps) else "never ends"
        return RunRow(
            run_id=self.run_id,
            title=self.title,
            color=self.color,
            seeds=len(self.spec.seeds),
            online_return=None
            if self.frame is None or np.isnan(self.frame.recent_return)
            else self.frame.recent_return,
            greedy_return=None if evaluation is None else float(np.median(evaluation.greedy_return)),
            gap=gap,
            state=self.state,
            world=self.spec.world.name,
            details="\n".join(self._details()),
        )
