"""A drawn world as Gymnasium environments: one copy, or many that move in one compiled step."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from rlsandbox.worlds.channels import channels_of
from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.errors import check
from rlsandbox.worlds.files import open_world
from rlsandbox.worlds.mdp import TabularMDP
from rlsandbox.worlds.observations import chosen_options, observe
from rlsandbox.worlds.observations import observation as observation_named
from rlsandbox.worlds.picture import draw
from rlsandbox.worlds.scheduled import Stages
from rlsandbox.worlds.text_maps import text_of
from rlsandbox.worlds.world import World

RENDER_MODES = ("rgb_array", "ansi")


class _Face:
    """What one environment and a batch of them share: the world over time, its spaces and its pictures."""

    def __init__(
        self,
        source: World | str | os.PathLike[str],
        render_mode: str | None,
        seen_as: str,
        options: Mapping[str, Any] | None,
    ) -> None:
        check(
            render_mode is None or render_mode in RENDER_MODES,
            f"render_mode must be one of {', '.join(RENDER_MODES)} or None, not {render_mode!r}.",
            "render_mode",
        )
        self.world = open_world(source)
        self.stages = Stages(self.world)
        self.render_mode = render_mode
        kind = observation_named(seen_as)
        self._seen_as, self._options = kind.id, chosen_options(kind, options or {})
        if self._options.get("channels", ()) is None:  # the same ones, whatever the schedule brings
            self._options["channels"] = channels_of(self.world)
        model = self.stages.models[0]
        self.action_space = spaces.Discrete(model.n_actions)
        self.observation_space: spaces.Space[Any] = (
            spaces.Discrete(model.n_states)
            if kind.shape is None
            else spaces.Box(kind.low, 1.0, kind.shape(self.world, **self._options), np.float32)
        )

    def observe(self, states: Any, steps: NDArray[np.int64]) -> Any:
        """Observations of `[N]` states after so many `steps` `[N]`, each of the drawing of its time."""
        seen = np.empty((len(steps), *(self.observation_space.shape or ())), self.observation_space.dtype)
        for stage, inside in self.stages.split(steps):
            seen[inside] = observe(self.stages.worlds[stage], states[inside], self._seen_as, **self._options)
        return seen

    def render(self, state: int, stage: int) -> NDArray[np.uint8] | str | None:
        """The world with its agent, in the render mode."""
        world = self.stages.worlds[stage]
        if self.render_mode == "rgb_array":
            return draw(world, agents=[world.cell_of(state)])
        if self.render_mode == "ansi":
            return text_of(world, world.cell_of(state))
        return None


class _Outcome(NamedTuple):
    prob: float
    next_state: int
    reward: float
    reward_sd: float
    terminal: bool


class GridEnv(gymnasium.Env[Any, Any]):
    """A drawn world.

    An observation is the number of the state (`cell * inventory + carried`) or what `observation` says; an
    action is the number of a move (`world.actions`). The step limit of the world truncates. Scheduled changes
    come after so many steps in the life of the environment, over all its episodes; who stands where a wall
    appears is truncated. The arms of a drifting bandit walk on over all its episodes as well.

    Args:
        world: a World, a gallery name or a file.
        render_mode: "rgb_array", "ansi" or None.
        observation: "state", "one_hot", "xy", "window", "planes" or "pixels" (`observations.OBSERVATIONS`).
        observation_options: what `observations.observe` takes for it, such as `{"side": 7}` for a window.

    Raises:
        SandboxError: there is no such world, render mode or observation.
    """

    metadata = {"render_modes": list(RENDER_MODES), "render_fps": 8}  # noqa: RUF012

    def __init__(
        self,
        world: World | str | os.PathLike[str] = "cliff_walking",
        render_mode: str | None = None,
        observation: str = "state",
        observation_options: Mapping[str, Any] | None = None,
    ) -> None:
        self._face = _Face(world, render_mode, observation, observation_options)
        self.world = self._face.world
        self.render_mode = render_mode
        self.action_space = self._face.action_space
        self.observation_space = self._face.observation_space
        self.state = 0
        self._steps = 0
        self._episode_steps = 0
        self._drifted = np.zeros(self._face.action_space.n)
        self._known: dict[tuple[int, int, int], tuple[_Outcome, ...]] = {}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode at a start; the schedule goes on unless a seed begins the environment anew."""
        super().reset(seed=seed)
        if seed is not None:
            self._steps = 0
            self._drifted[:] = 0
        model = self._face.stages.models[self._face.stages.at(self._steps)]
        place = np.searchsorted(model.start_cumulative, self.np_random.random(), side="right")
        self.state = int(model.start_states[place])
        self._episode_steps = 0
        return self._observed(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One move; the info holds the probability of what happened."""
        check(self.action_space.contains(action), f"there is no action {action!r}.", "action")
        stages = self._face.stages
        stage = stages.at(self._steps)
        outcomes = self._outcomes_of(stage, self.state, int(action))
        left, k = float(self.np_random.random()), 0
        # rounding may leave a little luck beyond the last outcome: that one is taken then
        while left >= outcomes[k].prob and k + 1 < len(outcomes):
            left -= outcomes[k].prob
            k += 1
        outcome = outcomes[k]
        reward = outcome.reward
        if outcome.reward_sd > 0:
            reward += outcome.reward_sd * float(self.np_random.standard_normal())
        drift = stages.models[stage].drift
        if drift > 0:
            reward += float(self._drifted[action])
            self._drifted += drift * self.np_random.standard_normal(self._drifted.size)
        self.state = outcome.next_state
        self._steps += 1
        self._episode_steps += 1
        following = stages.models[stages.at(self._steps)]
        walled_in = not outcome.terminal and not following.live[self.state]
        late = 0 < following.step_limit <= self._episode_steps
        truncated = bool(late or walled_in)
        return self._observed(), reward, outcome.terminal, truncated, {"prob": outcome.prob}

    def render(self) -> Any:
        """A picture `[h, w, 3]` uint8 or a text, as the render mode says."""
        return self._face.render(self.state, self._face.stages.at(self._steps))

    @property
    def drawing(self) -> World:
        """The world as its schedule has left it."""
        return self._face.stages.worlds[self._face.stages.at(self._steps)]

    @property
    def model(self) -> TabularMDP:
        """The model of that drawing."""
        return self._face.stages.models[self._face.stages.at(self._steps)]

    def _outcomes_of(self, stage: int, s: int, a: int) -> tuple[_Outcome, ...]:
        """What may come of an action, as plain numbers: reading arrays one by one would take longer."""
        known = self._known.get((stage, s, a))
        if known is None:
            model = self._face.stages.models[stage]
            layers = (model.prob, model.next_state, model.reward, model.reward_sd, model.terminal)
            used = np.count_nonzero(model.prob[s, a])
            known = tuple(_Outcome(*(layer[s, a, k].item() for layer in layers)) for k in range(used))
            self._known[stage, s, a] = known
        return known

    def _observed(self) -> Any:
        if isinstance(self.observation_space, spaces.Discrete):
            return self.state
        return self._face.observe(np.array([self.state]), np.array([self._steps]))[0]


class GridVectorEnv(VectorEnv[Any, Any, NDArray[Any]]):
    """Copies of a drawn world that take their step in one compiled call.

    Args:
        world: a World, a gallery name or a file.
        num_envs: number of copies, N.
        render_mode: "rgb_array", "ansi" or None.
        observation: "state", "one_hot", "xy", "window", "planes" or "pixels" (`observations.OBSERVATIONS`).
        observation_options: what `observations.observe` takes for it, such as `{"side": 7}` for a window.
        autoreset_mode: NEXT_STEP (a copy that ended begins anew with the next call and is paid 0) or
            SAME_STEP (it begins anew at once; the infos hold its last observation as `final_obs`).

    Raises:
        SandboxError: there is no such world, render mode or observation.
    """

    def __init__(
        self,
        world: World | str | os.PathLike[str] = "cliff_walking",
        num_envs: int = 1,
        render_mode: str | None = None,
        observation: str = "state",
        observation_options: Mapping[str, Any] | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    ) -> None:
        self._face = _Face(world, render_mode, observation, observation_options)
        self.world = self._face.world
        self.render_mode = render_mode
        self.num_envs = num_envs
        self._mode = AutoresetMode(autoreset_mode)
        check(
            self._mode is not AutoresetMode.DISABLED,
            "a grid resets itself: choose NEXT_STEP or SAME_STEP.",
            "autoreset_mode",
        )
        self.metadata = {**GridEnv.metadata, "autoreset_mode": self._mode}
        self.single_action_space = self._face.action_space
        self.single_observation_space = self._face.observation_space
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._begin()

    def _begin(self) -> None:
        self.states = np.zeros(self.num_envs, np.int64)
        self._steps = np.zeros(self.num_envs, np.int64)
        self._episode_steps = np.zeros(self.num_envs, np.int64)
        self._ended = np.zeros(self.num_envs, np.bool_)
        self._drifted = np.zeros((self.num_envs, int(self._face.action_space.n)))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        """Begin an episode in every copy; the schedule goes on unless a seed begins the copies anew."""
        super().reset(seed=seed)
        if seed is not None:
            self._begin()
        self._restart(np.ones(self.num_envs, np.bool_))
        self._ended[:] = False
        return self._face.observe(self.states, self._steps), {}

    def step(
        self, actions: Any
    ) -> tuple[NDArray[Any], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """One move in every copy; arrays are `[N]`."""
        actions = np.asarray(actions, np.int64)
        check(
            actions.shape == (self.num_envs,)
            and bool(((actions >= 0) & (actions < self._face.action_space.n)).all()),
            f"give {self.num_envs} actions from 0 to {self._face.action_space.n - 1}.",
            "actions",
        )
        rewards = np.zeros(self.num_envs)
        terminated, truncated = np.zeros(self.num_envs, np.bool_), np.zeros(self.num_envs, np.bool_)
        # Each copy draws the same count of numbers a call, so that what one does never shifts another's luck.
        luck = self.np_random.random(self.num_envs)
        resting = self._ended if self._mode is AutoresetMode.NEXT_STEP else np.zeros_like(self._ended)
        stages = self._face.stages
        for stage, inside in stages.split(self._steps):
            model = stages.models[stage]
            noise = np.zeros(self.num_envs)
            if model.reward_sd.any():
                noise = self.np_random.standard_normal(self.num_envs)
            _step_copies(
                np.flatnonzero(inside & ~resting),
                actions,
                luck,
                noise,
                model.next_state,
                model.prob,
                model.reward,
                model.reward_sd,
                model.terminal,
                self.states,
                rewards,
                terminated,
            )
        drift = stages.models[0].drift
        if drift > 0:
            rewards += np.where(resting, 0.0, self._drifted[np.arange(self.num_envs), actions])
            walk = drift * self.np_random.standard_normal(self._drifted.shape)
            self._drifted += np.where(resting[:, None], 0.0, walk)
        self._steps += ~resting
        self._episode_steps += ~resting
        limit = stages.models[0].step_limit
        if limit:
            truncated |= (self._episode_steps >= limit) & ~resting
        for stage, inside in stages.split(self._steps):
            walled_in = ~stages.models[stage].live[self.states] & inside
            truncated |= walled_in & ~terminated & ~resting
        ended = terminated | truncated
        infos: dict[str, Any] = {}
        if self._mode is AutoresetMode.NEXT_STEP:
            self._restart(resting)
        elif ended.any():
            infos = final_infos(ended, self._face.observe(self.states[ended], self._steps[ended]))
            self._restart(ended)
        self._ended = ended
        return self._face.observe(self.states, self._steps), rewards, terminated, truncated, infos

    def render(self) -> tuple[Any, ...] | None:
        """A picture or text for each copy."""
        if self.render_mode is None:
            return None
        stages = [self._face.stages.at(steps) for steps in self._steps.tolist()]
        return tuple(
            self._face.render(state, stage) for state, stage in zip(self.states.tolist(), stages, strict=True)
        )

    def _restart(self, copies: NDArray[np.bool_]) -> None:
        """Put the chosen copies at starts."""
        if not copies.any():
            return
        luck = self.np_random.random(self.num_envs)
        for stage, inside in self._face.stages.split(self._steps):
            model, chosen = self._face.stages.models[stage], copies & inside
            place = np.searchsorted(model.start_cumulative, luck[chosen], side="right")
            self.states[chosen] = model.start_states[place]
        self._episode_steps[copies] = 0


def final_infos(ended: NDArray[np.bool_], observations: NDArray[Any]) -> dict[str, Any]:
    """What a batch that resets in the same step says of copies that `ended` `[N]`: what they saw last."""
    final = np.full(ended.size, None, dtype=object)
    for copy, seen in zip(np.flatnonzero(ended), observations, strict=True):
        final[copy] = seen
    return {
        "final_obs": final,
        "_final_obs": ended.copy(),
        "final_info": {},
        "_final_info": ended.copy(),
    }


@kernel
def _step_copies(
    copies: Any,
    actions: Any,
    luck: Any,
    noise: Any,
    next_state: Any,
    prob: Any,
    reward: Any,
    reward_sd: Any,
    terminal: Any,
    states: Any,
    rewards: Any,
    terminated: Any,
) -> None:
    """Move the chosen copies; `luck` `[N]` in [0, 1) picks the outcome, `noise` `[N]` the deviation paid."""
    for i in copies:
        s, a = states[i], actions[i]
        left, k = luck[i], 0
        # rounding may leave a little luck beyond the last outcome: that one is taken then
        while left >= prob[s, a, k] and k + 1 < prob.shape[2] and prob[s, a, k + 1] > 0:
            left -= prob[s, a, k]
            k += 1
        rewards[i] = reward[s, a, k] + reward_sd[s, a, k] * noise[i]
        terminated[i] = terminal[s, a, k]
        states[i] = next_state[s, a, k]
