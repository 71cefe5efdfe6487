"""NEON's rivals: each against its definition, or against another implementation of it."""

import itertools
import math

import pytest
import torch

from neon import NeuralizedKMeans, explain
from utils.evaluation.baselines import EXACT, METHODS
from utils.evaluation.protocol import (
    DATASETS,
    REPLACEMENTS,
    conditional,
    curves,
    faithfulness,
    methods,
    noise,
    problem,
)
from utils.evaluation.shapley import shapley


@pytest.fixture(scope="module")
def iris():
    return problem("iris", 0)


def test_problem_is_held_out_and_its_logit_is_that_of_the_network(iris):
    assert len(iris.X) == 30
    assert len(iris.train) == 120
    network = NeuralizedKMeans(iris.centroids)
    assert torch.equal(iris.cluster, network.decision(iris.X))
    for c in (iris.cluster, (iris.cluster + 1) % 3):
        torch.testing.assert_close(iris.logit(iris.X, c), network(iris.X, c))


def test_same_seed_same_problem():
    assert torch.equal(problem("iris", 3).X, problem("iris", 3).X)
    assert not torch.equal(problem("iris", 3).X, problem("iris", 4).X)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_attributes_every_point(iris, method):
    R = METHODS[method](iris)
    assert R.shape == iris.X.shape
    assert R.isfinite().all()
    assert torch.equal(METHODS[method](iris), R), "the same seed gives the same numbers"


def logit_against(problem, rows):
    """f(x) − mean f(rows), which a complete attribution shares out."""
    expected = torch.stack(
        [problem.logit(rows, c.expand(len(rows))).mean() for c in problem.cluster]
    )
    return problem.logit(problem.X, problem.cluster) - expected


@pytest.mark.parametrize(
    ("method", "size"),
    [
        ("SHAP Kernel", 20),
        ("SHAP Permutation", 20),
        ("SHAP Permutation, large", 100),
        ("exact Shapley, marginal", 100),
    ],
)
def test_shapley_values_add_up_against_the_background(iris, method, size):
    R = METHODS[method](iris)
    torch.testing.assert_close(R.sum(-1), logit_against(iris, iris.background(size)))


def test_mean_references_add_up(iris):
    wanted = logit_against(iris, iris.mean)
    torch.testing.assert_close(METHODS["exact Shapley, mean"](iris).sum(-1), wanted)
    integrated = METHODS["integrated gradients"](iris).sum(-1)  # 50 steps over a kinked logit
    torch.testing.assert_close(integrated, wanted, atol=0.05, rtol=0)


def test_occlusion_is_what_one_feature_takes_away(iris):
    R = METHODS["occlusion"](iris)
    for i in range(4):
        X = iris.X.clone()
        X[:, i] = iris.mean[0, i]
        lost = iris.logit(iris.X, iris.cluster) - iris.logit(X, iris.cluster)
        torch.testing.assert_close(R[:, i].double(), lost, atol=1e-6, rtol=0)


def test_gradients_are_the_weights_of_the_nearest_competitor(iris):
    network = NeuralizedKMeans(iris.centroids)
    h = network.h(iris.X)[torch.arange(30), iris.cluster]
    w = network.weight[iris.cluster, h.argmin(-1)]
    torch.testing.assert_close(METHODS["sensitivity"](iris), w.abs())
    torch.testing.assert_close(METHODS["gradient×input"](iris), w * iris.X)
    torch.testing.assert_close(METHODS["gradient×(x−mean)"](iris), w * (iris.X - iris.mean))


def test_neon_at_the_heuristic_takes_it_from_the_training_points(iris):
    wanted = explain(iris.centroids, iris.X, beta=explain(iris.centroids, iris.train).beta)
    torch.testing.assert_close(METHODS["NEON β=1/E[f]"](iris), wanted.relevance)


def test_shapley_is_the_mean_gain_over_all_orders():
    def f(X):
        return (X[:, 0] - X[:, 1]).abs() + X[:, 1] * X[:, 2]

    x = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    rows = torch.tensor([[0.0, 0.5, 1.0], [2.0, 0.0, -1.0]], dtype=torch.float64)
    wanted = torch.zeros(3, dtype=torch.float64)
    for order in itertools.permutations(range(3)):
        points = rows.clone()
        for i in order:
            before = f(points).mean()
            points[:, i] = x[i]
            wanted[i] += (f(points).mean() - before) / math.factorial(3)
    torch.testing.assert_close(shapley(f, x, rows), wanted)


def test_shapley_agrees_with_shap(iris):
    import shap

    c = iris.cluster[0]
    rows = iris.background(10)

    def f(points):
        return iris.logit(torch.from_numpy(points), c.expand(len(points))).numpy()

    masker = shap.maskers.Independent(rows.numpy(), max_samples=10)
    wanted = shap.ExactExplainer(f, masker)(iris.X[:1].numpy()).values[0]
    got = shapley(lambda points: iris.logit(points, c.expand(len(points))), iris.X[0], rows)
    torch.testing.assert_close(got, torch.from_numpy(wanted))


def test_exact_methods_only_where_they_can_be_counted():
    assert set(METHODS) - set(methods("digits")) == set(EXACT)
    assert len(EXACT) == 4
    for name in ("iris", "wine", "penguins", "diabetes"):
        assert methods(name) == list(METHODS)
    assert methods("breast_cancer") == methods("digits")
    assert len(DATASETS) == 6


@pytest.mark.parametrize("survival", [False, True])
def test_conditional_shapley_adds_up_in_the_game_of_the_test(iris, survival):
    method = "exact Shapley, kde " + ("survival" if survival else "logit")
    R = METHODS[method](iris)
    flipped = curves(iris, METHODS["random"](iris))["kde"]
    left = flipped.survival if survival else flipped.logit
    torch.testing.assert_close(R.sum(-1), left[:, 0] - left[:, -1])


def test_measures_agree_with_each_other(iris):
    attribute = METHODS["gradient×(x−mean)"]
    full, alone = faithfulness(iris, attribute), conditional(iris, attribute)
    assert full["survival kde"] == pytest.approx(alone["survival"])
    assert full["logit kde"] == pytest.approx(alone["logit"])
    assert set(full) == {f"{w} {h}" for w in ("logit", "survival") for h in REPLACEMENTS} | {
        "microseconds"
    }


def test_noise_is_measured_by_the_own_sum_of_a_method(iris):
    assert noise(iris, METHODS["sensitivity"])["change"] == 0, "constant in a piece"
    small = noise(iris, METHODS["gradient×input"])
    assert 0 < small["change"] < noise(iris, METHODS["random"])["change"] < 2
    assert 0.5 < small["stayed"] <= 1
    scaled = noise(iris, lambda problem: 7 * METHODS["gradient×input"](problem))
    assert scaled == pytest.approx(small), "a method gains nothing by another unit"
    linear = noise(iris, lambda problem: problem.X)
    other = iris.X + 0.03 * torch.randn(
        iris.X.shape, generator=torch.Generator().manual_seed(0), dtype=iris.X.dtype
    )
    stays = torch.cdist(other, iris.centroids).argmin(-1) == iris.cluster
    wanted = ((other - iris.X).abs().sum(-1) / iris.X.abs().sum(-1))[stays].mean()
    assert linear["change"] == pytest.approx(wanted.item())


def test_curves_start_at_the_logit_and_end_at_the_replacement(iris):
    flipped = curves(iris, METHODS["random"](iris))
    assert list(flipped) == ["mean", "marginal", "kde", "competitor"]
    for f in flipped.values():
        torch.testing.assert_close(f.logit[:, 0], iris.logit(iris.X, iris.cluster))
    end = iris.logit(iris.mean.expand(30, -1), iris.cluster)
    torch.testing.assert_close(flipped["mean"].logit[:, -1], end)
    torch.testing.assert_close(flipped["marginal"].logit[:, -1], flipped["kde"].logit[:, -1])
    assert (flipped["competitor"].survival[:, -1] == 0).all()
