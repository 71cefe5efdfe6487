"""Relevances: equal to the formulas, conserved everywhere, and lawful."""

import math

import numpy as np
import pytest
import torch
from reference import explain_one
from torch.testing import assert_close

from neon import (
    KMeans,
    NeuralizedKMeans,
    beta_heuristic,
    contrast,
    counterfactual,
    explain,
    layer_by_layer,
    neon,
)

KINDS = (torch.float64, torch.int64, torch.float64)
BETAS = [0, 0.5, 1, "heuristic", 100, math.inf]


def points(n, D, seed=0, scale=1.0, offset=0.0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, D, generator=generator, dtype=torch.float64) * scale + offset


def by_the_formulas(X, mu, beta):
    rows = [explain_one(x, mu.tolist(), beta) for x in X.tolist()]
    R, c, f = zip(*rows, strict=True)
    return (torch.tensor(values, dtype=kind) for values, kind in zip((R, c, f), KINDS, strict=True))


@pytest.mark.parametrize("beta", BETAS)
def test_closed_form_equals_textbook_form_equals_loop(wine, model, beta):
    explanation = explain(model, wine.X, beta=beta)
    textbook = layer_by_layer(NeuralizedKMeans(model), wine.X, explanation.beta)
    R, c, f = by_the_formulas(wine.X, model.centroids, explanation.beta)

    assert_close(explanation.relevance, R, rtol=0, atol=1e-12)
    assert_close(textbook, R, rtol=0, atol=1e-12)
    assert_close(explanation.cluster, c)
    assert_close(explanation.logit, f, rtol=0, atol=1e-12)


@pytest.mark.parametrize("beta", BETAS)
def test_relevances_sum_to_the_logit(wine, model, beta):
    explanation = explain(model, wine.X, beta=beta)
    assert explanation.residual.abs().max() <= 1e-12
    assert_close(explanation.logit, model(wine.X), rtol=0, atol=1e-12)


@pytest.mark.parametrize("beta", BETAS)
def test_relevances_sum_to_the_logit_on_boundaries(wine, model, beta):
    border = counterfactual(model, wine.X)
    explanation = explain(model, border, beta=beta)
    assert explanation.logit.abs().max() <= 1e-12
    assert explanation.residual.abs().max() <= 1e-12
    assert explanation.relevance.abs().amax(-1).min() > 1e-3, "the limit at a boundary is not zero"


@pytest.mark.parametrize("beta", [0, 1, math.inf])
def test_exact_tie_goes_to_the_lower_index_and_conserves(beta):
    mu = torch.tensor([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]])
    explanation = explain(mu, torch.tensor([[1.0, 1.0], [1.0, 0.0]]), beta=beta)
    assert explanation.cluster.tolist() == [0, 0]
    assert explanation.logit.tolist() == [0, 0]
    assert explanation.residual.abs().max() <= 1e-6
    assert torch.isfinite(explanation.relevance).all()


@pytest.mark.parametrize("beta", [0, 1, math.inf])
def test_twin_centroids(beta):
    mu = torch.cat([points(3, 4), points(3, 4)])
    explanation = explain(mu, points(50, 4, seed=1), beta=beta)
    assert (explanation.cluster < 3).all(), "the lower index wins an exact tie"
    assert explanation.residual.abs().max() <= 1e-12
    assert torch.isfinite(explanation.relevance).all()


def test_two_clusters_do_not_feel_beta():
    mu, X = points(2, 5), points(40, 5, seed=1)
    soft, hard = explain(mu, X, beta=0), explain(mu, X, beta=math.inf)
    assert_close(soft.relevance, hard.relevance, rtol=0, atol=1e-12)
    assert_close(soft.relevance, contrast(mu, X, soft.cluster, 1 - soft.cluster))


@pytest.mark.parametrize("beta", BETAS)
def test_far_off_data(beta):
    mu, X = points(5, 6, offset=1e6), points(200, 6, seed=1, offset=1e6)
    explanation = explain(mu, X, beta=beta)
    R, c, _ = by_the_formulas(X, mu, explanation.beta)
    assert explanation.residual.abs().max() <= 1e-12
    assert_close(explanation.cluster, c)
    assert_close(explanation.relevance, R, rtol=0, atol=1e-12 * R.abs().max().item())


@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_float32(offset):
    mu, X = points(5, 6, offset=offset), points(200, 6, seed=1, offset=offset).float()
    explanation = explain(mu, X, beta=1)
    exact = explain(mu, X.double(), beta=1)
    assert explanation.relevance.dtype == explanation.logit.dtype == torch.float32
    largest = exact.logit.max()
    assert explanation.residual.abs().max() <= 1e-5 * largest
    assert (explanation.relevance - exact.relevance).abs().max() <= 1e-5 * largest


def test_translation_relabelling_permutation_scaling():
    mu, X = points(6, 5), points(80, 5, seed=1)
    R = explain(mu, X, beta=0.7).relevance
    order, features = torch.tensor([3, 1, 5, 0, 2, 4]), torch.tensor([4, 0, 3, 1, 2])

    assert_close(explain(mu + 3, X + 3, beta=0.7).relevance, R, rtol=0, atol=1e-12)
    assert_close(explain(mu[order], X, beta=0.7).relevance, R, rtol=0, atol=1e-12)
    assert_close(explain(mu[:, features], X[:, features], beta=0.7).relevance, R[:, features])
    assert_close(explain(10 * mu, 10 * X, beta=0.007).relevance, 100 * R)


def test_a_feature_that_all_centroids_share_gets_nothing():
    mu = points(4, 3)
    mu[:, 1] = 7.0
    assert explain(mu, points(20, 3, seed=1), beta=1).relevance[:, 1].abs().max() <= 1e-12


def test_infinite_beta_keeps_the_nearest_competitor(wine, model):
    explanation = explain(model, wine.X, beta=math.inf)
    nearest = model.distances(wine.X).topk(2, largest=False).indices[:, 1]
    expected = contrast(model, wine.X, explanation.cluster, nearest)
    assert_close(explanation.relevance, expected, rtol=0, atol=1e-12)
    assert_close(explain(model, wine.X, beta=1e300).relevance, expected, rtol=0, atol=1e-12)


def test_the_cluster_mean_of_two_clusters_is_the_squared_difference_of_centroids(wine):
    # METHOD: NEON splits the between-cluster sum of squares over single points
    two = KMeans(2, init=wine.X[[0, 100]], n_init=1).fit(wine.X)
    explanation = explain(two, wine.X)
    mu = two.centroids
    for c in range(2):
        mean = explanation.relevance[explanation.cluster == c].mean(0)
        assert_close(mean, (mu[0] - mu[1]).square(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("batch_size", [1, 7, 178, 1000])
def test_batches_do_not_change_a_bit(wine, model, batch_size):
    whole = explain(model, wine.X).relevance
    parts = explain(model, wine.X, batch_size=batch_size).relevance
    assert torch.equal(parts, whole)


def test_out_is_filled(wine, model):
    whole = explain(model, wine.X).relevance
    out = torch.empty_like(wine.X)
    assert explain(model, wine.X, out=out, batch_size=50).relevance is out
    assert torch.equal(out, whole)
    array = np.empty((178, 13))
    assert explain(model, wine.X.numpy(), out=array).relevance is array
    np.testing.assert_array_equal(array, whole.numpy())


def test_given_labels_are_explained(wine, model):
    labels = model.decision(wine.X)
    labels[60] = (labels[60] + 1) % 3
    explanation = explain(model, wine.X.numpy(), cluster=labels.numpy())
    assert explanation.cluster[60] == labels[60]
    assert explanation.logit[60] < 0
    assert abs(explanation.residual).max() <= 1e-12


def test_float32_keeps_the_labels_of_a_fit(wine, model):
    labels = model.estimator.labels_
    single = explain(model, wine.X.float(), cluster=labels)
    np.testing.assert_array_equal(single.cluster.numpy(), labels)


def test_same_kind_out_as_in(wine, model):
    from_tensor = explain(model, wine.X)
    from_array = explain(model, wine.X.numpy())
    assert torch.is_tensor(from_tensor.relevance)
    assert isinstance(from_array.relevance, np.ndarray)
    assert isinstance(from_array.probability, np.ndarray)
    np.testing.assert_array_equal(from_array.relevance, from_tensor.relevance.numpy())
    assert_close(torch.from_numpy(from_array.probability), from_tensor.logit.sigmoid())
    assert repr(from_array) == "Explanation(n=178, D=13, beta=1.82)"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (torch.float16, torch.float32),
        (torch.bfloat16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
        (torch.int64, torch.float64),
        (torch.bool, torch.float64),
    ],
)
def test_dtypes(given, kept):
    mu = torch.tensor([[0.0, 0.0], [1.0, 1.0]])
    assert explain(mu, torch.tensor([[0, 1], [1, 1]]).to(given)).relevance.dtype == kept


def test_contrast_sums_to_the_difference_of_distances(wine, model):
    d = model.distances(wine.X)
    for c, k in [(0, 1), (2, 0)]:
        R = contrast(model, wine.X, c, k)
        assert_close(R.sum(-1), d[:, k] - d[:, c], rtol=0, atol=1e-12)
        assert_close(contrast(model, wine.X, k, c), -R)
    assert isinstance(contrast(model, wine.X.numpy(), 0, wine.y.numpy() % 2 + 1), np.ndarray)


def test_counterfactual_lies_on_the_nearest_boundary(wine, model):
    X_new = counterfactual(model, wine.X)
    assert model(X_new).max() <= 1e-12
    step = (X_new - wine.X).norm(dim=-1)
    c = model.decision(wine.X)
    for k in range(3):
        other = c != k
        towards = counterfactual(model, wine.X[other], against=k)
        d = model.distances(towards)
        assert_close(d[:, k], d.gather(1, c[other, None])[:, 0])
        assert ((towards - wine.X[other]).norm(dim=-1) >= step[other] - 1e-12).all()


def test_counterfactual_of_twins_is_the_point_itself():
    mu = torch.tensor([[0.0, 0.0], [0.0, 0.0], [4.0, 0.0]])
    X = torch.tensor([[0.5, 1.0]])
    assert_close(counterfactual(mu, X), X)


def test_heuristic_is_one_over_the_mean_logit(wine, model):
    assert beta_heuristic(model, wine.X) == pytest.approx(1 / model(wine.X).mean().item())
    assert explain(model, wine.X).beta == beta_heuristic(model, wine.X)
    twins = torch.zeros(2, 3)
    assert beta_heuristic(twins, torch.ones(4, 3)) == math.inf


def test_neon_is_the_relevance_of_explain(wine, model):
    assert_close(neon(model, wine.X, beta=1), explain(model, wine.X, beta=1).relevance)
    assert_close(neon(model, wine.X, torch.tensor(1)), explain(model, wine.X, beta=1).relevance)


def test_scikit_learn_models_are_neuralized_on_the_way(wine, model):
    R = explain(model.estimator, wine.X).relevance
    assert_close(R, explain(model, wine.X).relevance)
    assert_close(explain(NeuralizedKMeans(model), wine.X).relevance, R)
