"""Networks of N replicas, computed in one call: compiled on the processor (`dense`), else by torch (`eager`).

Several networks of a replica that read the same observation (an actor and a critic, twin critics) are
computed in one call as well: small operations cost their overhead, not their arithmetic. All numbers stand in
one flat tensor, which an optimizer or a copy takes in one go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning import dense, eager
from rlsandbox.learning.convolutions import Convolutions
from rlsandbox.learning.dense import Asked, Units
from rlsandbox.learning.eager import Given
from rlsandbox.learning.lazy import Lazily
from rlsandbox.learning.perceptrons import MOST_ROWS, Perceptrons, ask_about, ask_about_hot
from rlsandbox.worlds.errors import check

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = Lazily("torch")

ACTIVATIONS = ("tanh", "relu")
_NETWORK_STREAM = 7_266
"""Set apart from the other random numbers of a seed."""


_NO_ROOM = np.empty((1, 0), np.float32)


_Array = TypeVar("_Array", "Tensor", NDArray[Any])


class Judged(NamedTuple):
    """What networks say of a batch, and the slopes of a loss there, to be filled."""

    out: NDArray[np.float32]  # [n, kinds, B, most]
    slope: NDArray[np.float32]  # the same shape
    said: dict[str, NDArray[np.float32]]  # [n, B, size] by head, views of `out`
    slopes: dict[str, NDArray[np.float32]]  # [n, B, size] by head, views of `slope`
    given: Given | Asked


class Networks:
    """One multilayer perceptron a head and replica, or one trunk for all heads of a replica.

    Weights are orthogonal, sqrt(2) times in hidden layers, biases 0 (Saxe et al., 2014; Huang et al., "The 37
    implementation details of PPO", 2022, detail 2).

    Args:
        shape: D... of an observation: a length, or channels, height and width of a picture.
        hidden: width of each hidden layer.
        heads: `name -> (size, gain)`: how many outputs a head has and how large their weights begin.
        seeds: one a replica; a replica's weights depend on its seed alone.
        activation: "tanh" or "relu".
        shared: whether all heads stand on one trunk.
        device: where they live, as torch names it.
        parts: how many parts a batch may have, see `Units`; more than one only where they are compiled.

    Attributes:
        flat: `[P]` float32, all weights and biases.
        grad: `[P]`, where `backward` sets the gradient of a loss.
        by_part: `[parts, P]` the same by parts of a batch, until they are added up; the first one is `grad`.
        numbers, grads: `flat` and `grad` by layer, weights `[N * kinds, in, out]` and biases
            `[N * kinds, 1, out]`, and after these the convolutions'.
        version: counts up whenever the numbers change; who changes them says so.
        bounds: `[L]` int64, where the arrays of weights and biases end in them, layer by layer.
        perceptrons: the same numbers as kernels take them; None with pictures or on another device.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        hidden: Sequence[int],
        heads: Mapping[str, tuple[int, float]],
        seeds: Sequence[int],
        activation: str = "tanh",
        shared: bool = False,
        device: str = "cpu",
        parts: int = 1,
    ) -> None:
        self.shape = shape
        self.seeds, self.heads, self.shared, self.activation = tuple(seeds), dict(heads), shared, activation
        sizes = [size for size, _ in heads.values()]
        self.kinds = 1 if shared else len(sizes)
        self.pictures = Convolutions((shape[0], shape[1], shape[2])) if len(shape) == 3 else None
        n_inputs = shape[0] if self.pictures is None else self.pictures.n_features
        self.widths = (n_inputs, *hidden, sum(sizes) if shared else max(sizes))
        looks = [] if self.pictures is None else self.pictures.drawn(self._generators())
        drawn = [*self._drawn(), *looks]
        self._shapes = [array.shape for array in drawn]
        flat = np.concatenate([array.ravel() for array in drawn])
        self.version = 0
        self.flat: Tensor = torch.from_numpy(flat).to(device)
        self.by_part = np.zeros((parts, flat.size), np.float32)
        self.grad: Tensor = torch.from_numpy(self.by_part[0]).to(device)
        self.numbers, self.grads = self.views(self.flat), self.views(self.grad)
        self._rooms: dict[int, NDArray[np.float32]] = {}
        self.bounds = np.cumsum([array.size for array in drawn])
        self.perceptrons = self._perceptrons()

    @property
    def n_seeds(self) -> int:
        """N."""
        return len(self.seeds)

    def _drawn(self) -> list[NDArray[np.float32]]:
        """Weights `[N * kinds, in, out]` and biases `[N * kinds, 1, out]` of each layer at their start."""
        arrays: list[NDArray[np.float32]] = []
        for layer, (n, m) in enumerate(zip(self.widths, self.widths[1:], strict=False)):
            arrays.append(np.zeros((self.n_seeds * self.kinds, n, m), np.float32))
            arrays.append(np.zeros((self.n_seeds * self.kinds, 1, m), np.float32))
            last = layer == len(self.widths) - 2
            for i, seed in enumerate(self.seeds):
                rng = np.random.default_rng([seed, _NETWORK_STREAM, layer])
                column = 0
                for k, (size, gain) in enumerate(self.heads.values()):
                    if last:
                        at = i if self.shared else i * self.kinds + k
                        arrays[-2][at, :, column : column + size] = gain * orthogonal(n, size, rng)
                        column += size if self.shared else 0
                    elif k < self.kinds:
                        arrays[-2][i * self.kinds + k] = np.sqrt(2.0) * orthogonal(n, m, rng)
        return arrays

    def _generators(self) -> list[np.random.Generator]:
        """One a network, for its convolutions."""
        kinds = range(self.kinds)
        return [np.random.default_rng([seed, _NETWORK_STREAM, 64 + k]) for seed in self.seeds for k in kinds]

    def by_head(self, out: _Array) -> dict[str, _Array]:
        """Views `[N, B, size]` of outputs `[N, kinds, B, most]`, or of their slopes."""
        found, begin = {}, 0
        for k, (name, (size, _)) in enumerate(self.heads.items()):
            found[name] = out[:, 0 if self.shared else k, :, begin : begin + size]
            begin += size if self.shared else 0
        return found

    def forward(self, seen: Tensor, units: Units | None = None) -> NDArray[np.float32]:
        """Outputs `[n, kinds, B, most]` of some units, or of all replicas, for what they see."""
        units = units or Units(0, self.n_seeds)
        if self.perceptrons is None:
            return eager.answers(self, seen, units)[0].cpu().numpy()
        asked = Asked.about(units, seen.contiguous().numpy(), _NO_ROOM)
        return dense.answers(self.perceptrons, asked, keeps=False)

    def few(
        self,
        seen: NDArray[Any],
        active: NDArray[np.bool_] | None = None,
        out: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Outputs `[N, kinds, B, most]` as of `forward`, several times faster where B is small.

        Args:
            seen: `[N, B, D...]` float32, or `[N, B]` int64 where one number is hot.
            active: `[N]`, the replicas that are asked; nothing is written for the others.
            out: where to write, contiguous; else into zeros.
        """
        if out is None:
            out = np.zeros((self.n_seeds, self.kinds, seen.shape[1], self.widths[-1]), np.float32)
        if active is None:
            active = np.ones(self.n_seeds, np.bool_)
        seen = np.array(seen, order="C")  # and writable: each kind of array has compiled code of its own
        if self.perceptrons is None or seen.shape[1] > MOST_ROWS:
            out[active] = self.forward(torch.from_numpy(seen).to(self.flat.device))[active]
        else:
            answer = ask_about_hot if seen.dtype == np.int64 else ask_about
            answer(self.perceptrons, seen, active, out)
        return out

    def judge(self, seen: Tensor, units: Units | None = None) -> Judged:
        """What they say of observations, with room for the slopes of a loss; see `forward`.

        That can be sent back until units are judged that begin with the same one.
        """
        units = units or Units(0, self.n_seeds)
        given: Given | Asked
        if self.perceptrons is None:
            said, given = eager.answers(self, seen, units)
            out = said.cpu().numpy()
        else:
            given = Asked.about(units, seen.contiguous().numpy(), self._room(units, seen.shape[1]))
            out = dense.answers(self.perceptrons, given, keeps=True)
        slope = np.zeros_like(out)
        return Judged(out, slope, self.by_head(out), self.by_head(slope), given)

    def backward(self, judged: Judged) -> None:
        """Set what belongs to those units in `grad`, of parts in `by_part`, by the slopes of a loss."""
        given = judged.given
        assert self.grads, "others, or copies of others, are asked, not improved"
        assert given.units.parts <= len(self.by_part), "a batch has no more parts than was said"
        if isinstance(given, Given):
            eager.set_gradient(self, self._there(judged.slope), given)
        else:
            dense.set_gradient(self.compiled, self.by_part, judged.slope, given)

    def add_up(self) -> None:
        """What the parts of their batches say is the gradient together."""
        for part in self.by_part[1:]:
            self.by_part[0] += part

    def slopes_at_inputs(self, judged: Judged) -> NDArray[np.float32]:
        """`[n, B, D]`: what the slopes of a loss say of observations that are numbers."""
        given = judged.given
        if isinstance(given, Given):
            return eager.slopes_at_inputs(self, self._there(judged.slope), given).cpu().numpy()
        return dense.slopes_at_inputs(self.compiled, judged.slope, given)

    def _there(self, array: NDArray[np.float32]) -> Tensor:
        """Where the networks live."""
        return torch.from_numpy(array).to(self.flat.device)

    def tangent(self, direction: Tensor, judged: Judged) -> NDArray[np.float32]:
        """`[n, kinds, B, most]`: how fast the outputs change as the numbers go into a direction `[P]`."""
        given = judged.given
        if isinstance(given, Given):
            return eager.tangent(self, direction, given).cpu().numpy()
        change = eager.tangent(self, direction, self._given(given)).numpy()
        hot = given.place.shape[1] > 0
        return np.take_along_axis(change, given.place[:, None, :, None], axis=2) if hot else change

    def _given(self, asked: Asked) -> Given:
        """What compiled code has kept, as torch takes it; what is left of a batch is 0.

        Rounding depends on how many rows there are, which may not depend on the replicas beside one.
        """
        seen = eager.each(self, torch.from_numpy(asked.seen))
        layers, begin = [eager.hot_rows(self, seen) if seen.dtype == torch.int64 else seen], 0
        for width in self.widths[1:-1]:
            said = np.zeros((len(asked.hidden), asked.seen.shape[1], width), np.float32)
            for own, hidden, rows in zip(said, asked.hidden, asked.rows.repeat(self.kinds), strict=True):
                own[:rows] = hidden[rows * begin : rows * (begin + width)].reshape(rows, width)
            layers.append(torch.from_numpy(said))
            begin += width
        return Given(asked.units, layers, None)

    def _room(self, units: Units, rows: int) -> NDArray[np.float32]:
        """For what hidden units say, see `Asked`; kept, since new memory is slow when it is first touched."""
        count, size = units.size * self.kinds, rows * sum(self.widths[1:-1])
        room = self._rooms.get(units.begin)
        if room is None or room.shape[0] < count or room.shape[1] < size:
            room = self._rooms[units.begin] = np.empty((count, size), np.float32)
        return room[:count]

    @property
    def compiled(self) -> Perceptrons:
        """`perceptrons`, which are there."""
        assert self.perceptrons is not None
        return self.perceptrons

    def _perceptrons(self) -> Perceptrons | None:
        if self.pictures is not None or self.flat.device.type != "cpu":
            return None
        begins, widths = np.concatenate([[0], self.bounds[:-1]]), np.array(self.widths)
        scratch = np.empty((self.n_seeds, 2, max(self.widths[1:-1], default=0)), np.float32)
        tanh = self.activation == "tanh"
        return Perceptrons(self.flat.numpy(), begins, widths, self.kinds, 0, self.kinds, tanh, scratch)

    def views(self, flat: Tensor) -> list[Tensor]:
        """A tensor `[P]` as `numbers` are."""
        sizes = [int(np.prod(shape)) for shape in self._shapes]
        return [part.view(shape) for part, shape in zip(flat.split(sizes), self._shapes, strict=True)]

    def own(self, arrays: list[Tensor], units: Units) -> list[Tensor]:
        """The parts of arrays by network that belong to some replicas."""
        return [array[units.begin * self.kinds : units.end * self.kinds] for array in arrays]

    def layers(self, replica: int) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Copies of a replica's weights `[kinds, in, out]` and biases `[kinds, 1, out]`, layer by layer."""
        own = slice(replica * self.kinds, (replica + 1) * self.kinds)
        arrays = [array[own].cpu().numpy().copy() for array in self.numbers]
        return list(zip(arrays[::2], arrays[1::2], strict=True))

    def set_to(self, numbers: NDArray[np.float32]) -> None:
        """Take over all numbers `[P]`."""
        self.flat.copy_(torch.from_numpy(numbers))
        self.version += 1

    def live_in(self, place: NDArray[np.float32]) -> None:
        """Let all numbers live in an array `[P]`, which others may see and change."""
        place[:] = self.flat.numpy()
        self.flat = torch.from_numpy(place)
        self.numbers, self.perceptrons = self.views(self.flat), self._perceptrons()

    def take(self, numbers: NDArray[np.float32], replicas: NDArray[np.bool_]) -> None:
        """Take over the numbers `[P]` of some replicas `[N]`."""
        own, begin = self.flat.numpy(), 0
        for end in self.bounds:
            rows = own[begin:end].reshape(self.n_seeds, -1)
            rows[replicas] = numbers[begin:end].reshape(self.n_seeds, -1)[replicas]
            begin = end
        self.version += 1

    def copy(self) -> Networks:
        """The same numbers once more, that no gradient flows into: a target network."""
        twin = Networks.__new__(Networks)
        twin.__dict__.update(self.__dict__)
        twin.flat, twin.grad = self.flat.clone(), self.grad.new_zeros(0)
        twin.by_part = np.zeros((1, 0), np.float32)
        twin.numbers, twin.grads, twin._rooms = twin.views(twin.flat), [], {}
        twin.perceptrons = twin._perceptrons()
        return twin

    def only(self, head: str) -> Networks:
        """The networks of one head, with the very same numbers: to be asked, not to be improved.

        Their `version` stays what it is now.
        """
        assert not self.shared, "heads on a trunk have no networks of their own"
        k, twin = list(self.heads).index(head), Networks.__new__(Networks)
        twin.__dict__.update(self.__dict__)
        twin.heads, twin.kinds, twin.grads, twin._rooms = {head: self.heads[head]}, 1, [], {}
        twin.numbers = [array[k :: self.kinds] for array in self.numbers]
        if self.perceptrons is not None:
            twin.perceptrons = self.perceptrons._replace(first=k, asked=1)
        return twin

    def follow(self, other: Networks, share: float, active: NDArray[np.bool_]) -> None:
        """Go so far towards the numbers of another network, in the active replicas `[N]`."""
        if active.all():
            self.flat.lerp_(other.flat, share)
        else:
            own = torch.from_numpy(np.repeat(active, self.kinds)).to(self.flat.device)
            for mine, theirs in zip(self.numbers, other.numbers, strict=True):
                mine[own] = mine[own].lerp(theirs[own], share)
        self.version += 1

    def take_over(
        self, other: Networks, states: NDArray[np.int64] | None, actions: NDArray[np.int64]
    ) -> None:
        """Take what another network has learnt, after an edit of the world.

        Args:
            other: the network before.
            states: `[D]` old input of each new one or -1; None where inputs stay as they are.
            actions: `[A]` old action of each new one or -1; heads with as many outputs are by action.
        """
        self.version += 1
        last = len(self.widths) - 2
        for layer, (new, old) in enumerate(zip(self.numbers, other.numbers, strict=True)):
            first_differs = layer == 0 and states is None and new.shape[1] != old.shape[1]
            if layer // 2 > last or first_differs:  # a convolution, or inputs that mean something else
                if new.shape == old.shape:
                    new.copy_(old)
                continue
            here = there = np.arange(new.shape[1])
            if layer == 0 and states is not None:
                here, there = np.flatnonzero(states >= 0), states[states >= 0]
            every = np.arange(new.shape[2])
            same = self._same_outputs(other, actions) if layer // 2 == last else [(slice(None), every, every)]
            for nets, to, source in same:
                new[nets][:, here[:, None], to] = old[nets][:, there[:, None], source]

    def _same_outputs(
        self, other: Networks, actions: NDArray[np.int64]
    ) -> list[tuple[slice, NDArray[np.int64], NDArray[np.int64]]]:
        """Of the last layer: which networks, and which of their outputs are which of the other's."""
        found, here, there = [], 0, 0
        for k, (name, (size, _)) in enumerate(self.heads.items()):
            known = np.flatnonzero(actions >= 0) if size == actions.size else np.arange(size)
            source = actions[known] if size == actions.size else known
            nets = slice(None) if self.shared else slice(k, None, self.kinds)
            found.append((nets, here + known, there + source))
            if self.shared:
                here, there = here + size, there + other.heads[name][0]
        return found


def orthogonal(n: int, m: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """`[n, m]` with orthonormal rows or columns, whichever are fewer; drawn uniformly (Mezzadri, 2007)."""
    q, r = np.linalg.qr(rng.normal(size=(max(n, m), min(n, m))))
    q *= np.sign(np.diagonal(r))
    return q if n >= m else q.T


def device_named(name: str) -> str:
    """A device that is there.

    Raises:
        SandboxError: this machine has none of that kind.
    """
    there = {"cpu": lambda: True, "cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available}
    check(there[name](), f"there is no {name.upper()} device on this machine: choose cpu.", "device")
    return name
