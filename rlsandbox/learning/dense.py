"""Perceptrons computed for whole batches, forward and back, compiled: BLAS for products, the rest beside it.

torch calls one operation after another, each with its overhead and a tensor of its own; these kernels go
through all layers of a network at once, and let other threads run meanwhile.

Networks are asked by `Units`: replicas, or parts of a replica's batch. Each unit has its own rows, so that
threads can share them, and no result depends on how they do. Where one number is hot, as in a listed world,
the same row comes again and again in a batch: it is computed once, and the slopes of its places are added up.
"""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.perceptrons import Perceptrons, place_of, squash
from rlsandbox.worlds.compiled import kernel

_ZERO, _ONE = np.float32(0), np.float32(1)
_FEW = np.int64(8)
"""Inputs of a first layer up to which BLAS is slower than two loops."""
_own = threading.local()


class Units(NamedTuple):
    """Some of the `N * parts` units: unit u is part u % parts of the batch of replica u // parts.

    Attributes:
        begin, end: from which on, and up to which.
        parts: how many parts each batch has.
    """

    begin: int
    end: int
    parts: int = 1

    @property
    def size(self) -> int:
        """How many, n."""
        return self.end - self.begin

    @property
    def own(self) -> slice:
        """Where arrays by unit hold theirs."""
        return slice(self.begin, self.end)


class Asked(NamedTuple):
    """What networks were asked, and what their hidden units said.

    Attributes:
        units: which.
        seen: `[n, B, D]` float32, or `[n, B]` int64 where one number is hot: rows that differ come first.
        rows: `[n]` int64, how many these are; else B.
        place: `[n, B]` int64, which of them stands where in the batch; else `[n, 0]`.
        hidden: `[n * asked, at least B * sum of the hidden widths]`, layer after layer `[rows, width]`.
    """

    units: Units
    seen: NDArray[Any]
    rows: NDArray[np.int64]
    place: NDArray[np.int64]
    hidden: NDArray[np.float32]

    @classmethod
    def about(cls, units: Units, seen: NDArray[Any], hidden: NDArray[np.float32]) -> Asked:
        """What units are asked about observations `[n, B, D]` or `[n, B]`, and room for what they say."""
        n, size = seen.shape[:2]
        if seen.dtype != np.int64:
            return cls(units, seen, np.full(n, size), np.empty((n, 0), np.int64), hidden)
        differing, rows, place = np.zeros_like(seen), np.empty(n, np.int64), np.empty_like(seen)
        tell_apart(seen, _marks(int(seen.max(initial=0)) + 1), differing, rows, place)
        return cls(units, differing, rows, place, hidden)


def answers(nets: Perceptrons, asked: Asked, keeps: bool) -> NDArray[np.float32]:
    """Outputs `[n, asked, B, widths[-1]]`; with `keeps` what the hidden units say stays in `asked.hidden`."""
    n, size = asked.seen.shape[:2]
    out = np.empty((n * nets.asked, size, nets.widths[-1]), np.float32)
    answer = forward_hot if asked.seen.dtype == np.int64 else forward
    answer(nets, *asked, keeps, _room(size * nets.scratch.shape[2]), out)
    return out.reshape(n, nets.asked, *out.shape[1:])


def set_gradient(
    nets: Perceptrons, grads: NDArray[np.float32], slope: NDArray[np.float32], asked: Asked
) -> None:
    """Set what belongs to these units in `grads` `[parts, P]` by slopes `[n, asked, B, size]`."""
    send = backward_hot if asked.seen.dtype == np.int64 else backward
    send(nets, *asked, _room(slope.shape[2] * int(nets.widths[1:].max())), slope, grads)


def slopes_at_inputs(nets: Perceptrons, slope: NDArray[np.float32], asked: Asked) -> NDArray[np.float32]:
    """`[n, B, D]`: what slopes `[n, asked, B, size]` at the outputs are at the inputs, of all asked together.

    Where no output has a slope nothing is computed.
    """
    assert asked.seen.dtype != np.int64, "a number that is hot has no slope"
    n, rows = slope.shape[0], slope.shape[2]
    found, kept = np.zeros((n, rows, nets.widths[0]), np.float32), np.empty(rows, np.int64)
    through(nets, asked.units, asked.hidden, _room(rows * int(nets.widths.max())), slope, kept, found)
    return found


def _room(size: int) -> NDArray[np.float32]:
    """`[2, R]` for this thread to compute in, kept: memory is slow when it is touched for the first time."""
    room: NDArray[np.float32] | None = getattr(_own, "room", None)
    if room is None or room.shape[1] < size:
        room = _own.room = np.empty((2, size), np.float32)
    return room


def _marks(size: int) -> NDArray[np.int64]:
    """`[at least so many]` numbers from 0 on for this thread, whatever they are."""
    marks: NDArray[np.int64] | None = getattr(_own, "marks", None)
    if marks is None or marks.size < size:
        marks = _own.marks = np.zeros(size, np.int64)
    return marks


# -- kernels -----------------------------------------------------------------------------------------


@kernel(_nrt=True)
def product(x: Any, y: Any, out: Any) -> None:
    """`out = x @ y` by BLAS."""
    np.dot(x, y, out)


@kernel
def add_bias(x: Any, bias: Any) -> None:
    """To each row."""
    for b in range(x.shape[0]):
        for j in range(bias.shape[0]):
            x[b, j] += bias[j]


@kernel
def add_bias_rectified(x: Any, bias: Any) -> None:
    """To each row, with 0 for what is negative then."""
    for b in range(x.shape[0]):
        for j in range(bias.shape[0]):
            y = x[b, j] + bias[j]
            x[b, j] = _ZERO if y < _ZERO else y


@kernel
def add_times(total: Any, share: Any, row: Any) -> None:
    """Add so many times a row."""
    for j in range(row.shape[0]):
        total[j] += share * row[j]


@kernel
def through_activation(squashes: bool, x: Any, slope: Any) -> None:
    """In their place, slopes before units from those behind them, which said x."""
    if squashes:
        for j in range(x.shape[0]):
            slope[j] *= _ONE - x[j] * x[j]
    else:
        for j in range(x.shape[0]):
            slope[j] = slope[j] if x[j] > _ZERO else _ZERO


@kernel(inline="always")
def taken(room: Any, rows: int, n: int) -> Any:
    """`[rows, n]` of an array of at least so many numbers."""
    return room[: rows * n].reshape(rows, n)


@kernel(inline="always")
def layer_of(hidden: Any, widths: Any, k: int, rows: int) -> Any:
    """`[rows, width]` of what hidden layer k, from 1 on, of a network said."""
    return taken(hidden[rows * widths[1:k].sum() :], rows, widths[k])


@kernel
def into_first(seen: Any, weight: Any, x: Any) -> None:
    """Fill `[B, out]` with the sums of the first layer."""
    product(seen, weight, x)


@kernel
def into_first_hot(seen: Any, weight: Any, x: Any) -> None:
    """The same where one number is hot."""
    for b in range(x.shape[0]):
        row = weight[seen[b]]
        for j in range(row.shape[0]):
            x[b, j] = row[j]


@kernel
def of_first(seen: Any, slope: Any, grad: Any) -> None:
    """Set the gradient `[D, out]` of the first layer's weights."""
    n = grad.shape[0]
    if n > _FEW:
        product(seen.T, slope, grad)
        return
    grad[:] = _ZERO
    for b in range(slope.shape[0]):
        for d in range(n):
            add_times(grad[d], seen[b, d], slope[b])


@kernel
def of_first_hot(seen: Any, slope: Any, grad: Any) -> None:
    """The same where one number is hot."""
    grad[:] = _ZERO
    for b in range(slope.shape[0]):
        add_times(grad[seen[b]], _ONE, slope[b])


@kernel
def tell_apart(seen: Any, marks: Any, differing: Any, n_rows: Any, place: Any) -> None:
    """Fill `differing` `[n, B]` with the numbers that are in each row of `seen` `[n, B]`, as they come first.

    `n_rows` `[n]` gets how many they are, and `place` `[n, B]` where each number of `seen` is among them.
    `marks` `[largest + 1]` may hold anything from 0 on: where a number was found last.
    """
    for i in range(seen.shape[0]):
        count = 0
        for b in range(seen.shape[1]):
            hot = seen[i, b]
            at = marks[hot]
            if at >= count or differing[i, at] != hot:
                marks[hot] = at = count
                differing[i, at] = hot
                count += 1
            place[i, b] = at
        n_rows[i] = count


@kernel
def spread(x: Any, place: Any) -> None:
    """Let rows of `[B, size]`, of which those that differ come first, stand in their places."""
    for b in range(place.shape[0] - 1, -1, -1):  # a row stands behind its place among those that differ
        for j in range(x.shape[1]):
            x[b, j] = x[place[b], j]


@kernel
def gather(slope: Any, place: Any, total: Any) -> None:
    """Add up rows of `[B, size]` by their places in `[rows, size]`."""
    total[:] = _ZERO
    for b in range(place.shape[0]):
        add_times(total[place[b]], _ONE, slope[b])


@kernel
def forward(
    nets: Any, units: Any, seen: Any, n_rows: Any, place: Any, hidden: Any, keeps: bool, room: Any, out: Any
) -> None:
    """Fill `out` `[n * asked, B, size]`, and `hidden` if that is to be kept."""
    last = nets.widths.shape[0] - 2
    for m in range(out.shape[0]):
        i, kind = m // nets.asked, nets.first + m % nets.asked
        rows = n_rows[i]
        before = said = out[m, :rows]
        for k in range(last + 1):
            w, w_end, b, b_end = place_of(nets, (units.begin + i) // units.parts, kind, k)
            n = nets.widths[k + 1]
            weight, bias = nets.flat[w:w_end].reshape(nets.widths[k], n), nets.flat[b:b_end]
            if k == last:
                x = said
            elif keeps:
                x = layer_of(hidden[m], nets.widths, k + 1, rows)
            else:
                x = taken(room[k % 2], rows, n)
            if k == 0:
                into_first(seen[i], weight, x)
            else:
                product(before, weight, x)
            if k == last or nets.squashes:
                add_bias(x, bias)
            else:
                add_bias_rectified(x, bias)
            if k < last and nets.squashes:
                squash(x.reshape(-1))
            before = x
        if rows < out.shape[1]:
            spread(out[m], place[i])


forward_hot = forward.bind(into_first=into_first_hot)


@kernel
def backward(
    nets: Any, units: Any, seen: Any, n_rows: Any, place: Any, hidden: Any, room: Any, slope: Any, grads: Any
) -> None:
    """Set `grads` `[parts, P]`, each by its part of the batch."""
    last = nets.widths.shape[0] - 2
    for m in range(slope.shape[0] * nets.asked):
        i, kind = m // nets.asked, nets.first + m % nets.asked
        s, rows = slope[i, m % nets.asked], n_rows[i]
        if rows < s.shape[0]:
            total = taken(room[(last + 1) % 2], rows, s.shape[1])
            gather(s, place[i], total)
            s = total
        for k in range(last, -1, -1):
            n, unit = nets.widths[k], units.begin + i
            w, w_end, b, b_end = place_of(nets, unit // units.parts, kind, k)
            own = grads[unit % units.parts]
            grad, bias = own[w:w_end].reshape(n, nets.widths[k + 1]), own[b:b_end]
            bias[:] = _ZERO
            for row in range(rows):
                add_times(bias, _ONE, s[row])
            if k == 0:
                of_first(seen[i], s, grad)
                continue
            x, t = layer_of(hidden[m], nets.widths, k, rows), taken(room[k % 2], rows, n)
            product(x.T, s, grad)
            product(s, nets.flat[w:w_end].reshape(n, nets.widths[k + 1]).T, t)
            through_activation(nets.squashes, x.reshape(-1), t.reshape(-1))
            s = t


backward_hot = backward.bind(of_first=of_first_hot)


@kernel
def through(nets: Any, units: Any, hidden: Any, room: Any, slope: Any, kept: Any, found: Any) -> None:
    """Add to `found` `[n, B, D]`; rows without a slope are left out of the products."""
    rows, last = slope.shape[2], nets.widths.shape[0] - 2
    for m in range(slope.shape[0] * nets.asked):
        i, kind = m // nets.asked, nets.first + m % nets.asked
        own, count, n = slope[i, m % nets.asked], 0, slope.shape[3]
        for b in range(rows):
            for j in range(n):
                if own[b, j] != _ZERO:
                    kept[count] = b
                    count += 1
                    break
        if count == 0:
            continue
        s = taken(room[(last + 1) % 2], count, n)
        for r in range(count):
            for j in range(n):
                s[r, j] = own[kept[r], j]
        for k in range(last, -1, -1):
            n = nets.widths[k]
            w, w_end, _, _ = place_of(nets, (units.begin + i) // units.parts, kind, k)
            t = taken(room[k % 2], count, n)
            product(s, nets.flat[w:w_end].reshape(n, nets.widths[k + 1]).T, t)
            if k > 0:
                x = layer_of(hidden[m], nets.widths, k, rows)
                for r in range(count):
                    through_activation(nets.squashes, x[kept[r]], t[r])
            s = t
        for r in range(count):
            add_times(found[i, kept[r]], _ONE, s[r])
