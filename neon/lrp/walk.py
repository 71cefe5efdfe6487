"""The walk back through the layers of an encoder: what each kind of layer does with relevance."""

from torch import nn
from torch.func import vjp

from .rules import divide, lrp_0

LINEAR = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.AvgPool1d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)
MOVES = (nn.Flatten, nn.Unflatten, nn.MaxPool1d, nn.MaxPool2d)  # hand each value on, or drop it
PASSES = (nn.ReLU, nn.Identity, nn.Dropout, nn.Dropout2d)  # one input for each output


class Residual(nn.Sequential):
    """A block of layers whose input is added to its output: x + block(x).

    Example:
        >>> import torch
        >>> Residual(nn.ReLU())(torch.tensor([-1.0, 2.0]))
        tensor([-1.,  4.])
    """

    def forward(self, x):
        """Add the input to the output of the layers."""
        return x + super().forward(x)


def backward(layer, a, relevance, rule):
    """Relevance of the input of one layer: the rule for it, or what its kind asks for.

    Args:
        layer: one of LINEAR, MOVES, PASSES, or a `Residual`.
        a: (n, ...) its input.
        relevance: (n, ...) relevance of its output.
        rule: layer → rule to use for it, asked for `nn.Linear` and convolutions.

    Returns:
        (n, ...) relevance of its input.

    Example:
        >>> import torch
        >>> backward(nn.MaxPool1d(2), torch.tensor([[[1.0, 3.0]]]), torch.tensor([[[5.0]]]), None)
        tensor([[[0., 5.]]])
    """
    if isinstance(layer, Residual):
        z = nn.Sequential.forward(layer, a)
        ratio = divide(relevance, a + z)  # both branches take their share of the sum
        return a * ratio + through(list(layer), a, z * ratio, rule)
    if isinstance(layer, PASSES):
        return relevance
    if isinstance(layer, MOVES):
        return vjp(layer, a)[1](relevance)[0]
    # pooling averages: its weights are positive, so LRP-0 has nothing that could cancel
    return (rule(layer) if list(layer.parameters()) else lrp_0)(layer, a, relevance)


def through(layers, a, relevance, rule):
    """Relevance of the input of several layers, last layer first."""
    inputs = [a]
    for layer in layers:
        inputs.append(layer(inputs[-1]))
    for layer, a in zip(reversed(layers), reversed(inputs[:-1]), strict=True):
        relevance = backward(layer, a, relevance, rule)
    return relevance
