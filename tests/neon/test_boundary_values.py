"""Values of any size: the exact answer, or a refusal in words; never a number that is wrong."""

import math
from fractions import Fraction

import numpy as np
import pytest
from reference import contributions, explain_one

from neon import beta_heuristic, contrast, counterfactual, explain

MU = np.array([[0.0, 0.0], [2.0, 2.0], [5.0, 0.0]])
X = np.random.default_rng(0).normal(1.0, 2.0, (6, 2))
FAR = np.array([[0.0, 0.0], [2.0, 2.0], [1.0, 0.0]])


def far(distance):
    """Three centroids, one of them far away."""
    return FAR + np.array([[0.0, 0.0], [0.0, 0.0], [distance, 0.0]])


CASES = {
    f"{dtype} scaled {scale}": (MU.astype(dtype) * np.dtype(dtype).type(scale),
                                X.astype(dtype) * np.dtype(dtype).type(scale))
    for dtype, scales in {
        "float32": (1e-38, 1e-24, 1e-20, 1e-10, 1e10, 1e18, 1e25, 5e37),
        "float64": (1e-300, 1e-170, 1e-150, 1e-100, 1e100, 1e150, 1e160, 1e300),
    }.items()
    for scale in scales
}  # fmt: skip
CASES |= {f"a cluster {d:g} away": (far(d), X) for d in (1e7, 1e8, 1e10, 1e100, 1e150, 1e154)}
CASES |= {
    "far from 0": (MU + 1e8, X + 1e8),
    "tie of two": (MU, np.array([[1.0, 1.0], [0.5, 1.5]])),
    "tie of three": (np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]]), np.zeros((2, 2))),
    "tie of decimals": (np.array([[0.1], [0.3], [0.5]]), np.array([[0.2], [0.4]])),
    "twins": (np.array([[1.0, 1.0], [1.0, 1.0], [5.0, 0.0]]), X),
    "all on a centroid": (MU, MU),
    "subnormal": (MU * 5e-324, np.round(X) * 5e-324),
    "whole numbers at 2**53": (MU + 2.0**53, np.round(X) * 2 + 2.0**53),
}


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


def answer(call):
    """What a call returns; None if it refuses in words."""
    try:
        return call()
    except OverflowError as error:
        assert "`X` must keep squared distances within the range" in str(error)  # noqa: PT017
        return None


def close(found, wanted, dtype, size=None):
    """Compare with exact numbers, relative to the size of the largest."""
    size = max(map(abs, wanted)) if size is None else size
    error = max(abs(Fraction(float(f)) - w) for f, w in zip(found, wanted, strict=True))
    assert error <= Fraction(1e-6 if dtype == np.float32 else 1e-9) * Fraction(size)


@pytest.mark.parametrize("beta", [0.0, "heuristic", math.inf])
def test_explanation(case, beta):
    mu, points = case
    found = answer(lambda: explain(mu, points, beta=beta))
    for i in range(len(points) if found else 0):
        R, c, _ = explain_one(points[i].tolist(), mu.tolist(), found.beta)
        assert found.cluster[i] == c
        exact = [sum(contributions(*map(to_fractions, (points[i], mu[c], row)))) for row in mu]
        f = min(h for k, h in enumerate(exact) if k != c)
        close([found.logit[i]], [f], points.dtype)
        close(found.relevance[i], [Fraction(r) for r in R], points.dtype)


def test_stiffness(case):
    mu, points = case
    found = answer(lambda: beta_heuristic(mu, points))
    if found is None:
        return
    logits = []
    for x in map(to_fractions, points):
        d = sorted(
            sum((a - b) ** 2 for a, b in zip(x, m, strict=True)) for m in map(to_fractions, mu)
        )
        logits.append(d[1] - d[0])
    mean = sum(logits) / len(logits)
    if mean and 1 / mean < Fraction(np.finfo(float).max):
        tolerance = Fraction(1e-6 if points.dtype == np.float32 else 1e-9)
        assert abs(Fraction(found) * mean - 1) <= tolerance or 1 / mean < Fraction(1e-300)
    else:
        assert found == math.inf


def test_contrast(case):
    mu, points = case
    found = answer(lambda: contrast(mu, points, 0, 1))
    for i in range(len(points) if found is not None else 0):
        exact = contributions(*map(to_fractions, (points[i], mu[0], mu[1])))
        close(found[i], exact, points.dtype)


def test_counterfactual(case):
    mu, points = case
    moved = answer(lambda: counterfactual(mu, points))
    if moved is None:
        return
    assert np.isfinite(moved).all()
    for i, cluster in enumerate(decisions(mu, points)):
        h = []
        for k in range(len(mu)):
            w = [2 * (a - b) for a, b in zip(*map(to_fractions, (mu[cluster], mu[k])), strict=True)]
            if k == cluster:
                continue
            terms = contributions(*map(to_fractions, (moved[i], mu[cluster], mu[k])))
            # what one unit in the last place of a coordinate is worth
            size = sum(abs(a * v) for a, v in zip(w, to_fractions(moved[i]), strict=True))
            size += sum(abs(a * v) for a, v in zip(w, to_fractions(mu[k]), strict=True))
            least = sum(map(abs, w)) * Fraction(5e-324)  # where numbers lie no denser
            h.append(max(0, abs(sum(terms)) - least) / size if size else 0)
        assert min(h) <= (1e-6 if points.dtype == np.float32 else 1e-12)


def decisions(mu, points):
    """Exact clusters."""
    for x in map(to_fractions, points):
        d = [sum((a - b) ** 2 for a, b in zip(x, m, strict=True)) for m in map(to_fractions, mu)]
        yield d.index(min(d))


def to_fractions(values):
    """Exact numbers."""
    return [Fraction(float(value)) for value in values]
