"""NEON's rivals: each against its definition, or against another implementation of it."""

import itertools
import math

import pytest
import torch

from neon import NeuralizedKMeans, explain
from utils.evaluation.baselines import METHODS, shapley
from utils.evaluation.protocol import DATASETS, curves, methods, problem


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


def test_shapley_refuses_too_many_features():
    with pytest.raises(ValueError, match="`x` must have at most 13 features; got 14"):
        shapley(lambda X: X.sum(-1), torch.zeros(14), torch.zeros(1, 14))


def test_exact_methods_only_where_they_can_be_counted():
    assert set(METHODS) - set(methods("digits")) == {
        "exact Shapley, mean",
        "exact Shapley, marginal",
    }
    assert methods("wine") == list(METHODS)
    assert set(DATASETS) == {"iris", "wine", "breast_cancer", "digits"}


def test_curves_start_at_the_logit_and_end_at_the_replacement(iris):
    flipped = curves(iris, METHODS["random"](iris))
    assert list(flipped) == ["mean", "marginal", "kde", "competitor"]
    for f in flipped.values():
        torch.testing.assert_close(f.logit[:, 0], iris.logit(iris.X, iris.cluster))
    end = iris.logit(iris.mean.expand(30, -1), iris.cluster)
    torch.testing.assert_close(flipped["mean"].logit[:, -1], end)
    torch.testing.assert_close(flipped["marginal"].logit[:, -1], flipped["kde"].logit[:, -1])
    assert (flipped["competitor"].survival[:, -1] == 0).all()
