"""Feature flipping against curves worked out by hand, and against a slow loop."""

import math

import numpy as np
import pytest
import torch

from neon import NeuralizedKMeans, explain
from neon.evaluation.flipping import area, flip, kde_gamma

TWO = NeuralizedKMeans([[0.0, 0.0], [2.0, 2.0]])  # f_0(x) = 8 − 4 x_0 − 4 x_1
POINT = torch.tensor([[0.0, 0.5]], dtype=torch.float64)
FIRST_FIRST, SECOND_FIRST = [[4.0, 2.0]], [[2.0, 4.0]]


@pytest.mark.parametrize(
    ("order", "rows", "gamma", "logit", "survival"),
    [
        # one row: the features take its values, one after the other
        (FIRST_FIRST, [[2, 2]], 0, [6, -2, -8], [1, 0, 0]),
        (SECOND_FIRST, [[2, 2]], 0, [6, 0, -8], [1, 0, 0]),  # on the border is not in the cluster
        (FIRST_FIRST, [[1, 0]], 0, [6, 2, 4], [1, 1, 1]),
        # two rows, equal weights: (2, .5) and (0, .5), then (2, 2) and (0, 0)
        (FIRST_FIRST, [[2, 2], [0, 0]], 0, [6, 2, 0], [1, 0.5, 0.5]),
        # γ = ln 2 / 2: the kept 0.5 is 1.5 from 2 and 0.5 from 0, squares differ by 2: weights 1:2
        (FIRST_FIRST, [[2, 2], [0, 0]], math.log(2) / 2, [6, (-2 + 2 * 6) / 3, 0], [1, 2 / 3, 0.5]),
    ],
)
def test_curves_worked_out_by_hand(order, rows, gamma, logit, survival):
    flipped = flip(TWO, POINT, [0], order, rows, gamma=gamma)
    wanted = torch.tensor([logit, survival], dtype=torch.float64)[:, None]
    torch.testing.assert_close(flipped.logit, wanted[0])
    torch.testing.assert_close(flipped.survival, wanted[1])
    torch.testing.assert_close(flipped.logit_curve, wanted[0, 0] / 6)
    assert flipped.survival_area == pytest.approx(sum(survival) / 2 - (1 + survival[-1]) / 4)
    assert flipped.logit_area == pytest.approx((sum(logit) / 2 - (6 + logit[-1]) / 4) / 6)


def slow(mu, x, c, relevance, rows, gamma):
    """One point, one step, one row at a time."""
    D = len(x)
    order = sorted(range(D), key=lambda i: -relevance[i])
    logits, survivals = [], []
    for s in range(D + 1):
        kept = order[s:]
        weight, f = [], []
        for b in rows:
            point = [x[i] if i in kept else b[i] for i in range(D)]
            d = [math.dist(point, m) ** 2 for m in mu]
            f.append(min(d[k] for k in range(len(mu)) if k != c) - d[c])
            weight.append(math.exp(-gamma * sum((x[i] - b[i]) ** 2 for i in kept)))
        logits.append(sum(w * v for w, v in zip(weight, f, strict=True)) / sum(weight))
        survivals.append(sum(w for w, v in zip(weight, f, strict=True) if v > 0) / sum(weight))
    return logits, survivals


@pytest.mark.parametrize("own_rows", [False, True])
def test_agrees_with_a_slow_loop(own_rows, monkeypatch):
    monkeypatch.setattr("neon.evaluation.flipping.CELLS", 70)  # a few points at a time
    generator = torch.Generator().manual_seed(0)
    mu, X, rows = (
        torch.rand(size, generator=generator, dtype=torch.float64)
        for size in ((3, 5), (11, 5), (11, 4, 5) if own_rows else (4, 5))
    )
    explanation = explain(mu, X)
    R, gamma = explanation.relevance, torch.tensor([0.0, 3.0], dtype=torch.float64)
    flipped = flip(NeuralizedKMeans(mu), X, explanation.cluster, R, rows, gamma=gamma)
    for g, value in enumerate(gamma.tolist()):
        for i, (x, c) in enumerate(zip(X.tolist(), explanation.cluster.tolist(), strict=True)):
            own = (rows[i] if own_rows else rows).tolist()
            logits, survivals = slow(mu.tolist(), x, c, R[i].tolist(), own, value)
            np.testing.assert_allclose(flipped.logit[g, i], logits, atol=1e-12)
            np.testing.assert_allclose(flipped.survival[g, i], survivals, atol=1e-12)
    torch.testing.assert_close(flipped.logit[..., 0], explanation.logit.expand(2, -1))


def test_two_clusters_at_the_midpoint_lose_exactly_the_relevance():
    R = explain(TWO, POINT).relevance
    flipped = flip(TWO, POINT, [0], R, [[1.0, 1.0]])
    torch.testing.assert_close(-flipped.logit.diff(), R.sort(descending=True).values)


def test_equal_relevances_go_in_the_order_of_the_features():
    tied = flip(TWO, POINT, [0], [[1.0, 1.0]], [[2.0, 2.0]])
    assert tied.logit.tolist() == [[6, -2, -8]]


def test_area_is_that_of_trapezoids():
    curve = torch.tensor([1.0, 0.0, 0.5])
    assert area(curve).item() == pytest.approx((0.5 + 0.25) / 2)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"relevance": [[1.0, 2.0]] * 2}, r"`relevance` must have shape \(1, 2\) like `X`"),
        ({"relevance": [[1.0, np.nan]]}, "`relevance` must be finite"),
        ({"rows": [1.0, 2.0]}, r"`rows` must have shape \(B, 2\) or \(1, B, 2\); got \(2,\)"),
        ({"rows": [[1.0, math.inf]]}, "`rows` must be finite; got inf in row 0, column 1"),
        ({"rows": [[1.0]]}, r"`rows` must have shape \(B, 2\)"),
        ({"gamma": -1.0}, r"`gamma` must be in \[0, inf\)"),
        ({"gamma": math.inf}, r"`gamma` must be in \[0, inf\)"),
        ({"cluster": [0, 1]}, "`cluster` must be one cluster or 1 of them"),
    ],
)
def test_bad_input_is_refused(changed, message):
    given = {"cluster": [0], "relevance": FIRST_FIRST, "rows": [[2.0, 2.0]]} | changed
    with pytest.raises(ValueError, match=message):
        flip(TWO, POINT, **given)


def test_bandwidth_of_twins_is_refused():
    with pytest.raises(ValueError, match="`X` must have distinct points"):
        kde_gamma([[0.0], [0.0], [1.0], [1.0]])
