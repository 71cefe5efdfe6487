"""All six questions at any scale of the data, with clusters far apart, against exact fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from reference import contributions, explain_one

from neon import NeuralizedKMeans, beta_heuristic, contrast, counterfactual, explain

FAR = [1.0, 1e5, 1e10, 1e150]
SCALES = [
    *((torch.float64, scale) for scale in (1e-150, 1e-18, 1e-13, 1.0, 1e75, 1e150)),
    *((torch.float32, scale) for scale in (1e-18, 1e-10, 1.0, 1e10, 1e17)),
]
TOO_FAR = [
    (torch.float64, 1e-170),
    (torch.float64, 1e160),
    (torch.float32, 1e-24),
    (torch.float32, 1e25),
]


def problem(dtype, scale=1.0, far=1.0, offset=0.0):
    generator = np.random.default_rng(5)
    mu = generator.normal(size=(4, 3)) + offset
    X = mu[generator.integers(0, 3, 12)] + 0.7 * generator.normal(size=(12, 3))
    X[0] = (mu[0] + mu[1]) / 2  # a boundary, but for rounding
    X[1] = X[0] + 1e-9 * (mu[0] - mu[1])
    mu[3] *= far
    return torch.from_numpy(X * scale).to(dtype), torch.from_numpy(mu * scale).to(dtype)


CASES = [*((*pair, 1.0) for pair in SCALES), *((torch.float64, 1.0, far) for far in FAR)]


@pytest.fixture(params=CASES, ids=lambda value: "-".join(map(str, value)))
def case(request):
    """Points, centroids, how exact the answers must be, and the answers for every point."""
    X, mu = problem(*request.param)
    found = [explain_one(x, mu.tolist(), 0) for x in X.tolist()]
    return (
        X,
        mu,
        1e-12 if X.dtype == torch.float64 else 1e-6,
        [row[1] for row in found],
        [row[2] for row in found],
    )


def near(got, wanted, tolerance):
    """Each row, relative to its own largest number."""
    got, wanted = (
        np.asarray(values, dtype=float).reshape(len(values), -1) for values in (got, wanted)
    )
    assert (np.abs(got - wanted).max(1) <= tolerance * np.abs(wanted).max(1)).all()


def test_logits_decisions_and_beta(case):
    X, mu, tolerance, c, f = case
    network = NeuralizedKMeans(mu)
    assert network.decision(X).tolist() == c
    near(network(X), f, tolerance)
    near([beta_heuristic(mu, X)], [float(len(f) / sum(map(Fraction, f)))], tolerance)


@pytest.mark.parametrize("stiffness", [0.0, 1.0, math.inf])
def test_relevances(case, stiffness):
    X, mu, tolerance, c, f = case
    beta = stiffness / float(np.mean(f)) if stiffness else 0.0
    found = explain(mu, X, beta=beta)
    assert found.cluster.tolist() == c
    near(found.relevance, [explain_one(x, mu.tolist(), beta)[0] for x in X.tolist()], tolerance)
    near(found.logit, f, tolerance)


def test_contrasts(case):
    X, mu, tolerance, *_ = case
    mu_c, mu_k = ([Fraction(v) for v in row] for row in mu[[2, 1]].tolist())
    wanted = [contributions([Fraction(v) for v in x], mu_c, mu_k) for x in X.tolist()]
    near(contrast(mu, X, 2, 1), [[float(v) for v in row] for row in wanted], tolerance)


def test_counterfactuals(case):
    X, mu, tolerance, c, _ = case
    wanted = [nearest_boundary(x, mu.tolist(), k) for x, k in zip(X.tolist(), c, strict=True)]
    near(counterfactual(mu, X), wanted, tolerance)


def nearest_of(x, mu):
    """Cluster of a point, in fractions."""
    pairs = [zip(x, row, strict=True) for row in mu]
    d = [sum((Fraction(a) - Fraction(b)) ** 2 for a, b in pair) for pair in pairs]
    return d.index(min(d))


def nearest_boundary(x, mu, c):
    """Nearest point of all planes between cluster c and another, in fractions."""
    x, mu = [Fraction(v) for v in x], [[Fraction(v) for v in row] for row in mu]
    moves = []
    for k in range(len(mu)):
        if k != c:
            w = [2 * (p - q) for p, q in zip(mu[c], mu[k], strict=True)]
            h, square = sum(contributions(x, mu[c], mu[k])), sum(v * v for v in w)
            moves.append(
                (h * h / square, [float(v - h * u / square) for v, u in zip(x, w, strict=True)])
            )
    return min(moves)[1]


@pytest.mark.parametrize(("dtype", "scale"), TOO_FAR)
def test_beyond_the_range_is_an_error(dtype, scale):
    X, mu = problem(dtype, scale)
    for question in (
        lambda: explain(mu, X),
        lambda: explain(mu, X, beta=1),
        lambda: NeuralizedKMeans(mu)(X),
        lambda: beta_heuristic(mu, X),
        lambda: contrast(mu, X, 0, 1),
    ):
        with pytest.raises(OverflowError, match="Rescale the data"):
            question()


@pytest.mark.parametrize(("dtype", "scale"), TOO_FAR)
def test_what_is_in_the_range_is_right_all_the_same(dtype, scale):
    X, mu = problem(dtype, scale)
    c = [nearest_of(x, mu.tolist()) for x in X.tolist()]
    assert NeuralizedKMeans(mu).decision(X).tolist() == c
    wanted = [nearest_boundary(x, mu.tolist(), k) for x, k in zip(X.tolist(), c, strict=True)]
    near(counterfactual(mu, X), wanted, 1e-12 if dtype == torch.float64 else 1e-6)


def test_the_mean_of_logits_that_are_almost_all_zero():
    mu = torch.tensor([[0.1], [0.3]], dtype=torch.float64)
    for x in ([[0.2]], [[0.2], [0.2]], [[0.2], [0.20000000000000004]]):
        f = [
            Fraction(abs(sum(contributions([Fraction(v[0])], [Fraction(0.1)], [Fraction(0.3)]))))
            for v in x
        ]
        near([beta_heuristic(mu, x)], [float(len(f) / sum(f))], 1e-12)
