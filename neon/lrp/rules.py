"""Layer-wise relevance propagation: a few rules, each one vector-Jacobian product.

A rule turns the relevance of a layer's outputs into relevance of its inputs: input i receives
from output j the share z_ij / Σ_i z_ij of R_j. The rules differ in what counts as the contribution
z_ij. Biases take no share, so that a layer hands on all that it received, except where all the
contributions to an output are 0: there the output comes from its bias, and its relevance is lost.
"""

from functools import partial

import torch
from torch.func import functional_call, vjp


def lrp_0(layer, a, relevance):
    """Share by contribution, z_ij = a_i w_ij: LRP-0.

    Args:
        layer: a linear layer: `nn.Linear`, a convolution, average pooling.
        a: (n, ...) its input.
        relevance: (n, ...) relevance of its output.

    Returns:
        (n, ...) relevance of its input.

    Source: Bach et al., PLOS ONE 10(7), 2015, doi 10.1371/journal.pone.0130140.

    Example:
        >>> layer = torch.nn.Linear(2, 1)
        >>> _ = layer.weight.data.copy_(torch.tensor([[1.0, 2.0]]))
        >>> lrp_0(layer, torch.tensor([[2.0, 1.0]]), torch.tensor([[1.0]]))
        tensor([[0.5000, 0.5000]])
    """
    return epsilon(layer, a, relevance, eps=0.0)


def epsilon(layer, a, relevance, eps=1e-6):
    """LRP-ε: like `lrp_0`, with ε added to the size of every Σ_i z_ij; what ε takes is lost.

    Source: Bach et al., PLOS ONE 10(7), 2015, doi 10.1371/journal.pone.0130140.

    Example:
        >>> layer = torch.nn.AvgPool1d(2)
        >>> epsilon(layer, torch.tensor([[[2.0, 4.0]]]), torch.tensor([[[3.0]]]), eps=3.0)
        tensor([[[0.5000, 1.0000]]])
    """
    return share(lambda a: without_bias(layer, a), a, relevance, eps)


def gamma(layer, a, relevance, gamma=0.25):
    """LRP-γ: contributions of the sign of Σ_i z_ij count 1 + γ times.

    γ = 0 is LRP-0; the larger γ, the fewer contributions cancel and the smaller the denominators'
    inverse. For positive outputs of layers with inputs >= 0 this is the rule with w + γ w⁺.

    Source: Montavon et al., Layer-Wise Relevance Propagation: An Overview, 2019,
    doi 10.1007/978-3-030-28954-6_10.

    Example:
        >>> layer = torch.nn.Linear(2, 1)
        >>> _ = layer.weight.data.copy_(torch.tensor([[3.0, -1.0]]))
        >>> gamma(layer, torch.ones(1, 2), torch.tensor([[5.0]]), gamma=1.0)
        tensor([[ 6., -1.]])
    """

    def boosted(a):
        z = without_bias(layer, a)
        up, down = a.clamp(min=0), a.clamp(max=0)
        plus, minus = partial(torch.clamp, min=0), partial(torch.clamp, max=0)
        positive = without_bias(layer, up, plus) + without_bias(layer, down, minus)
        negative = without_bias(layer, up, minus) + without_bias(layer, down, plus)
        return z + gamma * torch.where(z >= 0, positive, negative)

    return share(boosted, a, relevance)


def box(layer, a, relevance, low=0.0, high=1.0):
    """z^B rule for inputs that lie in a box: z_ij = a_i w_ij − low w_ij⁺ − high w_ij⁻ >= 0.

    It measures every input from the end of its range at which it would contribute least, so a
    black pixel can be relevant too.

    Raises:
        ValueError: an input lies outside of the box.

    Source: Montavon et al., Pattern Recognition 65, 2017, doi 10.1016/j.patcog.2016.11.008.

    Example:
        >>> layer = torch.nn.Linear(2, 1)
        >>> _ = layer.weight.data.copy_(torch.tensor([[1.0, -1.0]]))
        >>> box(layer, torch.tensor([[0.5, 0.5]]), torch.tensor([[1.0]]))
        tensor([[0.5000, 0.5000]])
    """
    if a.min() < low or a.max() > high:
        raise ValueError(
            f"`X` must lie in [{low}, {high}] for the box rule; got values in "
            f"[{a.min().item():.4g}, {a.max().item():.4g}]. Scale X, or pass "
            "first=partial(neon.lrp.box, low=..., high=...)."
        )
    plus, minus = partial(torch.clamp, min=0), partial(torch.clamp, max=0)
    ends = torch.full_like(a, low), torch.full_like(a, high)

    def above_least(a, low, high):
        return (
            without_bias(layer, a)
            - without_bias(layer, low, plus)
            - without_bias(layer, high, minus)
        )

    z, pull = vjp(above_least, a, *ends)
    return sum(x * pulled for x, pulled in zip((a, *ends), pull(divide(relevance, z)), strict=True))


def without_bias(layer, a, change=lambda weight: weight):
    """Output of a linear layer with its bias left out and its weights changed."""
    parameters = {
        name: torch.zeros_like(value) if name == "bias" else change(value.detach())
        for name, value in layer.named_parameters()
    }
    return functional_call(layer, parameters, (a,))


def share(contributions, a, relevance, eps=0.0):
    """Share relevance by a piecewise linear map of a: R_i = a_i Σ_j ∂z_j/∂a_i R_j / z_j."""
    z, pull = vjp(contributions, a)
    return a * pull(divide(relevance, z + eps * torch.where(z >= 0, 1.0, -1.0)))[0]


def divide(relevance, z):
    """R / z, and 0 where nothing contributes."""
    return torch.where(z == 0, 0.0, relevance / torch.where(z == 0, 1.0, z))
