"""What all methods that learn from experience share: replicas that walk, their tables, records and logs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Agent, Curve, Floats, Ints, Line, Part, Snapshot, Tick, Update, View
from rlsandbox.learning.configs import FOREVER, Discounted, Shaped, Stepped
from rlsandbox.learning.problem import Enumerable, Remap, drifting
from rlsandbox.learning.schedules import scheduled
from rlsandbox.learning.shaping import FORMS, potential
from rlsandbox.learning.stepping import RECORD, Setting
from rlsandbox.learning.threads import in_shares
from rlsandbox.learning.walk import Model, Walk, replica_of
from rlsandbox.worlds.compiled import Kernel
from rlsandbox.worlds.errors import check

_WIDE = 50_000
"""Steps of all replicas in a tick from which on several threads pay."""


class Nothing(NamedTuple):
    """For a method without hyperparameters of its own in the loop."""

    zero: int = 0


class Sampler(Agent):
    """Base of methods that step through the world's model with compiled code.

    A subclass gives `loop`, made by `stepping` from its own kernels, and `make_tables`.

    Attributes:
        tables: a named tuple of arrays `[N, ...]`, among them `visits` `[N, S, A]` int64.
        walk: where each replica stands and what it has done.
        record: `[N, len(RECORD)]`, each replica's last update.
    """

    accepts = (Enumerable,)
    problem: Enumerable
    loop: ClassVar[Kernel]
    kept: ClassVar[frozenset[str]] = frozenset({"q", "v", "visits"})
    """Tables by state (and action) that an edit of the world's size carries over; others begin anew."""
    tables: Any

    def __init__(self, problem: Enumerable, config: Discounted, seeds: Sequence[int]) -> None:
        super().__init__(problem, config, seeds)
        self.walk = Walk.begin(self.seeds, drifting(problem))
        self.record: Floats = np.full((self.n_seeds, len(RECORD)), np.nan)
        self._model = Model.of(problem.mdp)
        self.tables = self.make_tables()

    # -- what a subclass says ----------------------------------------------------------------------

    @abstractmethod
    def make_tables(self) -> Any:
        """A named tuple of arrays `[N, ...]` for the problem of now, nothing learnt yet."""

    @abstractmethod
    def written(self, row: dict[str, float], replica: int) -> tuple[Part, ...]:
        """The update of a record's row, written out with its numbers."""

    def lines(self, row: dict[str, float], replica: int) -> tuple[Line, ...]:
        """What else the update of a record's row touched: traces, model rows, steps of a return."""
        return ()

    def own(self) -> NamedTuple:
        """The numbers (and shared arrays) that only this method's kernels know."""
        return Nothing()

    def exploration(self) -> tuple[int, tuple[int, float, float, float]]:
        """Kind of exploration and the schedule of how much of it there is."""
        return 0, FOREVER

    # -- learning ----------------------------------------------------------------------------------

    def learn(self) -> Iterator[Tick]:
        """Step all replicas through the model, `stride` steps a tick; every tick is a boundary."""
        while True:
            setting, budgets = self.setting(), (self.step_budget, self.episode_budget)

            def advance(
                begin: int, end: int, setting: Setting = setting, budgets: tuple[int, int] = budgets
            ) -> None:
                for i in range(begin, end):
                    tables, walk = replica_of(self.tables, i), replica_of(self.walk, i)
                    self.loop(tables, self._model, walk, self.record[i], setting, self.stride, *budgets)

            wide = self.stride * self.n_seeds >= _WIDE
            in_shares(self.n_seeds, self.threads if wide else 1, advance, computes=False)
            yield Tick("steps", boundary=True)

    def setting(self) -> Setting:
        """The hyperparameters of now, as the loop takes them."""
        config: Any = self.config
        kind, level = self.exploration()
        shaped = isinstance(self.config, Shaped) and config.shaping != "none"
        return Setting(
            alpha=config.schedule("alpha") if isinstance(self.config, Stepped) else FOREVER,
            gamma=config.gamma,
            kind=kind,
            level=level,
            shaping=FORMS[config.shaping_form] if shaped else 0,
            potential=potential(self.problem, config) if shaped else np.zeros(1),
            own=self.own(),
        )

    def per_action(self, fill: float, dtype: type = np.float64) -> NDArray[Any]:
        """A table `[N, S, A]`."""
        mdp = self.problem.mdp
        return np.full((self.n_seeds, mdp.n_states, mdp.n_actions), fill, dtype)

    def per_state(self, fill: float, dtype: type = np.float64) -> NDArray[Any]:
        """A table `[N, S]`."""
        return np.full((self.n_seeds, self.problem.mdp.n_states), fill, dtype)

    # -- being looked at ---------------------------------------------------------------------------

    def shot(self, view: View, v: Floats, q: Floats, policy: Floats) -> Snapshot:
        """A snapshot with everything besides the values `[S]`, `[S, A]` and the policy `[S, A]`."""
        one = view.replica
        shown = one or 0
        visits = None
        if "visits" in view.wants:
            visits = self.tables.visits.sum(axis=0) if one is None else self.tables.visits[one].copy()
        return Snapshot(
            replica=one,
            v=v,
            q=q,
            policy=policy,
            steps=self.steps.copy(),
            episodes=self.episodes.copy(),
            visits=visits,
            state=int(self.walk.state[shown]),
            trail=self.walk.recent(shown),
            update=self.update(self.record[shown], shown),
            backup=self._backup(view.selected, shown),
            gamma=float(self.config.gamma),
            metrics=self.metrics(shown),
            fields={name: self.field(name, one) for name in self.offers & view.wants},
        )

    def _backup(self, state: int | None, replica: int) -> Update | None:
        mdp = self.problem.mdp
        if state is None or state >= mdp.n_states or not mdp.live[state]:
            return None
        return self.backup(state, replica)

    def backup(self, state: int, replica: int) -> Update | None:
        """The update that a live state would get now."""
        return None

    def metrics(self, replica: int) -> dict[str, float]:
        """Numbers of the moment by name."""
        episode = int(self.walk.episodes[replica])
        return {"alpha": self.alpha(episode)} if isinstance(self.config, Stepped) else {}

    def alpha(self, episode: int) -> float:
        """The step size during an episode; for 1/n that of a first visit."""
        return scheduled.function(*self.config.schedule("alpha"), episode)

    def update(self, record: Floats, replica: int) -> Update | None:
        """A record as an `Update`; None before the first one."""
        if np.isnan(record[0]):
            return None
        row: dict[str, float] = dict(zip(RECORD, record.tolist(), strict=True))
        return Update(
            state=int(row["state"]),
            action=int(row["action"]) if row["action"] >= 0 else None,
            reward=row["reward"],
            extra=row["extra"],
            next_state=int(row["next_state"]) if row["next_state"] >= 0 else None,
            next_action=int(row["next_action"]) if row["next_action"] >= 0 else None,
            terminated=bool(row["terminated"]),
            truncated=bool(row["truncated"]),
            explored=bool(row["explored"]),
            before=row["before"],
            target=row["target"],
            td_error=row["target"] - row["before"],
            after=row["after"],
            alpha=row["alpha"],
            gamma=row["gamma"],
            parts=self.written(row, replica),
            lines=self.lines(row, replica),
            of_state=self.task == "prediction",
            step=int(row["step"]),
        )

    # -- state -------------------------------------------------------------------------------------

    def state(self) -> dict[str, NDArray[Any]]:
        """Tables, records, and all that the replicas have done."""
        parts = {"walk": self.walk, "tables": self.tables}
        named = {f"{part}.{name}": a.copy() for part, t in parts.items() for name, a in t._asdict().items()}
        return {"record": self.record.copy(), **named}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Take over copies of what `state` gave."""
        self.record = state["record"].copy()
        self.walk = Walk(**{name: state[f"walk.{name}"].copy() for name in Walk._fields})
        kind = type(self.tables)
        self.tables = kind(**{name: state[f"tables.{name}"].copy() for name in kind._fields})

    def check_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Refuse what does not fit, and places that kernels would look for outside the tables."""
        super().check_state(state)
        walk = Walk(**{name: state[f"walk.{name}"] for name in Walk._fields})
        mdp = self.problem.mdp
        check(walk.fits(mdp.n_states, mdp.n_actions), "where its replicas stand is outside its world.")
        tables = type(self.tables)(**{name: state[f"tables.{name}"] for name in self.tables._fields})
        check(self.tables_fit(tables), "what it remembers is outside its world.")

    def tables_fit(self, tables: Any) -> bool:
        """Whether all that kernels index with lies inside the tables; asked of what a file says."""
        return True

    def replace_problem(self, problem: Enumerable) -> None:
        """Keep what still has a place; an agent whose place is gone is truncated."""
        remap, old = Remap.between(self.problem.world, problem.world), self.tables
        self.problem, self._model = problem, Model.of(problem.mdp)
        if self.walk.drifted.shape[1] != drifting(problem):
            self.walk = self.walk._replace(drifted=np.zeros((self.n_seeds, drifting(problem))))
        if remap is not None:
            fresh = self.make_tables()
            kept = {
                name: remap.onto(getattr(fresh, name), getattr(old, name))
                for name in self.kept & {*fresh._fields}
            }
            self.tables = fresh._replace(**kept)
            places = [remap.state(int(s)) for s in self.walk.state]
            self.walk.state[:] = np.where(self.walk.state >= 0, places, self.walk.state)
            self.walk.action[:] = -1
            self.walk.trail[:], self.record[:] = -1, np.nan
        for i, state in enumerate(self.walk.state):
            if self.walk.length[i] > 0 and (state < 0 or not problem.mdp.live[state]):
                self.walk.state[i] = max(state, 0)
                self.walk.cut(i)

    def curves(self) -> dict[str, Curve]:
        """Return and length of the episodes."""
        return self.walk.curves()

    def latest_returns(self, episodes: int) -> list[Floats]:
        """Each replica's returns of its last episodes."""
        return self.walk.latest_returns(episodes)

    @property
    def steps(self) -> Ints:
        """`[N]` environment steps."""
        return self.walk.steps

    @property
    def episodes(self) -> Ints:
        """`[N]` finished episodes."""
        return self.walk.episodes
