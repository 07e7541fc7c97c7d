"""A drawn world as continuous Gymnasium environments: one point, or many that move in one compiled step."""

from __future__ import annotations

import os
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from rlsandbox.worlds.draws import seeded
from rlsandbox.worlds.errors import check
from rlsandbox.worlds.files import open_world
from rlsandbox.worlds.grid_env import final_infos
from rlsandbox.worlds.picture import draw_point
from rlsandbox.worlds.point import Physics, compile_point, point_observation, point_reset, point_step
from rlsandbox.worlds.world import World

_DEFAULT = Physics()


class _Points:
    """Points in one world: their states, generators and times. M copies."""

    def __init__(
        self, source: World | str | os.PathLike[str], physics: Physics, render_mode: str | None, copies: int
    ) -> None:
        check(
            render_mode in (None, "rgb_array"),
            f"render_mode must be rgb_array or None, not {render_mode!r}.",
            "render_mode",
        )
        check(copies >= 1, f"num_envs must be at least 1, not {copies!r}.", "num_envs")
        self.world = open_world(source)
        self.model = compile_point(self.world, physics)
        self.observation_space = spaces.Box(-1.0, 1.0, (4,), np.float32)
        self.action_space = spaces.Box(-1.0, 1.0, (2,), np.float32)
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": max(1, round(1 / physics.dt))}
        self.state = np.zeros((copies, 4))
        self.steps = np.zeros(copies, np.int64)
        self.rng: NDArray[np.uint64] | None = None

    def begin(self, seed: int | None, np_random: np.random.Generator) -> None:
        """Put every copy at a start; copy k has the generator of `seed + k`, as Gymnasium's own batches."""
        copies = len(self.state)
        if seed is not None:
            self.rng = seeded(tuple(seed + k for k in range(copies)))
        elif self.rng is None:
            self.rng = np_random.integers(2**64, size=copies, dtype=np.uint64)
        self.restart(np.ones(copies, np.bool_))

    def restart(self, which: NDArray[np.bool_]) -> None:
        """Put the chosen copies at starts."""
        point_reset(self.model, self.state, self._generators(), which)
        self.steps[which] = 0

    def move(
        self, force: Any, resting: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
        """A step of every copy: rewards, who has terminated, who has run out of time.

        Those that are `resting` `[M]` begin anew instead and are paid 0.
        """
        copies = len(self.state)
        force = np.array(force, np.float64)
        fits = force.shape == (copies, 2) and bool(np.isfinite(force).all())
        check(fits, "a force is two numbers a copy: to the right and down, each from -1 to 1.", "action")
        reward, terminated = np.zeros(copies), np.zeros(copies, np.bool_)
        if resting is not None:
            force[resting] = np.nan  # this leaves a copy and its generator as they are
        point_step(self.model, self.state, force, reward, terminated, self._generators())
        self.steps += 1
        if resting is not None:
            reward[resting] = 0.0
            self.restart(resting)
        return reward, terminated, self.steps >= self.model.step_limit

    def seen(self) -> NDArray[np.float32]:
        """`[M, 4]`: observations."""
        return point_observation(self.model, self.state)

    def picture(self, copy: int) -> NDArray[np.uint8]:
        """The world with one of its points."""
        x, y = self.state[copy, :2].tolist()
        return draw_point(self.world, x, y)

    def _generators(self) -> NDArray[np.uint64]:
        check(self.rng is not None, "reset the environment before its first step.", "step")
        return self.rng  # type: ignore[return-value]


class PointEnv(gymnasium.Env[NDArray[np.float32], NDArray[np.float32]]):
    """A drawn world in which a force pushes a point; `worlds.point` has its rules.

    An observation is x and y, from -1 at the left and upper edge to 1 at the others, and both velocities over
    the greatest speed; an action is the force to the right and down. A force outside -1 to 1 is cut. An
    episode is truncated after the step limit of the world's rules, or else that of the physics.

    Args:
        world: a World, a gallery name or a file.
        render_mode: "rgb_array" or None.
        physics: how a point moves.

    Attributes:
        state: `[4]` float64: x, y in cells, velocities in cells/s.

    Raises:
        SandboxError: there is no such world or render mode, or the world has no continuous form.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012

    def __init__(
        self,
        world: World | str | os.PathLike[str] = "cliff_walking",
        render_mode: str | None = None,
        physics: Physics = _DEFAULT,
    ) -> None:
        self._points = _Points(world, physics, render_mode, 1)
        self.metadata = self._points.metadata
        self.world = self._points.world
        self.render_mode = render_mode
        self.action_space = self._points.action_space
        self.observation_space = self._points.observation_space

    @property
    def state(self) -> NDArray[np.float64]:
        """`[4]`: place and velocity; writing into it moves the point."""
        return self._points.state[0]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode anywhere in a start cell, at rest."""
        super().reset(seed=seed)
        self._points.begin(seed, self.np_random)
        return self._points.seen()[0], {}

    def step(self, action: Any) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Push for one step."""
        reward, terminated, truncated = self._points.move(np.asarray(action)[None])
        return self._points.seen()[0], float(reward[0]), bool(terminated[0]), bool(truncated[0]), {}

    def render(self) -> Any:
        """A picture `[h, w, 3]` uint8, or None."""
        return self._points.picture(0) if self.render_mode else None


class PointVectorEnv(VectorEnv[NDArray[np.float32], NDArray[np.float32], NDArray[Any]]):
    """Copies of `PointEnv` that take their step in one compiled call.

    Copy k is exactly the single environment with the seed `seed + k`.

    Args:
        world: a World, a gallery name or a file.
        num_envs: number of copies, N.
        render_mode: "rgb_array" or None.
        physics: how a point moves.
        autoreset_mode: NEXT_STEP (a copy that ended begins anew with the next call and is paid 0) or
            SAME_STEP (it begins anew at once; the infos hold its last observation as `final_obs`).

    Raises:
        SandboxError: there is no such world or render mode, or the world has no continuous form.
    """

    def __init__(
        self,
        world: World | str | os.PathLike[str] = "cliff_walking",
        num_envs: int = 1,
        render_mode: str | None = None,
        physics: Physics = _DEFAULT,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    ) -> None:
        self._points = _Points(world, physics, render_mode, num_envs)
        self._mode = AutoresetMode(autoreset_mode)
        check(
            self._mode is not AutoresetMode.DISABLED,
            "a batch of points resets itself: choose NEXT_STEP or SAME_STEP.",
            "autoreset_mode",
        )
        self.metadata = {**self._points.metadata, "autoreset_mode": self._mode}
        self.world = self._points.world
        self.render_mode = render_mode
        self.num_envs = num_envs
        self.single_action_space = self._points.action_space
        self.single_observation_space = self._points.observation_space
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._ended = np.zeros(num_envs, np.bool_)

    @property
    def state(self) -> NDArray[np.float64]:
        """`[N, 4]`: places and velocities."""
        return self._points.state

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode in every copy."""
        super().reset(seed=seed)
        self._points.begin(seed, self.np_random)
        self._ended[:] = False
        return self._points.seen(), {}

    def step(
        self, actions: Any
    ) -> tuple[
        NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]
    ]:
        """Push every copy for one step; arrays are `[N]`, actions `[N, 2]`."""
        points, rests = self._points, self._mode is AutoresetMode.NEXT_STEP
        reward, terminated, truncated = points.move(actions, self._ended if rests else None)
        infos: dict[str, Any] = {}
        self._ended = terminated | truncated
        if not rests and self._ended.any():
            infos = final_infos(self._ended, points.seen()[self._ended])
            points.restart(self._ended)
        return points.seen(), reward, terminated, truncated, infos

    def render(self) -> tuple[Any, ...] | None:
        """A picture of each copy."""
        if self.render_mode is None:
            return None
        return tuple(self._points.picture(copy) for copy in range(self.num_envs))
