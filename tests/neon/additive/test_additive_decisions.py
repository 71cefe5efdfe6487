"""Each network decides as its library does, and its shares add up: tables, random problems."""

import math
import warnings

import numpy as np
import pytest
import torch
from sklearn.cluster import AffinityPropagation, Birch, BisectingKMeans, MeanShift
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.preprocessing import minmax_scale

from neon import NeuralizedMixture, NeuralizedPrototypes, explain
from utils.data import load, penguins

TYPES = ("spherical", "diag", "tied", "full")
MEASURES = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
PROBLEMS = 200


def clusterers(K, D=1, **options):
    """All that scikit-learn has of the kind, unfitted, by name."""
    found = {
        "Birch": Birch(n_clusters=K, threshold=0.1 * math.sqrt(D)),
        "BisectingKMeans": BisectingKMeans(K, random_state=0),
        "MeanShift": MeanShift(bandwidth=0.2 * math.sqrt(D)),
        "AffinityPropagation": AffinityPropagation(random_state=0, damping=0.9, max_iter=1000),
    }
    for kind in TYPES:
        shared = {"covariance_type": kind, "random_state": 0, "reg_covar": 1e-4} | options
        found[f"GaussianMixture {kind}"] = GaussianMixture(K, **shared)
        found[f"BayesianGaussianMixture {kind}"] = BayesianGaussianMixture(n_components=K, **shared)
    return found


def assert_decides_alike(fitted, X, predicted, beta):
    """Labels but for ties; the sum of the shares, relative to their size."""
    explanation = explain(fitted, X, beta=beta)
    size = abs(explanation.relevance).sum(-1) + abs(explanation.constant)
    assert (abs(explanation.residual) <= 1e-12 * size).all()
    tie = explanation.logit <= 1e-12 * size
    assert (tie | (explanation.cluster == predicted)).all()
    assert tie.mean() < 0.05


@pytest.fixture(scope="module", params=["wine", "iris", "penguins"])
def table(request):
    if request.param == "penguins":
        return minmax_scale(penguins()[MEASURES].to_numpy(float))
    return load(request.param).X.numpy()


@pytest.mark.parametrize("name", clusterers(2))
@pytest.mark.parametrize("beta", [0.0, "heuristic", math.inf])
def test_tables(table, name, beta):
    fitted = clusterers(5, table.shape[1], max_iter=500)[name].fit(table)
    assert_decides_alike(fitted, table, fitted.predict(table), beta)


@pytest.mark.parametrize("part", range(10))
def test_random_problems(part):
    for seed in range(part, PROBLEMS, 10):
        rng = np.random.default_rng(seed)
        K, D = rng.integers(2, 13), rng.integers(1, 41)
        mu = rng.normal(size=(K, D)) * rng.choice([0.5, 2.0])
        X = mu[rng.integers(0, K, 120)] + rng.normal(size=(120, D))
        other = X + rng.normal(size=X.shape)
        for name, clusterer in clusterers(int(K), D, max_iter=5).items():
            if name in ("MeanShift", "AffinityPropagation"):
                continue  # how many clusters they find is theirs: often one, or none
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                fitted = clusterer.fit(X)
            fitted.converged_ = True  # any mixture will do here
            assert_decides_alike(fitted, other, fitted.predict(other), 0.3)
            if "Mixture" in name:
                soft = explain(NeuralizedMixture(fitted, logit="soft"), other)
                size = abs(soft.relevance).sum(-1) + abs(soft.constant)
                assert (abs(soft.residual) <= 1e-12 * size).all()
                r = fitted.predict_proba(other).max(1)
                known = r < 1 - 1e-6
                odds = np.log(r[known] / (1 - r[known]))
                np.testing.assert_allclose(soft.logit[known], odds, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("K", [2, 3, 7])
def test_prototypes_and_modes(K):
    kmodes = pytest.importorskip("kmodes.kmodes", reason="extra `categorical`")
    kprototypes = pytest.importorskip("kmodes.kprototypes")
    mixed = penguins()[["island", "bill_length_mm", "sex", "flipper_length_mm"]]
    fitted = kprototypes.KPrototypes(K, random_state=0).fit(mixed, categorical=[0, 2])
    predicted = fitted.predict(mixed, categorical=[0, 2])
    network = NeuralizedPrototypes(fitted, categorical=[0, 2])
    assert_decides_alike(network, mixed, predicted, 0.1)

    words = penguins()[["species", "island", "sex"]].assign(year=penguins()["year"].astype(str))
    fitted = kmodes.KModes(K, random_state=0).fit(words)
    for beta in (0.0, 0.5, math.inf):
        explanation = explain(fitted, words, beta=beta)  # recognised; many exact ties
        np.testing.assert_array_equal(explanation.cluster, fitted.predict(words))
        np.testing.assert_allclose(explanation.residual, 0, atol=1e-12)


def test_the_path_of_a_tree_is_not_the_nearest_leaf():
    X = load("wine").X.numpy()
    fitted = BisectingKMeans(5, random_state=0).fit(X)
    nearest = explain(fitted.cluster_centers_, X).cluster
    assert (nearest != fitted.predict(X)).any()
    np.testing.assert_array_equal(explain(fitted, X).cluster, fitted.predict(X))


@pytest.mark.parametrize("kind", TYPES)
def test_float32_points_and_far_origins(kind):
    X = load("iris").X.numpy()
    fitted = GaussianMixture(3, covariance_type=kind, means_init=X[[0, 50, 100]]).fit(X)
    single = explain(fitted, X.astype(np.float32), beta=1)
    assert single.relevance.dtype == np.float32
    assert abs(single.residual).max() <= 1e-5 * abs(single.relevance).max()
    near = explain(fitted, X, beta=1)
    fitted.means_ = fitted.means_ + 1e6
    far = explain(fitted, X + 1e6, beta=1)
    np.testing.assert_allclose(far.relevance, near.relevance, atol=1e-6 * abs(near.relevance).max())


def test_blocks_do_not_matter():
    X = load("wine").X
    fitted = GaussianMixture(3, covariance_type="full", means_init=X[[66, 75, 54]]).fit(X.numpy())
    many = X.repeat(40, 1)
    network = NeuralizedMixture(fitted)
    assert len(network.blocks(many)) > 1
    once, again = explain(network, X, beta=1), explain(network, many, beta=1)
    torch.testing.assert_close(again.relevance, once.relevance.repeat(40, 1), rtol=1e-10, atol=1e-9)
    torch.testing.assert_close(network(many), network(X).repeat(40), rtol=1e-10, atol=1e-9)
    out = torch.empty_like(X)
    assert explain(network, X, beta=1, out=out).relevance is out
    assert torch.equal(out, once.relevance)
