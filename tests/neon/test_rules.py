"""The two rules in textbook form, and the poolings."""

import math

import pytest
import torch
from torch.testing import assert_close

from neon import NeuralizedKMeans, midpoint, min_take_most, smax, smin

h = torch.tensor([[0.5, 2.0, 0.7], [1.0, 1.0, 3.0]], dtype=torch.float64)
f = h.amin(-1)


@pytest.mark.parametrize("beta", [0, 0.3, 5, 1e300, math.inf])
def test_min_take_most_conserves_and_prefers_the_smallest(beta):
    R = min_take_most(h, f, beta)
    assert_close(R.sum(-1), f)
    assert (R >= 0).all()
    assert (R.gather(1, h.argmin(-1, keepdim=True)) >= R - 1e-15).all()


def test_min_take_most_limits():
    assert_close(min_take_most(h, f, 0), (f / 3)[:, None].expand(2, 3))
    hard = torch.tensor([[0.5, 0.0, 0.0], [0.5, 0.5, 0.0]], dtype=torch.float64)
    assert_close(min_take_most(h, f, math.inf), hard)
    by_hand = math.exp(-0.5) / (math.exp(-0.5) + math.exp(-2.0) + math.exp(-0.7)) * 0.5
    assert min_take_most(h, f, 1)[0, 0].item() == pytest.approx(by_hand, abs=1e-15)


def test_midpoint_by_hand():
    x, mu_c, mu_k = torch.tensor([1.0, 2.0]), torch.tensor([0.0, 3.0]), torch.tensor([4.0, 1.0])
    # m = (2, 2), w = (-8, 4): z = (1·8, 0)
    assert midpoint(x, mu_c, mu_k).tolist() == [8.0, 0.0]


def test_midpoint_sums_to_the_evidence(wine, model):
    network = NeuralizedKMeans(model)
    c = model.decision(wine.X)
    mu = model.centroids
    z = midpoint(wine.X[:, None], mu[c][:, None], mu[network.competitors[c]])
    assert_close(z.sum(-1), network.h(wine.X)[torch.arange(178), c], rtol=0, atol=1e-12)


def test_pooling_limits():
    assert_close(smin(h, 1e8), h.amin(-1), rtol=0, atol=1e-7)
    assert_close(smax(h, 1e8), h.amax(-1), rtol=0, atol=1e-7)
    assert_close(smin(h, 1e-7), h.mean(-1), rtol=0, atol=1e-6)
    assert_close(smin(h, 2.0, dim=0), -(torch.exp(-2 * h).mean(0).log()) / 2)
    assert_close(smax(h, 2.0, dim=0), (torch.exp(2 * h).mean(0).log()) / 2)


@pytest.mark.parametrize("s", [0, -1, math.inf, math.nan])
def test_pooling_refuses(s):
    with pytest.raises(ValueError, match="`s` must be a positive finite number"):
        smin(h, s)
