"""Published relevances of iris, the rule behind them, and that it does not conserve."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris

from neon import NeonExplainer, explain

OUTPUT = 11.671294713839742
BETA = 0.17456391396625548
FLOWER_0 = {
    BETA: [3.84030905, 3.90558126, 3.58400297, 3.34829464],
    0.5: [3.45867224, 3.53642868, 3.15334397, 2.87255308],
}
GLOBAL = [1.795856, 1.787152, 1.770622, 1.729748]
CLUSTERS = {  # by the number of flowers
    62: [1.08504956, 1.05153938, 1.15498647, 1.20115047],
    50: [3.66875733, 3.73120106, 3.43096869, 3.21972274],
    38: [0.49125074, 0.42940106, 0.59041221, 0.63170203],
}
PRINTED = {"rtol": 0, "atol": 1e-8}  # the vectors are printed with 8 digits


@pytest.fixture(scope="module")
def X():
    return load_iris().data


@pytest.fixture(scope="module")
def kmeans(X):
    return KMeans(3, init=X[[0, 50, 100]], n_init=1).fit(X)


@pytest.fixture(scope="module")
def published(X, kmeans):
    return np.array([published_rule(x, kmeans.cluster_centers_, BETA) for x in X])


def published_rule(x, mu, beta):
    """One point, one competitor and one feature at a time, with the three slips as published."""
    d = [sum((x - m) ** 2) for m in mu]
    c = int(np.argmin(d))
    h = {k: d[k] - d[c] for k in range(len(mu)) if k != c}
    total = sum(np.exp(-beta * value) for value in h.values())
    R_k = {k: np.exp(-beta * h[k]) / total * min(h.values()) for k in h}
    R = []
    for i in range(len(x)):
        term = {k: (x[i] - (mu[c][i] - mu[k][i]) / 2) * h[k] for k in h}
        R.append(sum(term[k] / sum(term.values()) * R_k[k] for k in h))
    return R


def test_forward_pass_and_stiffness(X, kmeans):
    explanation = explain(kmeans, X)
    assert explanation.logit[0] == pytest.approx(OUTPUT, abs=1e-12)
    assert explanation.beta == pytest.approx(BETA, abs=1e-14)
    assert kmeans.inertia_ == pytest.approx(78.851441, abs=1e-6)
    assert sorted(np.bincount(kmeans.labels_), reverse=True) == [62, 50, 38]


@pytest.mark.parametrize("beta", FLOWER_0)
def test_relevances_of_flower_0(X, kmeans, beta):
    R = published_rule(X[0], kmeans.cluster_centers_, beta)
    np.testing.assert_allclose(R, FLOWER_0[beta], **PRINTED)


def test_means_over_all_flowers_and_over_clusters(published, kmeans):
    np.testing.assert_array_equal(published.mean(0).round(6), GLOBAL)
    sizes = np.bincount(kmeans.labels_)
    for k, size in enumerate(sizes):
        mean = published[kmeans.labels_ == k].mean(0)
        np.testing.assert_allclose(mean, CLUSTERS[size], **PRINTED)


def test_published_relevances_do_not_add_up_and_ours_do(X, kmeans, published):
    explanation = explain(kmeans, X)
    assert round(sum(FLOWER_0[BETA]), 3) == 14.678
    assert round(sum(FLOWER_0[0.5]), 3) == 13.021
    assert abs(published.sum(-1) - explanation.logit).max() > 6
    assert abs(explanation.residual).max() <= 1e-12


def test_sums_of_cluster_and_overall_relevance_are_mean_logits(X, kmeans):
    result = NeonExplainer(kmeans, prefit=True).fit(X).explain(X)
    for k, row in result.per_cluster.iterrows():
        assert row.sum() == pytest.approx(result.logit[kmeans.labels_ == k].mean(), abs=1e-12)
    assert result.overall.signed.sum() == pytest.approx(1 / BETA, abs=1e-12)
