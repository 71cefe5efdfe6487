"""Soft distances: the energy split is the formula, summed in extended precision."""

import math
import re

import numpy as np
import pytest
import torch
from sklearn.neighbors import KernelDensity
from torch.testing import assert_close

from neon.density import (
    OutlierExplainer,
    SoftDistance,
    contrast_densities,
    explain_outliers,
    neighbours,
    soft_distance,
)
from neon.kernel import median_gamma

GAMMAS = [0.01, 1.0, 100.0]  # in units of 1 / median squared distance


def points(n, D, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, D, generator=generator, dtype=torch.float64)


def brute_force(x, reference, gamma, weights):
    """Relevance, score and constant of one point, as the formulas are written, in 80 bits."""
    x, reference, w = (np.asarray(v, dtype=np.longdouble) for v in (x, reference, weights))
    w = w / w.sum()
    squares = (x - reference) ** 2
    r = squares.sum(-1)
    nearest = r[w > 0].min()
    value = w * np.exp(-gamma * (r - nearest))
    inner = np.log1p((w * np.expm1(-gamma * (r - nearest))).sum())
    q = value / value.sum()
    some = q > 0
    entropy = (q[some] * np.log(q[some] / w[some])).sum() / gamma
    return q @ squares, nearest - inner / gamma, entropy


def assert_is_brute_force(model, X, wanted_rows, weights, tolerance=1e-12):
    got = explain_outliers(model, X)
    assert (got.relevance >= 0).all()
    assert (got.constant >= 0).all()
    assert (got.residual.abs() <= tolerance * got.score).all()
    for i in wanted_rows:
        R, d, constant = brute_force(X[i], model.reference, model.gamma, weights)
        assert abs(got.score[i].item() - d) <= tolerance * d
        assert np.abs(got.relevance[i].numpy() - R).max() <= tolerance * d
        own = 1e-17 / model.gamma  # digits that the entropy itself, a sum near 0, has left
        assert abs(got.constant[i].item() - constant) <= tolerance * d + own


@pytest.mark.parametrize("scale", GAMMAS)
@pytest.mark.parametrize(("m", "D"), [(1, 1), (2, 3), (300, 7), (3000, 100), (10_000, 20)])
def test_split_is_that_of_the_brute_force(m, D, scale):
    reference = points(m, D)
    weights = points(m, 1, seed=2)[:, 0].abs() ** 4  # some weigh ten thousand times as much
    gamma = scale * (median_gamma(reference) if m > 1 else 1.0)
    model = SoftDistance(reference, gamma, weights=weights)
    near = reference[: min(m, 3)] + 1e-7
    X = torch.cat([points(4, D, seed=1), near, 30 * points(2, D, seed=3), reference[:2]])
    assert_is_brute_force(model, X, range(len(X)), weights)


@pytest.mark.parametrize("scale", GAMMAS)
@pytest.mark.parametrize("distance", [0.0, 1e4, 1e8])
def test_tight_groups_far_apart_keep_their_digits(distance, scale):
    # expanded squares, and moments around a common centre, would lose them all
    groups = torch.cat([points(50, 3), points(50, 3, seed=1) + distance])
    model = SoftDistance(groups, scale * median_gamma(points(50, 3)))
    X = groups + 0.01 * points(100, 3, seed=2)
    assert_is_brute_force(model, X, range(0, 100, 7), torch.ones(100))


def test_a_score_near_zero_keeps_its_digits():
    # nearly all weight lies at the point, so that the logarithm is taken of nearly 1
    weights = torch.tensor([1.0, 1e-9]).double()
    for scale in GAMMAS:
        model = SoftDistance([[0.0], [1.0]], scale, weights=weights)
        assert_is_brute_force(model, torch.tensor([[0.0], [1e-9]]).double(), (0, 1), weights)


@pytest.mark.parametrize("scale", GAMMAS)
@pytest.mark.parametrize("weighted", [False, True])
def test_score_samples_of_scikit_learn(scale, weighted):
    reference = points(400, 4)
    h = (2 * scale * median_gamma(reference)) ** -0.5
    weights = points(400, 1, seed=2)[:, 0].abs().numpy() if weighted else None
    # one leaf: the bounds of a deeper tree cost scikit-learn itself some eight digits
    density = KernelDensity(bandwidth=h, leaf_size=1000).fit(reference, sample_weight=weights)
    X = torch.cat([points(50, 4, seed=1), 5 * points(5, 4, seed=3), reference[:9]])
    model = SoftDistance.from_sklearn(density)
    ours = model.log_density(X).numpy()
    wanted = density.score_samples(X.numpy())
    assert np.abs(ours - wanted).max() <= 1e-12 * np.abs(wanted).max()
    got = explain_outliers(density, X.numpy())
    norm = 2 * math.log(math.pi / model.gamma)
    wanted = -(wanted + norm) / model.gamma
    assert np.abs(got.relevance.sum(-1) + got.constant - wanted).max() <= 1e-12 * wanted.max()


def test_limits_are_the_mean_the_nearest_and_those_between():
    reference, X = points(40, 3), points(20, 3, seed=1)
    squares = (X[:, None] - reference).square()
    r = squares.sum(-1)
    mean, nearest = (explain_outliers(SoftDistance(reference, g), X) for g in (0, math.inf))
    assert_close(mean.relevance, squares.mean(1), rtol=1e-12, atol=0)
    assert_close(nearest.score, r.amin(1), rtol=1e-12, atol=0)
    rows = torch.arange(20)
    assert_close(nearest.relevance, squares[rows, r.argmin(1)], rtol=1e-9, atol=1e-14)
    for limit in (mean, nearest):
        assert limit.constant.abs().max() <= 1e-14
    for gamma, limit in ((1e-14, mean), (1e6, nearest)):
        soft = explain_outliers(SoftDistance(reference, gamma), X)
        assert_close(soft.relevance, limit.relevance, rtol=1e-5, atol=1e-5)
    one = torch.zeros(1, 3, dtype=torch.float64)
    single = explain_outliers(SoftDistance(one, 0.7), X)
    assert_close(single.relevance, X.square(), rtol=1e-14, atol=0)


@pytest.mark.parametrize("gamma", [0, 0.5, math.inf])
def test_nearest_neighbours_alone(gamma):
    reference, X = points(60, 3), points(20, 3, seed=1)
    got = explain_outliers(SoftDistance(reference, gamma, n_neighbors=5), X)
    for i, x in enumerate(X):
        near = reference[(x - reference).square().sum(-1).argsort()[:5]]
        alone = explain_outliers(SoftDistance(near, gamma), x[None])
        assert_close(got.relevance[i], alone.relevance[0], rtol=1e-11, atol=1e-13)
        assert_close(got.score[i], alone.score[0], rtol=1e-12, atol=0)


def test_neighbours_that_are_equally_far_share_the_last_place():
    reference = torch.tensor([[0.0], [1.0], [1.0], [3.0]])
    model = SoftDistance(reference, 0, n_neighbors=2)
    rows, weights = neighbours(model, torch.zeros(1, 1), 4)
    assert rows.tolist() == [[0, 1, 2, 3]]
    assert weights.tolist() == [[0.5, 0.25, 0.25, 0.0]]
    assert model(torch.zeros(1, 1)).item() == 0.5


def test_neighbours_hold_the_point():
    reference, X = points(30, 3), points(10, 3, seed=1)
    model = SoftDistance(reference, 2.0)
    rows, weights = neighbours(model, X, 30)
    q = torch.softmax(-2 * (X[:, None] - reference).square().sum(-1), -1)
    assert_close(weights, q.gather(1, rows), rtol=1e-11, atol=1e-15)
    assert (weights.diff(dim=1) <= 0).all()
    squares = (X[:, None] - reference[rows]).square()
    assert_close((weights[..., None] * squares).sum(1), explain_outliers(model, X).relevance)
    few = neighbours(model, X.numpy(), 3)
    assert isinstance(few[0], np.ndarray)
    assert np.array_equal(few[1], weights[:, :3].numpy())


@pytest.mark.parametrize("options", [{}, {"n_neighbors": 4}])
def test_each_point_is_left_out_of_its_own_neighbours(options):
    reference = torch.cat([points(20, 3), points(20, 3)[:2]])  # a twin is not the point itself
    weights = torch.arange(1, 23).double()
    got = explain_outliers(SoftDistance(reference, 1.5, weights=weights, **options))
    for i in range(22):
        rest = torch.arange(22) != i
        others = SoftDistance(reference[rest], 1.5, weights=weights[rest], **options)
        alone = explain_outliers(others, reference[i : i + 1])
        assert_close(torch.from_numpy(got.relevance[i]), alone.relevance[0], rtol=1e-11, atol=1e-13)
        assert got.score[i] == pytest.approx(alone.score.item(), rel=1e-12)
    some = explain_outliers(SoftDistance(reference, 1.5), reference[:3], leave_out=[0, -1, 2])
    whole = explain_outliers(SoftDistance(reference, 1.5), reference[:3])
    left = explain_outliers(SoftDistance(reference, 1.5))
    assert some.score[1] == whole.score[1]
    assert some.score[[0, 2]].tolist() == left.score[[0, 2]].tolist()


def test_laws():
    reference, X = points(50, 4), points(30, 4, seed=1)
    R = explain_outliers(SoftDistance(reference, 0.8), X).relevance

    def relevance(reference, gamma, X):
        return explain_outliers(SoftDistance(reference, gamma), X).relevance

    assert_close(relevance(reference + 3, 0.8, X + 3), R, rtol=1e-10, atol=1e-12)
    assert_close(relevance(reference.flip(0), 0.8, X), R, rtol=1e-11, atol=1e-13)
    assert_close(relevance(reference.flip(1), 0.8, X.flip(1)), R.flip(1), rtol=1e-11, atol=1e-13)
    assert_close(relevance(10 * reference, 0.008, 10 * X), 100 * R, rtol=1e-11, atol=1e-11)
    assert_close(relevance(reference.repeat(2, 1), 0.8, X), R, rtol=1e-11, atol=1e-13)
    flat = [torch.cat([v, torch.full((len(v), 1), 0.1)], 1) for v in (reference, X)]
    assert (relevance(flat[0], 0.8, flat[1])[:, 4] <= 1e-30).all()


def test_blocks_do_not_change_the_result(monkeypatch):
    reference, X = points(70, 3), points(40, 3, seed=1)
    model = SoftDistance(reference, 1.0)
    whole = explain_outliers(model, X)
    monkeypatch.setattr(soft_distance, "BLOCK", 200)
    parts = explain_outliers(model, X)
    assert_close(parts.relevance, whole.relevance, rtol=1e-12, atol=1e-14)
    assert_close(model(X), whole.score, rtol=1e-14, atol=0)


def test_contrast_is_the_ratio_of_the_densities():
    X = points(30, 3, seed=2)
    one, other = SoftDistance(points(40, 3), 0.5), SoftDistance(points(9, 3, seed=1) + 1, 3.0)
    got = contrast_densities(one, other, X)
    assert_close(got.score, one.log_density(X) - other.log_density(X))
    assert (got.residual.abs() <= 1e-12 * got.relevance.abs().sum(-1)).all()
    back = contrast_densities(other, one, X)
    assert_close(back.relevance, -got.relevance, rtol=0, atol=0)
    assert_close(back.constant, -got.constant, rtol=1e-12, atol=1e-12)


def test_kinds_and_types():
    reference, X = points(20, 2), points(5, 2, seed=1)
    model = SoftDistance(reference.numpy(), 1.0)
    single = explain_outliers(model, X.float())
    assert single.relevance.dtype == single.score.dtype == single.constant.dtype == torch.float32
    double = explain_outliers(model, X)
    assert_close(single.relevance.double(), double.relevance, rtol=1e-5, atol=1e-6)
    assert isinstance(explain_outliers(model, X.numpy()).constant, np.ndarray)
    assert repr(double) == "Outliers(n=5, D=2)"
    assert model.log_density(X).dtype == torch.float64


few = [[0.0, 0.0], [1.0, 2.0], [4.0, 1.0]]
CASES = {
    "gamma": (lambda: SoftDistance(few, -1), ValueError, "`gamma` must be in [0, inf]; got -1.0."),
    "NaN gamma": (lambda: SoftDistance(few, math.nan), ValueError, "got nan."),
    "word for gamma": (lambda: SoftDistance(few, "scale"), TypeError, "`gamma` must be a number or 'median'; got 'scale'."),
    "reference": (lambda: SoftDistance([[math.nan]], 1), ValueError, "`reference` must be finite"),
    "no neighbour": (lambda: SoftDistance(few, 1, n_neighbors=0), ValueError, "`n_neighbors` must be in 1..3"),
    "too many": (lambda: SoftDistance(few, 1, n_neighbors=3, weights=[1, 0, 1]), ValueError, "`n_neighbors` must be in 1..2"),
    "weights": (lambda: SoftDistance(few, 1, weights=[1, -1, 1]), ValueError, "`weights` must be 3 finite numbers >= 0"),
    "no weight": (lambda: SoftDistance(few, 1, weights=[0, 0, 0]), ValueError, "not all 0"),
    "few weights": (lambda: SoftDistance(few, 1, weights=[1]), ValueError, "got shape (1,)."),
    "unfitted": (lambda: explain_outliers(KernelDensity(), few), ValueError, "`KernelDensity` must be fitted. Call .fit(X) first."),
    "kernel": (lambda: explain_outliers(KernelDensity(kernel="tophat").fit(few), few), ValueError, "kernel='gaussian' and metric='euclidean'; got 'tophat'"),
    "metric": (lambda: explain_outliers(KernelDensity(metric="manhattan").fit(few), few), ValueError, "got 'gaussian' and 'manhattan'"),
    "width": (lambda: explain_outliers(few, [[1.0]]), ValueError, "`X` must have shape (n, 2)"),
    "one point": (lambda: explain_outliers(few, [1.0, 2.0]), ValueError, "For one point pass X[None]."),
    "NaN": (lambda: explain_outliers(few, [[math.nan, 1.0]]), ValueError, "`X` must be finite; got nan"),
    "leave out what": (lambda: explain_outliers(few, few, leave_out=[0, 1, 3]), ValueError, "`leave_out` must hold rows of the reference set, 0..2, or −1; got 0..3."),
    "leave out whom": (lambda: explain_outliers(few, few, leave_out=[0]), ValueError, "`leave_out` must be 3 integers, one for each point; got shape (1,)"),
    "leave out twice": (lambda: explain_outliers(few, leave_out=[0, 1, 2]), ValueError, "`leave_out` must be None without `X`"),
    "none left": (lambda: explain_outliers(SoftDistance([[1.0]], 1)), ValueError, "must leave a reference point"),
    "too few left": (lambda: explain_outliers(SoftDistance(few, 1, n_neighbors=3)), ValueError, "`n_neighbors` must be at most 2 where a point is left out; got 3."),
    "no density": (lambda: SoftDistance(few, 0).log_density(torch.zeros(1, 2)), ValueError, "A log density needs γ in (0, inf)"),
    "no densities": (lambda: contrast_densities(SoftDistance(few, 1, n_neighbors=2), few, few), ValueError, "Ask for the score instead."),
    "unlike": (lambda: contrast_densities(few, [[0.0], [1.0]], few), ValueError, "`against` must have the 2 features of `model`; got 1."),
    "estimator": (lambda: explain_outliers(OutlierExplainer(), few), TypeError, "got OutlierExplainer"),
    "how many": (lambda: neighbours(few, few, 0), ValueError, "`n` must be at least 1; got 0."),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_message(case):
    call, kind, message = CASES[case]
    with pytest.raises(kind, match=re.escape(message)):
        call()
