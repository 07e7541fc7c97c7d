"""Any environment of Gymnasium's registry as a world that agents learn in."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.errors import SandboxError, check
from rlsandbox.worlds.simulation import Actions, Dimension, Outcome, Simulation, Slice, Walkers

if TYPE_CHECKING:
    import gymnasium

PREFIX = "gym:"
"""Before the id of an environment."""
_SLICE = 48
"""Columns and rows of a picture of values."""
_WIDE = 3.0
"""A number without bounds is shown between so much below and above 0."""
_MOST_PIXELS = 256 * 256 * 4


class _Spaces(NamedTuple):
    shape: tuple[int, ...]
    n_states: int
    actions: Actions
    first_action: int
    step_limit: int
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True)
class GymWorld(Simulation):
    """An environment by its id, as Gymnasium's `make` knows it.

    Observations are numbered states, numbers (of any shape, made flat), or pictures with one to four
    channels; actions are numbered ones, or bounded numbers.

    Attributes:
        id: "CartPole-v1".
    """

    id: str
    resumes: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """The id with a prefix."""
        return PREFIX + self.id

    @property
    def digest(self) -> str:
        """Its name tells it from every other one."""
        return self.name

    @property
    def shape(self) -> tuple[int, ...]:
        """D... of an observation."""
        return self._spaces.shape

    @property
    def n_states(self) -> int:
        """How many numbered states there are, or 0."""
        return self._spaces.n_states

    @property
    def actions(self) -> Actions:
        """What can be done."""
        return self._spaces.actions

    @property
    def first_action(self) -> int:
        """The number that the environment gives to the first action."""
        return self._spaces.first_action

    @property
    def step_limit(self) -> int:
        """Steps after which Gymnasium cuts an episode; 0: never."""
        return self._spaces.step_limit

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The numbers of an observation with the ranges of its space; without bounds -3 to 3."""
        if len(self.shape) != 1:
            return ()
        bounds = zip(self._spaces.low.tolist(), self._spaces.high.tolist(), strict=True)
        names = _NAMES.get(self.id.partition("-")[0], ())
        return tuple(
            Dimension(names[k] if k < len(names) else f"observation {k}", low, high)
            for k, (low, high) in enumerate(bounds)
        )

    @property
    def slice(self) -> Slice | None:
        """The last two dimensions where there are two, the others 0."""
        size = len(self.dimensions)
        if size < 2:
            return None
        return Slice(size - 2, size - 1, _SLICE, _SLICE, (0.0,) * size)

    @cached_property
    def _spaces(self) -> _Spaces:
        """Looked up once.

        Raises:
            SandboxError: there is no such environment, or its spaces are of another kind.
        """
        env = self.make()
        try:
            return _spaces_of(self.id, env)
        finally:
            env.close()

    def make(self, pictures: bool = False) -> gymnasium.Env[Any, Any]:
        """One environment.

        Raises:
            SandboxError: there is none of that id, or something that it needs is not installed.
        """
        import gymnasium

        options: dict[str, Any] = {"render_mode": "rgb_array"} if pictures else {}
        try:
            return gymnasium.make(self.id, disable_env_checker=True, **options)
        except gymnasium.error.DependencyNotInstalled as error:
            raise SandboxError(f"{self.id} needs something that is not installed: {error}", "world") from None
        except gymnasium.error.Error as error:
            raise SandboxError(
                f"there is no environment {self.id!r}: {_first_line(error)}", "world"
            ) from None
        except Exception as error:
            raise SandboxError(f"{self.id} cannot be made: {_said(error)}", "world") from None

    def walkers(self, seeds: Sequence[int], copies: int, pictures: bool = False) -> GymWalkers:
        """Environments at the start of an episode each."""
        return GymWalkers(self, seeds, copies, pictures)


_NAMES = {
    "CartPole": ("position", "velocity", "angle", "angular velocity"),
    "Pendulum": ("cos angle", "sin angle", "angular velocity"),
    "MountainCar": ("position", "velocity"),
    "MountainCarContinuous": ("position", "velocity"),
}
"""What the numbers of the best known observations are."""


def _spaces_of(name: str, env: gymnasium.Env[Any, Any]) -> _Spaces:
    from gymnasium import spaces

    seen, done = env.observation_space, env.action_space
    shape, n_states, low, high = (), 0, np.empty(0), np.empty(0)
    if isinstance(seen, spaces.Discrete):
        n_states = int(seen.n)
    elif isinstance(seen, spaces.Box):
        picture = seen.dtype == np.uint8 and len(seen.shape) == 3 and seen.shape[2] <= 4
        size = math.prod(seen.shape)
        check(size <= _MOST_PIXELS, f"an observation of {name} has {size:,} numbers: too many.", "world")
        shape = (seen.shape[2], *seen.shape[:2]) if picture else (size,)
        bounded = seen.is_bounded("both") and not picture
        low, high = (np.asarray(bound, np.float64).ravel() for bound in (seen.low, seen.high))
        if not bounded:
            wild = ~(np.isfinite(low) & np.isfinite(high)) | (np.abs(high) > 1e6) | (np.abs(low) > 1e6)
            low, high = np.where(wild, -_WIDE, low), np.where(wild, _WIDE, high)
    else:
        raise SandboxError(
            f"{name} shows {_kind(seen)}: agents here learn from numbered states, numbers or pictures.",
            "world",
        )
    if isinstance(done, spaces.Discrete):
        actions, first = Actions(tuple(f"action {k}" for k in range(int(done.n)))), int(done.start)
    elif isinstance(done, spaces.Box) and done.is_bounded("both"):
        low_a, high_a = (np.asarray(bound, np.float64).ravel() for bound in (done.low, done.high))
        names = tuple(f"action {k}" for k in range(low_a.size))
        actions, first = Actions(names, tuple(low_a.tolist()), tuple(high_a.tolist())), 0
    else:
        raise SandboxError(
            f"{name} wants {_kind(done)}: agents here choose one of several actions, or bounded numbers.",
            "world",
        )
    limit = env.spec.max_episode_steps if env.spec is not None else None
    return _Spaces(shape, n_states, actions, first, limit or 0, low, high)


def _kind(space: Any) -> str:
    return f"a {type(space).__name__} space"


class GymWalkers(Walkers):
    """Environments of one id. What is inside them cannot be kept: who goes on from a file begins anew."""

    def __init__(self, world: GymWorld, seeds: Sequence[int], copies: int, pictures: bool) -> None:
        self.world, self._drawn = world, pictures
        self._envs: list[list[gymnasium.Env[Any, Any]]] = []
        kind = np.int64 if world.n_states else np.float32
        self.seen = np.zeros((len(seeds), copies, *world.shape), kind)
        self.begun = np.zeros((len(seeds), copies), np.int64)
        self._seeds = np.array(
            [
                [np.random.SeedSequence([seed, e]).generate_state(1)[0] for e in range(copies)]
                for seed in seeds
            ]
        )
        self._begin_all()

    def _begin_all(self) -> None:
        if not self._envs:
            n, copies = self.begun.shape
            self._envs = [[self.world.make(self._drawn and e == 0) for e in range(copies)] for _ in range(n)]
            self._space = self._envs[0][0].action_space
        for i, row in enumerate(self._envs):
            for e in range(len(row)):
                self._begin(i, e, int(self._seeds[i, e]) + int(self.begun[i, e]))

    def _begin(self, i: int, e: int, seed: int | None = None) -> None:
        seen, _ = self._asked("reset", 2, self._envs[i][e].reset, seed=seed)
        self.seen[i, e] = self._checked(seen)
        self.begun[i, e] += 1

    def step(self, actions: NDArray[Any], moving: NDArray[np.bool_]) -> Outcome:
        """One step of every environment; see `Walkers`."""
        shape, numbered = self.seen.shape[:2], not self.world.actions.continuous
        outcome = Outcome(
            np.zeros(shape), np.zeros(shape, np.bool_), np.zeros(shape, np.bool_), np.empty_like(self.seen)
        )
        if not numbered:
            actions = np.clip(actions, self.world.actions.low, self.world.actions.high)
            actions = actions.astype(self._space.dtype).reshape(*shape, *(self._space.shape or ()))
        for i in np.flatnonzero(moving).tolist():
            for e, env in enumerate(self._envs[i]):
                action = int(actions[i, e]) + self.world.first_action if numbered else actions[i, e]
                seen, reward, terminated, truncated, _ = self._asked("step", 5, env.step, action)
                outcome.arrived[i, e] = self.seen[i, e] = self._checked(seen)
                try:
                    paid = float(reward)
                except (TypeError, ValueError):
                    paid = math.nan
                if not math.isfinite(paid):
                    raise SandboxError(f"{self.world.id} paid {str(reward)[:40]}, which is not a number.")
                outcome.reward[i, e] = paid
                outcome.terminated[i, e], outcome.truncated[i, e] = terminated, truncated and not terminated
                if terminated or truncated:
                    self._begin(i, e)
        return outcome

    def _asked(self, what: str, size: int, call: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """The `size` things that an environment answers.

        Raises:
            SandboxError: it raises, or answers something else.
        """
        try:
            answer = call(*args, **options)
        except SandboxError:
            raise
        except Exception as error:
            raise SandboxError(f"{self.world.id} failed in {what}: {_said(error)}") from error
        whole = isinstance(answer, tuple) and len(answer) == size
        check(whole, f"{self.world.id} failed in {what}: it does not answer with {size} things.")
        return answer

    def _checked(self, seen: Any) -> Any:
        """An observation as agents take it.

        Raises:
            SandboxError: it is not of the space that the environment has declared.
        """
        world = self.world
        if world.n_states:
            check(
                np.ndim(seen) == 0 and 0 <= int(seen) < world.n_states,
                f"{world.id} shows state {str(seen)[:40]}, but says that it has {world.n_states}.",
            )
            return int(seen)
        found = np.asarray(seen)
        if found.dtype == object or found.size != math.prod(world.shape):
            shown = f"an observation of shape {found.shape}"
            raise SandboxError(
                f"{world.id} shows {shown}, but says that it has {math.prod(world.shape)} numbers."
            )
        if len(world.shape) == 3:
            return found.transpose(2, 0, 1) / np.float32(255)
        found = found.reshape(-1)
        if not np.isfinite(found).all():
            raise SandboxError(f"{world.id} shows {found[~np.isfinite(found)][0]} in an observation.")
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """How many episodes have begun: a run that goes on begins the next ones."""
        return {"begun": self.begun}

    def take_over(self, before: Walkers) -> NDArray[np.bool_]:
        """Nobody: episodes begin anew."""
        return np.zeros(self.begun.shape, np.bool_)

    def came_back(self) -> None:
        """Episodes begin anew."""
        self._begin_all()

    def frame(self, replica: int) -> NDArray[np.uint8] | None:
        """The environment's own picture."""
        if not (self._drawn and self._envs):
            return None
        import gymnasium

        try:
            picture = self._envs[replica][0].render()
        except gymnasium.error.DependencyNotInstalled as error:
            raise SandboxError(
                f"pictures of {self.world.id} need something more: {_first_line(error)}"
            ) from None
        except Exception as error:
            raise SandboxError(f"{self.world.id} cannot be drawn: {_said(error)}") from None
        found = np.asarray(picture)
        check(
            found.dtype == np.uint8 and found.ndim == 3 and found.shape[2] == 3,
            f"{self.world.id} cannot be drawn: what it gives is not a picture.",
        )
        return found

    def close(self) -> None:
        """Close every environment; `came_back` makes new ones."""
        for env in (env for row in self._envs for env in row):
            env.close()
        self._envs = []


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {_first_line(error)}"
