"""Against loops from the definition, Shapley values by brute force, and k-means itself."""

import itertools
import math
import warnings

import numpy as np
import pytest
import torch
from replica import explain_one, group, mixture, prototypes, tree
from sklearn.cluster import Birch, BisectingKMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture

import neon
from neon import NeuralizedCodebook, NeuralizedMixture, NeuralizedSphericalKMeans, explain
from neon.additive.energies import Quadratics
from utils.data import load, penguins

TYPES = ("spherical", "diag", "tied", "full")


@pytest.fixture(scope="module")
def X():
    return load("wine").X.numpy()[::6, :5]


def gaussians(X, kind, K=4, **options):
    return GaussianMixture(
        K, covariance_type=kind, means_init=X[:K], reg_covar=1e-3, **options
    ).fit(X)


def assert_like_loops(network, X, evidence, beta, **options):
    found = network.propagate(torch.from_numpy(X), float(beta))
    for i, x in enumerate(X.tolist()):
        R, constant, c, f = explain_one(evidence(x), beta, **options)
        size = math.fsum(map(abs, R)) + abs(constant)
        assert found.cluster[i] == c
        np.testing.assert_allclose(found.relevance[i], R, rtol=0, atol=1e-12 * size)
        np.testing.assert_allclose(found.logit[i], f, rtol=0, atol=1e-12 * size)
        np.testing.assert_allclose(found.constant + torch.zeros(len(X)).double(), found.constant)
        if network.has_constant:
            np.testing.assert_allclose(found.constant[i], constant, rtol=0, atol=1e-12 * size)


@pytest.mark.parametrize("beta", [0.0, 0.7, 20.0])
@pytest.mark.parametrize("kind", TYPES)
def test_mixtures(X, kind, beta):
    fitted = gaussians(X, kind)
    assert_like_loops(NeuralizedMixture(fitted), X, mixture(fitted), beta)


@pytest.mark.parametrize("kind", TYPES)
def test_soft_logits(X, kind):
    fitted = gaussians(X, kind)
    network = NeuralizedMixture(fitted, logit="soft")
    assert_like_loops(network, X, mixture(fitted), 1.0, soft=True)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("kind_of_mixture", [GaussianMixture, BayesianGaussianMixture])
def test_the_soft_logit_is_the_log_odds_of_the_responsibility(X, kind, kind_of_mixture):
    options = {"covariance_type": kind, "random_state": 0, "reg_covar": 0.01, "max_iter": 20}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = kind_of_mixture(n_components=4, **options).fit(X)
    fitted.converged_ = True  # any mixture will do
    network = NeuralizedMixture(fitted, logit="soft")
    explanation = explain(network, X)
    r = fitted.predict_proba(X).max(1)
    clear = r < 1 - 1e-6  # beyond, 1 − r has lost its digits
    assert explanation.beta == 1
    assert clear.any()
    odds = np.log(r / (1 - r))
    np.testing.assert_allclose(explanation.logit[clear], odds[clear], rtol=1e-8, atol=1e-9)
    assert abs(explanation.residual).max() <= 1e-12 * abs(explanation.relevance).sum(1).max()

    h = network.h(torch.from_numpy(X))[np.arange(len(X)), explanation.cluster]
    p = (-h).softmax(-1)
    kept = h.isfinite()
    mean = torch.where(kept, p * h, 0).sum(-1)
    entropy = -torch.where(kept & (p > 0), p * p.clamp(min=1e-300).log(), 0).sum(-1)
    size = h[kept].abs().max()
    np.testing.assert_allclose(explanation.logit, mean - entropy, rtol=0, atol=1e-12 * size)
    np.testing.assert_allclose(network.ambiguity(torch.from_numpy(X)), entropy, atol=1e-12)


@pytest.mark.parametrize("kind", TYPES)
def test_bayesian_mixtures_have_their_own_terms(X, kind):
    fitted = BayesianGaussianMixture(
        n_components=4, covariance_type=kind, random_state=0, reg_covar=0.01
    ).fit(X)
    network = NeuralizedMixture(fitted)
    log = fitted._estimate_weighted_log_prob(X)
    h = network.h(torch.from_numpy(X))
    for c, k in itertools.permutations(range(4), 2):
        np.testing.assert_allclose(h[:, c, k], log[:, c] - log[:, k], rtol=1e-10, atol=1e-10)
        z = network.contrast(
            torch.from_numpy(X), torch.full((len(X),), c), torch.full((len(X),), k)
        )
        b = network.energy.constant
        np.testing.assert_allclose(z.sum(1) + b[k] - b[c], h[:, c, k], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("beta", [0.0, 2.0])
def test_groups_trees_and_prototypes(X, beta):
    birch = Birch(n_clusters=3, threshold=0.25).fit(X)
    assert len(birch.subcluster_labels_) > 3
    evidence = group(birch.subcluster_centers_.tolist(), birch.subcluster_labels_.tolist())
    assert_like_loops(neon.NeuralizedCodebook.of(birch), X, evidence, beta)
    bisecting = BisectingKMeans(6, random_state=0).fit(X)
    assert_like_loops(neon.NeuralizedTree.of(bisecting), X, tree(bisecting), beta)


@pytest.mark.parametrize("beta", [0.0, 2.0])
def test_prototypes(beta):
    kmodes = pytest.importorskip("kmodes.kprototypes", reason="extra `categorical`")
    table = penguins()[["island", "bill_length_mm", "sex", "bill_depth_mm"]]
    fitted = kmodes.KPrototypes(3, random_state=0).fit(table, categorical=[0, 2])
    network = neon.NeuralizedPrototypes(fitted, categorical=[0, 2])
    found = network.propagate(network.points(table), float(beta))
    evidence = prototypes(fitted, (0, 2))
    for i, x in enumerate(table.to_numpy()):
        R, _, c, f = explain_one(evidence(x), beta)
        assert found.cluster[i] == c
        np.testing.assert_allclose(found.relevance[i], R, rtol=0, atol=1e-11 * np.abs(R).sum())
        np.testing.assert_allclose(found.logit[i], f, rtol=0, atol=1e-11 * np.abs(R).sum())


@pytest.mark.parametrize("D", [1, 2, 4, 6])
def test_quadratics_are_shared_by_shapley(D):
    generator = torch.Generator().manual_seed(D)
    root = torch.randn(3, D, D, generator=generator, dtype=torch.float64)
    A, mu = root @ root.mT, torch.randn(3, D, generator=generator, dtype=torch.float64)
    x = torch.randn(1, D, generator=generator, dtype=torch.float64)

    def value(m, kept):  # of a coalition: what is not kept is at the centre
        delta = torch.where(torch.tensor([i in kept for i in range(D)]), x[0] - mu[m], 0)
        return (delta @ A[m] @ delta).item()

    for matrix in (A, A[0]):
        energy = Quadratics(mu, matrix)
        A = A if matrix.ndim == 3 else A[:1].expand(3, D, D)
        phi = [
            [shapley(lambda kept, m=m: value(m, kept), i, D) for i in range(D)] for m in range(3)
        ]
        a = torch.tensor([[1.0], [0.5], [-1.5]], dtype=torch.float64)
        expected = (a * torch.tensor(phi, dtype=torch.float64)).sum(0)
        np.testing.assert_allclose(
            energy.share(x - energy.origin, a)[0], expected, atol=1e-13 * A.abs().sum()
        )


def shapley(value, i, D):
    others = [j for j in range(D) if j != i]
    total = 0.0
    for size in range(D):
        for kept in itertools.combinations(others, size):
            weight = 1 / (D * math.comb(D - 1, size))
            total += weight * (value({*kept, i}) - value(set(kept)))
    return total


@pytest.mark.parametrize("beta", [0.0, 1.5, math.inf])
def test_k_means_as_an_additive_model_is_the_engine(beta):
    X = load("wine").X
    mu = X[[66, 75, 54, 3]]
    labels = torch.arange(len(X)) % 4  # mostly not the nearest
    for given in (None, labels):
        engine = explain(mu, X, beta=beta, cluster=given)
        additive = explain(NeuralizedCodebook(mu), X, beta=beta, cluster=given)
        assert (engine.cluster == additive.cluster).all()
        size = engine.relevance.abs().sum(-1, keepdim=True)
        assert ((engine.relevance - additive.relevance).abs() <= 1e-12 * size).all()
        assert ((engine.logit - additive.logit).abs() <= 1e-12 * size[:, 0]).all()
        assert additive.constant == 0


def test_a_spherical_mixture_with_equal_weights_is_k_means_over_2_sigma_squared():
    X = load("iris").X.numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = gaussians(X, "spherical", K=3, max_iter=1)
    fitted.converged_, variance = True, 0.013
    fitted.weights_, fitted.means_ = np.full(3, 1 / 3), X[[0, 50, 100]]
    fitted.precisions_cholesky_ = np.full(3, variance**-0.5)
    beta = 1.7
    kmeans = explain(X[[0, 50, 100]], X, beta=beta)
    mixed = explain(fitted, X, beta=beta * 2 * variance)
    np.testing.assert_array_equal(mixed.cluster, kmeans.cluster)
    size = abs(kmeans.relevance).max()
    np.testing.assert_allclose(2 * variance * mixed.relevance, kmeans.relevance, atol=1e-12 * size)
    np.testing.assert_allclose(2 * variance * mixed.logit, kmeans.logit, atol=1e-12 * size)
    assert abs(mixed.constant).max() <= 1e-12


def test_metrics_are_maps_of_the_points():
    X = load("wine").X[:, :4]
    mu, scale = X[[66, 75, 54]], torch.tensor([1.0, 4.0, 0.5, 2.0]).double()
    weighted = explain(NeuralizedCodebook(mu, weight=scale.square()), X, beta=1)
    mapped = explain(mu * scale, X * scale, beta=1)
    torch.testing.assert_close(weighted.relevance, mapped.relevance, rtol=0, atol=1e-12)
    root = torch.randn(4, 4, generator=torch.Generator().manual_seed(0)).double()
    full = explain(NeuralizedCodebook(mu, weight=root @ root.T), X, beta=1)
    mapped = explain(mu @ root, X @ root, beta=1)
    torch.testing.assert_close(full.logit, mapped.logit, rtol=0, atol=1e-11)
    assert full.residual.abs().max() <= 1e-11


def test_spherical_k_means_decides_by_the_cosine():
    X = load("wine").X + 0.1
    mu = X[[66, 75, 54]] * torch.tensor([[1.0], [9.0], [0.2]])
    network = NeuralizedSphericalKMeans(mu)
    cosine = torch.nn.functional.normalize(X) @ torch.nn.functional.normalize(mu).T
    explanation = explain(network, X, beta=1)
    assert (explanation.cluster == cosine.argmax(1)).all()
    margin = cosine.topk(2).values @ torch.tensor([2.0, -2.0]).double()
    torch.testing.assert_close(explanation.logit, margin, rtol=0, atol=1e-12)
    torch.testing.assert_close(
        explain(network, 7 * X, beta=1).relevance, explanation.relevance, rtol=0, atol=1e-12
    )
