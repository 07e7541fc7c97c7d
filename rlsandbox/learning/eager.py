"""Perceptrons computed for whole batches by torch: on other devices than the processor, and behind pictures.

n networks are one batch of products, whose rounding depends on how many they are. A head has few outputs, and
BLAS takes up to ten times as long for a product with few columns as for the same one the other way round.
Tangents, which are seldom wanted, are computed here for compiled networks as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rlsandbox.learning.dense import Units
from rlsandbox.learning.lazy import Lazily

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from rlsandbox.learning.networks import Networks
else:
    torch = Lazily("torch")

_FEW = 8
"""Outputs up to which products are computed the other way round."""


class Given(NamedTuple):
    """What layers were given in a forward pass.

    Attributes:
        units: which were asked; whole replicas.
        layers: what each layer was given, `[n * kinds, B, width]`; of the first one rows of the weights where
            one number is hot.
        pictures: of pictures the features and the convolutions' numbers.
    """

    units: Units
    layers: list[Tensor]
    pictures: tuple[Tensor, list[Tensor]] | None


def answers(nets: Networks, seen: Tensor, units: Units) -> tuple[Tensor, Given]:
    """Outputs `[n, kinds, B, most]` of some replicas for their part, and what each layer was given."""
    assert units.parts == 1, "torch takes a batch as a whole"
    seen, pictures = each(nets, seen), None
    numbers = nets.own(nets.numbers, units)
    if nets.pictures is not None:  # autograd goes through the convolutions alone
        last = 2 * len(nets.widths) - 2
        looks = [array.detach().requires_grad_() for array in numbers[last:]]
        with torch.enable_grad():
            pictures = nets.pictures.features(seen, looks), looks
        numbers, seen = numbers[:last], pictures[0].detach()
    weight, bias = numbers[0], numbers[1]
    if seen.dtype == torch.int64:  # a row of the weights is what a one-hot input would pick
        rows = hot_rows(nets, seen)
        x = weight.flatten(0, 1).index_select(0, rows).view(seen.shape[0], -1, weight.shape[2]).add_(bias)
        given = [rows]
    else:
        given = [seen]
        x = weighed(seen, weight, bias)
    for weight, bias in zip(numbers[2::2], numbers[3::2], strict=True):
        given.append(x.relu_() if nets.activation == "relu" else x.tanh_())
        x = weighed(x, weight, bias)
    return x.view(units.size, nets.kinds, *x.shape[1:]), Given(units, given, pictures)


def set_gradient(nets: Networks, slope: Tensor, given: Given) -> None:
    """Set what belongs to these replicas in `nets.grad` by slopes `[n, kinds, B, most]`."""
    slope = slope.flatten(0, 1)
    numbers, grads = (nets.own(arrays, given.units) for arrays in (nets.numbers, nets.grads))
    for layer in range(len(given.layers) - 1, -1, -1):
        x, weight, grad = given.layers[layer], numbers[2 * layer], grads[2 * layer]
        grads[2 * layer + 1].copy_(slope.sum(dim=1, keepdim=True))
        if x.dtype == torch.int64:
            grad.zero_().flatten(0, 1).index_add_(0, x, slope.flatten(0, 1))
            return
        if slope.shape[2] > _FEW:
            grad.copy_(torch.bmm(x.transpose(1, 2), slope))
        else:
            grad.copy_(torch.bmm(slope.transpose(1, 2).contiguous(), x).transpose(1, 2))
        if layer > 0:
            slope = activated(nets, sent_back(slope, weight), x)
    if given.pictures is not None:
        features, looks = given.pictures
        slope = torch.bmm(slope, numbers[0].transpose(1, 2))
        found = torch.autograd.grad(features, looks, slope, retain_graph=True)  # one may come back
        for grad, part in zip(grads[2 * len(nets.widths) - 2 :], found, strict=True):
            grad.copy_(part)


def slopes_at_inputs(nets: Networks, slope: Tensor, given: Given) -> Tensor:
    """`[n, B, D]`: what slopes `[n, kinds, B, most]` at the outputs are at inputs that are numbers."""
    numbers, found = nets.own(nets.numbers, given.units), slope.flatten(0, 1)
    for layer in range(len(given.layers) - 1, -1, -1):
        found = sent_back(found, numbers[2 * layer])
        if layer > 0:
            found = activated(nets, found, given.layers[layer])
    return found.view(given.units.size, nets.kinds, *found.shape[1:]).sum(dim=1)


def tangent(nets: Networks, direction: Tensor, given: Given) -> Tensor:
    """`[n, kinds, B, most]`: how fast the outputs change as the numbers go into a direction `[P]`."""
    numbers, moves = (nets.own(arrays, given.units) for arrays in (nets.numbers, nets.views(direction)))
    change: Tensor | None = None
    if given.pictures is not None:  # the gradient's own gradient: what it gives for u is linear in u
        features, looks = given.pictures
        u = torch.zeros_like(features, requires_grad=True)
        pulled = torch.autograd.grad(features, looks, u, create_graph=True)
        (change,) = torch.autograd.grad(pulled, u, moves[2 * len(nets.widths) - 2 :])
    for layer, x in enumerate(given.layers):
        weight, bias, before = moves[2 * layer], moves[2 * layer + 1], change
        if x.dtype == torch.int64:
            rows = weight.flatten(0, 1).index_select(0, x)
            change = rows.view(weight.shape[0], -1, weight.shape[2]).add_(bias)
        else:
            change = torch.baddbmm(bias, x, weight)
        if before is not None:
            through = activated(nets, before, x) if layer > 0 else before
            change.baddbmm_(through, numbers[2 * layer])
    assert change is not None
    return change.view(given.units.size, nets.kinds, *change.shape[1:])


def each(nets: Networks, seen: Tensor) -> Tensor:
    """Observations `[n, ...]` for each network `[n * kinds, ...]`."""
    if nets.kinds == 1:
        return seen
    return seen[:, None].expand(-1, nets.kinds, *seen.shape[1:]).flatten(0, 1)


def hot_rows(nets: Networks, seen: Tensor) -> Tensor:
    """Which rows of all the weights of a first layer, one below the other, numbers `[n * kinds, B]` pick."""
    first = torch.arange(seen.shape[0], device=seen.device)[:, None] * nets.widths[0]
    return (seen + first).flatten()


def weighed(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """`[n, B, out]`: x weight + bias."""
    if weight.shape[2] > _FEW:
        return torch.baddbmm(bias, x, weight)
    turned = weight.transpose(1, 2).contiguous()
    return torch.baddbmm(bias.transpose(1, 2), turned, x.transpose(1, 2)).transpose(1, 2).contiguous()


def sent_back(slope: Tensor, weight: Tensor) -> Tensor:
    """`[n, B, in]`: slopes before weights from those behind them."""
    turned = weight.transpose(1, 2)
    return slope * turned if slope.shape[2] == 1 else torch.bmm(slope, turned)


def activated(nets: Networks, slope: Tensor, x: Tensor) -> Tensor:
    """In their place, slopes behind an activation, which gave x, from those before it; or back."""
    if nets.activation == "relu":
        return torch.ops.aten.threshold_backward(slope, x, 0, grad_input=slope)
    return torch.ops.aten.tanh_backward(slope, x, grad_input=slope)
