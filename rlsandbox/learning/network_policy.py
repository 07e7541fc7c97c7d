"""Networks as they leave an agent: plain arrays, which act by numpy alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlsandbox.learning.convolutions import KERNEL, Convolutions
from rlsandbox.worlds.channels import channels_of
from rlsandbox.worlds.errors import check
from rlsandbox.worlds.observations import observe, observe_stacks
from rlsandbox.worlds.simulation import Simulation, reach
from rlsandbox.worlds.world import World

if TYPE_CHECKING:
    from rlsandbox.learning.networks import Networks
    from rlsandbox.learning.problem import Problem

Meaning = Literal["argmax", "mean", "tanh"]
Array = NDArray[np.float32]
Pair = tuple[Array, Array]
"""Weights and biases."""
Shapes = tuple[tuple[int, ...], tuple[int, ...]]
"""Theirs."""

ACTING = "nets"
"""Name of the networks that act; those with other names only help to learn."""
_ROWS = 64
"""Pictures that are looked at together: every one takes nine times its size."""


@dataclass(frozen=True)
class NetworkNumbers:
    """The numbers of `Networks` of N replicas, and how they belong together.

    Attributes:
        shape: D... of an observation: a length, or channels, height and width of a picture.
        heads: `name -> size`.
        activation: "tanh" or "relu".
        shared: whether all heads stand on one trunk, so that there is one kind of network.
        layers: weights `[N, kinds, in, out]` and biases `[N, kinds, out]`, layer by layer.
        looks: weights `[N, kinds, out, in, 3, 3]` and biases `[N, kinds, out]` of convolutions before them.
    """

    shape: tuple[int, ...]
    heads: dict[str, int]
    activation: str
    shared: bool
    layers: tuple[Pair, ...]
    looks: tuple[Pair, ...] = ()

    @classmethod
    def of(cls, nets: Networks) -> NetworkNumbers:
        """Copies of what networks are now."""
        replicas = zip(*(nets.layers(i) for i in range(nets.n_seeds)), strict=True)
        pairs = [(np.stack([w for w, _ in same]), np.stack([b for _, b in same])) for same in replicas]
        n_layers = len(nets.widths) - 1
        return cls(
            nets.shape,
            {name: size for name, (size, _) in nets.heads.items()},
            nets.activation,
            nets.shared,
            tuple((weight, bias[:, :, 0]) for weight, bias in pairs[:n_layers]),
            tuple(pairs[n_layers:]),
        )

    @property
    def n_seeds(self) -> int:
        """N."""
        return self.layers[0][0].shape[0]

    @property
    def hidden(self) -> tuple[int, ...]:
        """Width of each hidden layer."""
        return tuple(bias.shape[2] for _, bias in self.layers[:-1])

    def flat(self, n_seeds: int) -> Array:
        """`[P]`, as `Networks` of so many replicas have them; one replica's are given to all."""
        arrays = [array for pair in (*self.layers, *self.looks) for array in pair]
        return np.concatenate([np.broadcast_to(a, (n_seeds, *a.shape[1:])).ravel() for a in arrays])

    def built(self) -> dict[str, str]:
        """How they are built, in words by topic."""
        return {
            "heads": ", ".join(f"{name} ({size})" for name, size in self.heads.items()),
            "inputs": " x ".join(map(str, self.shape)),
            "hidden layers": " and ".join(map(str, self.hidden)) or "none",
            "activation": self.activation,
            "trunk": "shared" if self.shared else "one a head",
        }


def shown_by(world: Simulation) -> str:
    """What is seen of a world that can only be played.

    "discrete" is a state's number, "box" numbers, "picture" one of `[H, W, channels]` uint8.
    """
    if world.n_states:
        return "discrete"
    return "picture" if len(world.shape) == 3 else "box"


def shapes_of(
    n_seeds: int, shape: tuple[int, ...], hidden: tuple[int, ...], heads: Mapping[str, int], shared: bool
) -> tuple[list[Shapes], list[Shapes]]:
    """What the arrays of `layers` and `looks` must look like in networks that are built so."""
    before = (n_seeds, 1 if shared else len(heads))
    pictures = Convolutions((shape[0], shape[1], shape[2])) if len(shape) == 3 else None
    sizes = heads.values()
    widths = (pictures.n_features if pictures else shape[0], *hidden, sum(sizes) if shared else max(sizes))
    looks = pictures.weights if pictures else []
    return (
        [((*before, n, m), (*before, m)) for n, m in pairwise(widths)],
        [((*before, out, channels, KERNEL, KERNEL), (*before, out)) for out, channels, _ in looks],
    )


@dataclass(frozen=True)
class NetworkPolicy:
    """What networks of N replicas do without exploring.

    Attributes:
        networks: all networks of an agent by name; those called `ACTING` act.
        heads: what the action is taken from: one head, or advantages and a value (Q = V + A - mean A).
        meaning: "argmax": the action with the largest output; "mean": the first outputs are numbers of the
            action in units of half their range from its middle, and cut to it; "tanh": their hyperbolic
            tangents are.
        observation: what it sees: a key of `OBSERVATIONS`, or what `shown_by` says of a simulation.
        channels: names of the planes that "planes" and "window" show; None for others.
        low, high: range of each number of a continuous action.
        frames: how many observations, the newest last, it sees together; an episode begins with its first one
            so many times over.
    """

    networks: dict[str, NetworkNumbers]
    heads: tuple[str, ...]
    meaning: Meaning
    observation: str
    channels: tuple[str, ...] | None = None
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    frames: int = 1

    @classmethod
    def of(
        cls,
        networks: Mapping[str, Networks],
        heads: tuple[str, ...],
        problem: Problem,
        observation: str,
        frames: int = 1,
        squashes: bool = False,
    ) -> NetworkPolicy:
        """What an agent's networks are now.

        Args:
            networks: all of them, those that act under the name `ACTING`.
            heads: that actions are taken from, as far as these have them.
            problem: what they were trained on.
            observation: what they see of drawn worlds.
            frames: how many of these together.
            squashes: whether continuous actions are hyperbolic tangents.
        """
        world, actions, channels = problem.world, problem.actions, None
        if not isinstance(world, World):
            observation, frames = shown_by(world), 1
        elif observation in ("planes", "window"):
            channels = channels_of(world)
        return cls(
            {name: NetworkNumbers.of(nets) for name, nets in networks.items()},
            tuple(head for head in heads if head in networks[ACTING].heads),
            ("tanh" if squashes else "mean") if actions.continuous else "argmax",
            observation,
            channels,
            actions.low,
            actions.high,
            frames,
        )

    @property
    def acting(self) -> NetworkNumbers:
        """The networks that act."""
        return self.networks[ACTING]

    @property
    def n_seeds(self) -> int:
        """N."""
        return self.acting.n_seeds

    @property
    def numbered(self) -> bool:
        """Whether an observation may be a number, one a frame: it stands for a 1 among zeros."""
        return self.observation in ("one_hot", "discrete")

    @property
    def shape(self) -> tuple[int, ...]:
        """D... of one frame."""
        first, *rest = self.acting.shape
        return first // self.frames, *rest

    def misfit(self, own: NetworkPolicy) -> str | None:
        """Why networks like one's `own` cannot begin with these, in a sentence; None if they can."""
        if self.observation != own.observation:
            return f"its networks see {self.observation!r}, those of this run {own.observation!r}."
        if self.frames != own.frames:
            return f"its networks see {self.frames} frames together, those of this run {own.frames}."
        if self.channels != own.channels:
            theirs, ours = (", ".join(policy.channels or ()) for policy in (self, own))
            return f"its networks see the planes {theirs}; those of this run {ours}."
        for name in filter(self.networks.__contains__, own.networks):
            there, here = self.networks[name].built(), own.networks[name].built()
            for topic, ours in here.items():
                if there[topic] != ours:
                    return f"the {topic} of its networks: {there[topic]}; of those of this run: {ours}."
        if self.networks.keys() != own.networks.keys():
            theirs, ours = (", ".join(policy.networks) for policy in (self, own))
            return f"it holds the networks {theirs}, but this run has {ours}."
        if self.n_seeds not in (1, own.n_seeds):
            return f"it holds {self.n_seeds} seeds: train as many, not {own.n_seeds}."
        return None

    # -- what acts ---------------------------------------------------------------------------------

    @cached_property
    def _kind(self) -> int:
        """Which network of a replica acts."""
        return 0 if self.acting.shared else list(self.acting.heads).index(self.heads[0])

    def looks(self, replica: int) -> list[tuple[Array, Array, int]]:
        """Weights `[out, in, 3, 3]`, biases `[out]` and stride of each convolution of a replica."""
        nets = self.acting
        if not nets.looks:
            return []
        strides = [stride for _, _, stride in Convolutions((nets.shape[0], *nets.shape[1:3])).weights]  # type: ignore[arg-type]
        at = replica, self._kind
        return [(w[at], b[at], stride) for (w, b), stride in zip(nets.looks, strides, strict=True)]

    def layers(self, replica: int) -> list[Pair]:
        """Weights `[in, out]` and biases `[out]` of a replica, layer by layer, up to the outputs."""
        return self._layers[replica]

    @cached_property
    def _layers(self) -> list[list[Pair]]:
        return [self._to_outputs(replica) for replica in range(self.n_seeds)]

    def _to_outputs(self, replica: int) -> list[Pair]:
        nets, at = self.acting, (replica, self._kind)
        *trunk, last = [(weight[at], bias[at]) for weight, bias in nets.layers]
        parts = [tuple(array[..., self._columns(head)] for array in last) for head in self.heads]
        if len(parts) == 1:
            return [*trunk, (parts[0][0], parts[0][1])]
        # V + A - mean A is linear in what the heads are: one layer says it
        a, v = ([array.astype(np.float64) for array in part] for part in parts)
        weight, bias = (a[k] - a[k].mean(axis=-1, keepdims=True) + v[k] for k in range(2))
        return [*trunk, (weight.astype(np.float32), bias.astype(np.float32))]

    def _columns(self, head: str) -> slice:
        """Where a head stands among the outputs of its network."""
        sizes, begin = self.acting.heads, 0
        for name, size in sizes.items():
            if name == head:
                break
            begin += size if self.acting.shared else 0
        return slice(begin, begin + sizes[head])

    # -- acting ------------------------------------------------------------------------------------

    def observed(self, world: World, states: ArrayLike) -> NDArray[Any]:
        """`[..., D...]`: what it sees of states of a drawn world, of several frames of stacks `[..., k]`."""
        options = {} if self.channels is None else {"channels": self.channels}
        if self.frames > 1:
            return observe_stacks(world, np.asarray(states), self.observation, **options)
        return observe(world, states, self.observation, **options)

    def outputs(self, observations: ArrayLike, replica: int = 0) -> Array:
        """What a replica's networks say of observations.

        Args:
            observations: `[B, D...]`, or where `numbered` `[B]` integers; of several frames those side by
                side, or `[B, k, D...]` and `[B, k]`.
            replica: whose.

        Returns:
            `[B, size]` logits, action values, or what continuous actions are made from.

        Raises:
            SandboxError: an observation is of another shape.
        """
        x: Any = self._given(np.asarray(observations))
        if looks := self.looks(replica):
            parts = [x[begin : begin + _ROWS] for begin in range(0, len(x), _ROWS)]
            x = np.concatenate([_features(part, looks) for part in parts])
        layers = self.layers(replica)
        for k, (weight, bias) in enumerate(layers):
            x = (weight[x] if x.dtype == np.int64 else x @ weight) + bias
            if k < len(layers) - 1:
                x = np.tanh(x) if self.acting.activation == "tanh" else np.maximum(x, 0)
        return x

    def _given(self, seen: NDArray[Any]) -> NDArray[Any]:
        """Observations as layers take them."""
        shape = self.acting.shape
        if self.numbered and seen.ndim <= 2 and np.issubdtype(seen.dtype, np.integer):
            size = self.shape[0]
            inside = bool(((seen >= 0) & (seen < size)).all())
            check(inside, f"the numbers that this policy knows go from 0 to {size - 1}.", "observation")
            if self.frames == 1 and seen.ndim == 1:
                return seen.astype(np.int64)
            if self.frames > 1 and seen.shape[1:] in ((), (self.frames,)):  # one number: it has stood still
                numbers = np.broadcast_to(seen.reshape(len(seen), -1), (len(seen), self.frames))
                seen = numbers[..., None] == np.arange(size)
        if self.frames > 1 and seen.shape[1:] == (self.frames, *self.shape):
            seen = seen.reshape(-1, *shape)
        raw = self.observation == "picture" and seen.dtype == np.uint8  # as the environment gives it
        wanted = (*shape[1:], shape[0]) if raw else shape
        fits = seen.shape[1:] == wanted or (self.observation == "box" and seen[0].size == shape[0])
        check(fits, f"this policy sees {wanted}, not {seen.shape[1:]}.", "observation")
        if raw:
            return seen.transpose(0, 3, 1, 2) / np.float32(255)
        return seen.reshape(-1, *shape).astype(np.float32)

    def chosen(self, said: Array) -> NDArray[Any]:
        """Actions `[...]` int64, or `[..., A]` float32, where `outputs` says this."""
        if self.meaning == "argmax":
            return said.argmax(axis=-1)
        numbers = said[..., : len(self.low)]
        middle, half = self.reach
        return middle + half * (np.tanh(numbers) if self.meaning == "tanh" else numbers.clip(-1, 1))

    def best_for(self, seen: NDArray[Any]) -> NDArray[Any]:
        """Actions of all replicas where `[N, B, D...]` is seen."""
        return np.stack([self.chosen(self.outputs(rows, k)) for k, rows in enumerate(seen)])

    @property
    def reach(self) -> tuple[Array, Array]:
        """`[A]` middle and half width of what a continuous action's numbers may be."""
        return reach(self.low, self.high)

    def act(self, observation: ArrayLike, rng: np.random.Generator | None = None, replica: int = 0) -> Any:
        """Choose an action: an int, or `[A]` float32.

        Args:
            observation: `[D...]`, or where `numbered` an integer; see `outputs`.
            rng: draws between equally good actions; without it the one with the lowest number is taken.
            replica: whose policy.
        """
        said = self.outputs(np.asarray(observation)[None], replica)[0]
        if self.meaning != "argmax":
            return self.chosen(said)
        best = np.flatnonzero(said == said.max())
        return int(best[0] if rng is None else rng.choice(best))


def _features(pictures: Array, looks: list[tuple[Array, Array, int]]) -> Array:
    """`[B, F]` of pictures `[B, C, H, W]`, as `Convolutions.features`."""
    x = pictures
    for weight, bias, stride in looks:
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (KERNEL, KERNEL), axis=(2, 3))
        seen = np.tensordot(windows[:, :, ::stride, ::stride], weight, axes=((1, 4, 5), (1, 2, 3)))
        x = np.maximum(seen + bias, 0).transpose(0, 3, 1, 2)
    return x.reshape(len(x), -1)
