"""Networks of N replicas, computed as one batch: `[N, in, out]` weights and `torch.baddbmm`.

Several networks of a replica that read the same observation (an actor and a critic, twin critics) are
computed in one call as well: small operations cost their overhead, not their arithmetic, so that fewer and
wider ones pay. All numbers stand in one flat tensor, which an optimizer or a copy takes in one go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.convolutions import Convolutions
from rlsandbox.learning.lazy import Lazily
from rlsandbox.learning.perceptrons import MOST_ROWS, Perceptrons, ask_about, ask_about_hot, squash
from rlsandbox.learning.products import add_outer, sent_back, weighed
from rlsandbox.learning.threads import in_shares
from rlsandbox.worlds.errors import check

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = Lazily("torch")

ACTIVATIONS = ("tanh", "relu")
_NETWORK_STREAM = 7_266
"""Set apart from the other random numbers of a seed."""


_Array = TypeVar("_Array", "Tensor", NDArray[Any])


class Given(NamedTuple):
    """What layers were given in a forward pass, for some replicas.

    Attributes:
        replicas: which.
        layers: what each layer was given.
        pictures: of pictures the features and the convolutions' numbers.
    """

    replicas: range
    layers: list[Tensor]
    pictures: tuple[Tensor, list[Tensor]] | None


class Judged(NamedTuple):
    """What networks say of a batch, and the slopes of a loss there, to be filled."""

    said: dict[str, NDArray[np.float32]]  # [N, B, size] by head
    slopes: dict[str, NDArray[np.float32]]  # [N, B, size] by head, views of `slope`
    slope: Tensor
    given: list[Given]


def part_of(slope: Tensor, n: int, given: Sequence[Given]) -> Tensor:
    """The n-th share of slopes `[N, ...]`."""
    first, own = given[0].replicas.start, given[n].replicas
    return slope[own.start - first : own.stop - first]


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

    Attributes:
        flat: `[P]` float32, all weights and biases.
        grad: `[P]`, to which `backward` of a loss adds their gradient.
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
        self.grad: Tensor = torch.zeros_like(self.flat)
        self._numbers, self._grads = self._views(self.flat), self._views(self.grad)
        self.bounds = np.cumsum([array.size for array in drawn])
        self.perceptrons = self._perceptrons()
        self._first = torch.arange(self.n_seeds * self.kinds, device=device)[:, None] * n_inputs

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

    def forward(
        self, seen: Tensor, threads: int = 1, replicas: range | None = None
    ) -> tuple[Tensor, list[Given]]:
        """Outputs `[N, kinds, B, most]`, and what `backward` needs; `threads` share the replicas.

        With `replicas`, `seen` and the outputs are those of these alone.
        """
        if replicas is not None:
            out, given = self._forward(seen, replicas.start, replicas.stop)
            return out, [given]

        def share(begin: int, end: int) -> tuple[Tensor, Given]:
            return self._forward(seen[begin:end], begin, end)

        parts = in_shares(self.n_seeds, threads, share)
        return torch.cat([out for out, _ in parts]), [given for _, given in parts]

    def few(
        self,
        seen: NDArray[Any],
        active: NDArray[np.bool_] | None = None,
        out: NDArray[np.float32] | None = None,
        threads: int = 1,
    ) -> NDArray[np.float32]:
        """Outputs `[N, kinds, B, most]` as of `forward`, several times faster where B is small.

        Args:
            seen: `[N, B, D...]` float32, or `[N, B]` int64 where one number is hot.
            active: `[N]`, the replicas that are asked; nothing is written for the others.
            out: where to write, contiguous; else into zeros.
            threads: how many share the replicas where torch computes.
        """
        if out is None:
            out = np.zeros((self.n_seeds, self.kinds, seen.shape[1], self.widths[-1]), np.float32)
        if active is None:
            active = np.ones(self.n_seeds, np.bool_)
        seen = np.array(seen, order="C")  # and writable: each kind of array has compiled code of its own
        if self.perceptrons is None or seen.shape[1] > MOST_ROWS:
            said = self.forward(torch.from_numpy(seen).to(self.flat.device), threads)[0]
            out[active] = said.cpu().numpy()[active]
        else:
            answer = ask_about_hot if seen.dtype == np.int64 else ask_about
            answer(self.perceptrons, seen, active, out)
        return out

    def judge(self, seen: Tensor, threads: int = 1, replicas: range | None = None) -> Judged:
        """What they say of observations, with room for the slopes of a loss; see `forward`."""
        out, given = self.forward(seen, threads, replicas)
        slope = torch.zeros(out.shape)  # where compiled code can fill it, which is not on another device
        said, slopes = (
            {name: part.numpy() for name, part in self.by_head(tensor).items()}
            for tensor in (out.cpu(), slope)
        )
        return Judged(said, slopes, slope, given)

    def backward(self, slope: Tensor, given: list[Given]) -> None:
        """Add to `grad` what a loss with these slopes `[N, kinds, B, most]` at the outputs says."""

        def share(n: int, _: int) -> None:
            self._backward(part_of(slope, n, given), given[n])

        in_shares(len(given), len(given), share)

    def slopes_at_inputs(self, slope: Tensor, given: list[Given]) -> Tensor:
        """`[N, B, D]`: what a loss with these slopes at the outputs says of observations that are numbers."""

        def share(n: int, _: int) -> Tensor:
            numbers, found = self._own(self._numbers, given[n]), part_of(slope, n, given).flatten(0, 1)
            for layer in range(len(given[n].layers) - 1, -1, -1):
                found = sent_back(found, numbers[2 * layer])
                if layer > 0:
                    found = self._activated(found, given[n].layers[layer])
            return found.view(-1, self.kinds, *found.shape[1:]).sum(dim=1)

        return torch.cat(in_shares(len(given), len(given), share))

    def _forward(self, seen: Tensor, begin: int, end: int) -> tuple[Tensor, Given]:
        """Outputs of a range of replicas for their part, and what each layer was given."""
        own = slice(begin * self.kinds, end * self.kinds)
        seen = self._each(seen)
        numbers, nets, pictures = [array[own] for array in self._numbers], seen.shape[0], None
        if self.pictures is not None:  # autograd goes through the convolutions alone
            last = 2 * len(self.widths) - 2
            looks = [array.detach().requires_grad_() for array in numbers[last:]]
            with torch.enable_grad():
                pictures = self.pictures.features(seen, looks), looks
            numbers, seen = numbers[:last], pictures[0].detach()
        weight, bias = numbers[0], numbers[1]
        if seen.dtype == torch.int64:  # a row of the weights is what a one-hot input would pick
            rows = (seen + self._first[:nets]).flatten()
            x = weight.flatten(0, 1).index_select(0, rows).view(nets, -1, weight.shape[2]).add_(bias)
            given = [rows]
        else:
            given = [seen]
            x = weighed(seen, weight, bias)
        for weight, bias in zip(numbers[2::2], numbers[3::2], strict=True):
            given.append(self._activate(x))
            x = weighed(x, weight, bias)
        return x.view(end - begin, self.kinds, *x.shape[1:]), Given(range(begin, end), given, pictures)

    def _activate(self, x: Tensor) -> Tensor:
        """In its place, what units make of their sums."""
        if self.activation == "relu":
            return x.relu_()
        if x.device.type != "cpu":
            return x.tanh_()
        squash(x.view(-1).numpy())  # torch takes nine times as long
        return x

    def _own(self, arrays: list[Tensor], given: Given) -> list[Tensor]:
        """The parts of arrays by network that belong to some replicas."""
        own = slice(given.replicas.start * self.kinds, given.replicas.stop * self.kinds)
        return [array[own] for array in arrays]

    def _backward(self, slope: Tensor, given: Given) -> None:
        slope = slope.flatten(0, 1)
        numbers, grads = (self._own(arrays, given) for arrays in (self._numbers, self._grads))
        ones = slope.new_ones(slope.shape[0], 1, slope.shape[1])
        for layer in range(len(given.layers) - 1, -1, -1):
            x, weight = given.layers[layer], numbers[2 * layer]
            grads[2 * layer + 1].baddbmm_(ones, slope)
            if x.dtype == torch.int64:
                grads[0].flatten(0, 1).index_add_(0, x, slope.flatten(0, 1))
                return
            add_outer(grads[2 * layer], x, slope)
            if layer > 0:
                slope = self._activated(sent_back(slope, weight), x)
        if given.pictures is not None:
            features, looks = given.pictures
            slope = torch.bmm(slope, numbers[0].transpose(1, 2))
            found = torch.autograd.grad(features, looks, slope, retain_graph=True)  # one may come back
            for grad, part in zip(grads[2 * len(self.widths) - 2 :], found, strict=True):
                grad.add_(part)

    def tangent(self, direction: Tensor, given: list[Given]) -> Tensor:
        """`[N, kinds, B, most]`: how fast the outputs change as the numbers go into a direction `[P]`."""
        moved = self._views(direction)

        def share(n: int, _: int) -> Tensor:
            numbers, moves = (self._own(arrays, given[n]) for arrays in (self._numbers, moved))
            change = self._tangent(numbers, moves, given[n])
            return change.view(-1, self.kinds, *change.shape[1:])

        return torch.cat(in_shares(len(given), len(given), share))

    def _tangent(self, numbers: list[Tensor], moves: list[Tensor], given: Given) -> Tensor:
        change: Tensor | None = None
        if given.pictures is not None:  # the gradient's own gradient: what it gives for u is linear in u
            features, looks = given.pictures
            u = torch.zeros_like(features, requires_grad=True)
            pulled = torch.autograd.grad(features, looks, u, create_graph=True)
            (change,) = torch.autograd.grad(pulled, u, moves[2 * len(self.widths) - 2 :])
        for layer, x in enumerate(given.layers):
            weight, bias, before = moves[2 * layer], moves[2 * layer + 1], change
            if x.dtype == torch.int64:
                rows = weight.flatten(0, 1).index_select(0, x)
                change = rows.view(weight.shape[0], -1, weight.shape[2]).add_(bias)
            else:
                change = torch.baddbmm(bias, x, weight)
            if before is not None:
                through = self._activated(before, x) if layer > 0 else before
                change.baddbmm_(through, numbers[2 * layer])
        assert change is not None
        return change

    def _activated(self, slope: Tensor, x: Tensor) -> Tensor:
        """In their place, slopes behind an activation, which gave x, from those before it; or back."""
        if self.activation == "relu":
            return torch.ops.aten.threshold_backward(slope, x, 0, grad_input=slope)
        return torch.ops.aten.tanh_backward(slope, x, grad_input=slope)

    def _perceptrons(self) -> Perceptrons | None:
        if self.pictures is not None or self.flat.device.type != "cpu":
            return None
        begins, widths = np.concatenate([[0], self.bounds[:-1]]), np.array(self.widths)
        scratch = np.empty((self.n_seeds, 2, widths.max()), np.float32)
        tanh = self.activation == "tanh"
        return Perceptrons(self.flat.numpy(), begins, widths, self.kinds, tanh, scratch)

    def _each(self, seen: Tensor) -> Tensor:
        """Observations `[n, ...]` for each network `[n * kinds, ...]`."""
        if self.kinds == 1:
            return seen
        return seen[:, None].expand(-1, self.kinds, *seen.shape[1:]).flatten(0, 1)

    def _views(self, flat: Tensor) -> list[Tensor]:
        """A tensor `[P]` as weights `[N * kinds, in, out]` and biases `[N * kinds, 1, out]` by layer."""
        sizes = [int(np.prod(shape)) for shape in self._shapes]
        return [part.view(shape) for part, shape in zip(flat.split(sizes), self._shapes, strict=True)]

    def layers(self, replica: int) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Copies of a replica's weights `[kinds, in, out]` and biases `[kinds, 1, out]`, layer by layer."""
        own = slice(replica * self.kinds, (replica + 1) * self.kinds)
        arrays = [array[own].cpu().numpy().copy() for array in self._numbers]
        return list(zip(arrays[::2], arrays[1::2], strict=True))

    def set_to(self, numbers: NDArray[np.float32]) -> None:
        """Take over all numbers `[P]`."""
        self.flat.copy_(torch.from_numpy(numbers))
        self.version += 1

    def live_in(self, place: NDArray[np.float32]) -> None:
        """Let all numbers live in an array `[P]`, which others may see and change."""
        place[:] = self.flat.numpy()
        self.flat = torch.from_numpy(place)
        self._numbers, self.perceptrons = self._views(self.flat), self._perceptrons()

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
        twin._numbers, twin._grads = twin._views(twin.flat), []
        twin.perceptrons = twin._perceptrons()
        return twin

    def only(self, head: str) -> Networks:
        """The networks of one head, with the very same numbers: to be asked, not to be improved."""
        k, twin = list(self.heads).index(head), Networks.__new__(Networks)
        twin.__dict__.update(self.__dict__)
        twin.heads, twin.kinds, twin.perceptrons, twin._grads = {head: self.heads[head]}, 1, None, []
        twin._numbers = [array[k :: self.kinds] for array in self._numbers]
        twin._first = self._first[: self.n_seeds]
        return twin

    def follow(self, other: Networks, share: float, active: NDArray[np.bool_]) -> None:
        """Go so far towards the numbers of another network, in the active replicas `[N]`."""
        if active.all():
            self.flat.lerp_(other.flat, share)
        else:
            own = torch.from_numpy(np.repeat(active, self.kinds)).to(self.flat.device)
            for mine, theirs in zip(self._numbers, other._numbers, strict=True):
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
        for layer, (new, old) in enumerate(zip(self._numbers, other._numbers, strict=True)):
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
