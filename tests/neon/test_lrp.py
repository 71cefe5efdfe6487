"""LRP rules against slow replicas: one output after the other, written from the formulas."""

import re
from functools import partial

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from neon import lrp

torch.manual_seed(0)
LAYERS = {
    "linear": (nn.Linear(6, 4), (3, 6)),
    "convolution": (nn.Conv2d(2, 3, 3, stride=2, padding=1), (3, 2, 5, 4)),
    "average": (nn.AvgPool2d(2), (3, 2, 4, 4)),
}


def replica(layer, a, relevance, contribution):
    """Share relevance output by output with z_ij = contribution(a_i, w_ij, Σ_i a_i w_ij)."""
    rows = []
    for x, R in zip(a, relevance, strict=True):
        flat = x.flatten()
        w = torch.func.jacrev(lambda v, like=x: layer(v.view(1, *like.shape)).flatten())(flat)
        R_in = torch.zeros_like(flat)
        for w_j, R_j in zip(w, R.flatten(), strict=True):
            z = contribution(flat, w_j, (flat * w_j).sum())
            if z.sum() != 0:
                R_in += z / z.sum() * R_j
        rows.append(R_in.view(x.shape))
    return torch.stack(rows)


def boosted(a, w, z):
    return a * w + 0.25 * (a * w).clamp(min=0) if z >= 0 else a * w + 0.25 * (a * w).clamp(max=0)


RULES = {
    "0": (lrp.lrp_0, lambda a, w, z: a * w),
    "gamma": (lrp.gamma, boosted),
    "box": (
        partial(lrp.box, low=-2.0, high=3.0),
        lambda a, w, z: a * w + 2 * w.clamp(min=0) - 3 * w.clamp(max=0),
    ),
}


@pytest.fixture(params=LAYERS)
def case(request):
    layer, shape = LAYERS[request.param]
    layer = layer.double()
    a = torch.rand(shape, dtype=torch.float64) * 5 - 2
    return layer, a, torch.randn_like(layer(a)).detach()


@pytest.mark.parametrize("rule", RULES)
def test_rule_is_its_formula_and_conserves(case, rule):
    layer, a, R = case
    if rule != "0" and isinstance(layer, nn.AvgPool2d):
        rule = "0"  # an average has no weights to change
    apply, contribution = RULES[rule]
    got = apply(layer, a, R)
    assert_close(got, replica(layer, a, R, contribution), rtol=1e-9, atol=1e-9)
    assert_close(got.flatten(1).sum(1), R.flatten(1).sum(1), rtol=1e-9, atol=1e-9)


def test_epsilon_takes_its_share():
    layer = nn.Linear(2, 1).double()
    layer.weight.data = torch.tensor([[1.0, -3.0]]).double()
    got = lrp.epsilon(layer, torch.ones(1, 2).double(), torch.ones(1, 1).double(), eps=0.5)
    assert_close(got, torch.tensor([[1 / -2.5, -3 / -2.5]]).double())


def test_biases_take_no_share_and_silent_outputs_lose_theirs():
    layer = nn.Linear(2, 2)
    a = torch.tensor([[0.0, 0.0]])
    for rule in lrp.lrp_0, lrp.gamma:
        assert_close(rule(layer, a, torch.ones(1, 2)), torch.zeros(1, 2))


def test_pooling_and_moves_hand_on_all():
    a = torch.randn(2, 1, 4, 4)
    for layer in nn.MaxPool2d(2), nn.Flatten(), nn.ReLU(), nn.Unflatten(1, (1, 1)):
        R = torch.randn(layer(a).shape)
        got = lrp.backward(layer, a, R, None)
        assert got.shape == a.shape
        assert_close(got.sum(), R.sum())
    R = lrp.backward(nn.MaxPool2d(2), a, torch.ones(2, 1, 2, 2), None)
    assert_close(R, (a == nn.Upsample(scale_factor=2)(nn.MaxPool2d(2)(a))).float())


def test_residual_sum_shares_by_branch():
    block = lrp.Residual(nn.Linear(3, 3)).double()
    a, R = torch.rand(4, 3).double(), torch.rand(4, 3).double()
    z = block[0](a)
    skip, through = a / (a + z) * R, z / (a + z) * R
    got = lrp.backward(block, a, R, lambda layer: lrp.gamma)
    assert_close(got, skip + lrp.gamma(block[0], a, through))
    assert_close(got.sum(1), R.sum(1))


def test_box_refuses_points_outside():
    with pytest.raises(ValueError, match=re.escape("`X` must lie in [0.0, 1.0] for the box rule")):
        lrp.box(nn.Linear(1, 1), torch.tensor([[2.0]]), torch.ones(1, 1))


@pytest.mark.parametrize("name", ["LRP-ε", "LRP-γ", "box"])
def test_zennit_agrees(name):
    zennit = pytest.importorskip(
        "zennit.rules", reason="zennit needs torchvision", exc_type=ImportError
    )
    own, theirs = {
        "LRP-ε": (lrp.epsilon, zennit.Epsilon(epsilon=1e-6, zero_params="bias")),
        "LRP-γ": (lrp.gamma, zennit.Gamma(gamma=0.25, zero_params="bias")),
        "box": (lrp.box, zennit.ZBox(low=0.0, high=1.0, zero_params="bias")),
    }[name]
    # with a bias, its γ rule takes the sign from the output with the bias, ours from Σ_i z_ij
    layer = nn.Linear(6, 4, bias=name != "LRP-γ").double()
    a = torch.rand(3, 6).double().requires_grad_()
    R = torch.rand(3, 4).double()
    handle = theirs.register(layer)
    expected = torch.autograd.grad(layer(a), a, R)[0]
    handle.remove()
    assert_close(own(layer, a.detach(), R), expected, rtol=1e-5, atol=1e-5)
