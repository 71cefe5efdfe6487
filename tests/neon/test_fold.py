"""k-means behind a linear map: equal to the formulas, conserved, and equal to k-means for A = 1."""

import math
import re

import numpy as np
import pytest
import scipy.sparse
import sklearn.cluster
import torch
from sklearn.decomposition import NMF, PCA, IncrementalPCA, TruncatedSVD
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)
from torch.testing import assert_close

from neon import NeuralizedLinearKMeans, contrast, explain

BETAS = [0, 0.7, "heuristic", math.inf]
MAPS = {
    "pca": [PCA(3)],
    "whitened": [PCA(4, whiten=True)],
    "incremental": [IncrementalPCA(3)],
    "svd": [TruncatedSVD(3, algorithm="arpack")],
    "scaled, then pca": [MinMaxScaler(), PCA(3)],
    "three steps": [StandardScaler(), TruncatedSVD(3, algorithm="arpack"), MaxAbsScaler()],
    "robust": [RobustScaler()],
    "only centred": [StandardScaler(with_std=False), RobustScaler(with_centering=False), PCA(2)],
}  # fmt: skip


def one_point(x, mu, A, a, means, beta):
    """R of one point from METHOD: Σ_k a_k (x − (x̄_c + x̄_k)/2) ⊙ v_k, one competitor at a time."""
    d = [((A @ x + a - m) ** 2).sum().item() for m in mu]
    c = min(range(len(mu)), key=lambda k: d[k])
    h = {k: d[k] - d[c] for k in range(len(mu)) if k != c}
    f = min(h.values())
    share = {k: math.exp(-min(beta * (v - f), 700)) if v > f else 1 for k, v in h.items()}
    R = torch.zeros_like(x)
    for k in h:
        a_k = share[k] / sum(share.values()) * f / h[k]
        R += a_k * (x - (means[c] + means[k]) / 2) * (2 * A.T @ (mu[c] - mu[k]))
    return R, c, f


def random_map(K, p, D, seed=0):
    generator = torch.Generator().manual_seed(seed)
    mu, A, a, x = (
        torch.randn(*shape, generator=generator, dtype=torch.float64)
        for shape in ((K, p), (p, D), (p,), (60, D))
    )
    means = (mu - a) @ torch.linalg.pinv(A).T
    null = torch.eye(D) - torch.linalg.pinv(A) @ A
    return x, mu, A, a, means + torch.randn(K, D, generator=generator, dtype=torch.float64) @ null


@pytest.fixture(scope="module", params=MAPS)
def folded(request, wine):
    X = wine.raw.numpy()
    pipeline = make_pipeline(*MAPS[request.param])
    Z = pipeline.fit_transform(X)
    kmeans = sklearn.cluster.KMeans(4, init=Z[[66, 75, 54, 0]], n_init=1).fit(Z)
    steps = [step for _, step in pipeline.steps]
    return X, Z, kmeans, NeuralizedLinearKMeans.from_sklearn(steps, kmeans, X)


@pytest.mark.parametrize("beta", BETAS)
def test_equals_the_formula_one_point_at_a_time(beta):
    x, mu, A, a, means = random_map(K=5, p=3, D=7)
    explanation = explain(NeuralizedLinearKMeans(mu, A, a, input_means=means), x, beta=beta)
    rows = [one_point(row, mu, A, a, means, explanation.beta) for row in x]
    R, c, f = zip(*rows, strict=True)
    assert_close(explanation.relevance, torch.stack(R), rtol=0, atol=1e-11)
    assert explanation.cluster.tolist() == list(c)
    assert_close(explanation.logit, torch.tensor(f, dtype=torch.float64), rtol=0, atol=1e-11)


@pytest.mark.parametrize("beta", BETAS)
def test_identity_map_is_k_means(wine, model, beta):
    mu = model.centroids
    identity = NeuralizedLinearKMeans(mu, torch.eye(13), input_means=mu)
    expected, got = (explain(m, wine.X, beta=beta) for m in (model, identity))
    assert_close(got.relevance, expected.relevance, rtol=0, atol=1e-12)
    assert_close(got.cluster, expected.cluster)
    assert_close(got.logit, expected.logit, rtol=0, atol=1e-12)
    assert_close(contrast(identity, wine.X, 2, 0), contrast(model, wine.X, 2, 0))


@pytest.mark.parametrize("beta", BETAS)
def test_conserves_behind_fitted_maps(folded, beta):
    X, Z, kmeans, model = folded
    explanation, at_the_embedding = explain(model, X, beta=beta), explain(kmeans, Z, beta=beta)
    largest = at_the_embedding.logit.max()
    np.testing.assert_array_equal(explanation.cluster, kmeans.predict(Z))
    for sums in (explanation.relevance.sum(-1), explanation.logit):
        np.testing.assert_allclose(sums, at_the_embedding.logit, rtol=0, atol=1e-12 * largest)


def test_scaled_features_keep_their_relevance(wine):
    # (x − m) ⊙ w does not feel an elementwise scaling: fold and scaled k-means agree
    X, scaler = wine.raw.numpy(), MinMaxScaler()
    Z = scaler.fit_transform(X)
    kmeans = sklearn.cluster.KMeans(3, init=Z[[66, 75, 54]], n_init=1).fit(Z)
    folded = NeuralizedLinearKMeans.from_sklearn([scaler], kmeans, X)
    expected = explain(kmeans, Z).relevance
    np.testing.assert_allclose(explain(folded, X).relevance, expected, rtol=0, atol=1e-12)


def test_pre_images_are_the_means_of_the_members(wine):
    X, pca = wine.raw.numpy(), PCA(2)
    Z = pca.fit_transform(X)
    kmeans = sklearn.cluster.KMeans(3, init=Z[[66, 75, 54]], n_init=1).fit(Z)
    model = NeuralizedLinearKMeans.from_sklearn([pca], kmeans, X)
    means = np.stack([X[kmeans.labels_ == k].mean(0) for k in range(3)])
    np.testing.assert_allclose(model.input_means, means, rtol=1e-12)


def test_pre_images_are_corrected_by_the_shortest_step(wine):
    X, pca = wine.raw.numpy(), PCA(2)
    Z = pca.fit_transform(X)
    centers = Z[[66, 75, 54]]  # not the means of anything, and cluster 3 has no members
    far = np.vstack([centers, [1e4, 1e4]])
    clusterer = sklearn.cluster.KMeans(4)
    clusterer.cluster_centers_ = far
    model = NeuralizedLinearKMeans.from_sklearn([pca], clusterer, X)
    np.testing.assert_allclose(pca.transform(model.input_means), far, rtol=0, atol=1e-8)
    labels = ((Z[:, None] - far) ** 2).sum(-1).argmin(-1)
    assert set(labels) == {0, 1, 2}
    step = model.input_means[0].numpy() - X[labels == 0].mean(0)
    in_the_plane = pca.components_.T @ (pca.components_ @ step)
    np.testing.assert_allclose(step, in_the_plane, rtol=0, atol=1e-8)
    assert abs(explain(model, X).residual).max() <= 1e-12 * explain(model, X).logit.max()


def test_sparse_training_data(wine):
    X = np.where(wine.X.numpy() > 0.5, wine.X.numpy(), 0.0)
    svd = TruncatedSVD(3, algorithm="arpack")
    Z = svd.fit_transform(X)
    kmeans = sklearn.cluster.KMeans(3, init=Z[[66, 75, 54]], n_init=1).fit(Z)
    dense = NeuralizedLinearKMeans.from_sklearn([svd], kmeans, X)
    sparse = NeuralizedLinearKMeans.from_sklearn([svd], kmeans, scipy.sparse.csr_matrix(X))
    assert_close(sparse.input_means, dense.input_means)


def test_absence_can_be_relevant():
    # feature 1 is 0 in the point; its cluster is known by that
    model = NeuralizedLinearKMeans(
        [[0.0], [4.0]], [[1.0, 1.0]], input_means=[[0.0, 0.0], [0.0, 4.0]]
    )
    assert explain(model, [[0.0, 0.0]]).relevance.tolist() == [[0.0, 16.0]]


def test_far_off_data_and_float32():
    x, mu, A, _, means = random_map(K=4, p=3, D=6)
    zero = NeuralizedLinearKMeans(mu, A, mu[0] - means[0] @ A.T, input_means=means)
    far = NeuralizedLinearKMeans(mu, A, mu[0] - (means[0] + 1e6) @ A.T, input_means=means + 1e6)
    near_R, far_R = explain(zero, x, beta=1).relevance, explain(far, x + 1e6, beta=1)
    assert_close(far_R.relevance, near_R, rtol=0, atol=1e-7 * near_R.abs().max().item())
    # pre-images near 1e6 are known to 1e-10 only
    assert far_R.residual.abs().max() <= 1e-9 * far_R.logit.max()
    single = explain(zero, x.float(), beta=1)
    assert single.relevance.dtype == single.logit.dtype == torch.float32
    assert_close(single.relevance.double(), near_R, rtol=0, atol=1e-4)


@pytest.mark.parametrize("beta", [0, 1, math.inf])
def test_exact_ties_and_boundaries(beta):
    mu = torch.tensor([[0.0], [2.0], [2.0]], dtype=torch.float64)
    model = NeuralizedLinearKMeans(mu, torch.ones(1, 2), input_means=torch.cat([mu, 0 * mu], 1))
    explanation = explain(model, torch.tensor([[0.5, 0.5], [2.0, 0.0], [0.0, 0.0]]), beta=beta)
    assert explanation.logit.tolist() == [0, 0, 4]
    assert torch.isfinite(explanation.relevance).all()
    assert explanation.residual.abs().max() <= 1e-6


def build(mu=((1.0, 0.0), (0.0, 1.0)), A=((1.0,) * 3,) * 2, a=None, means=((1.0,) * 3,) * 2):
    return NeuralizedLinearKMeans(mu, A, a, input_means=means)


ERRORS = {
    "components": ({"A": [[1.0] * 3]}, "`components` must have shape (2, 3)"),
    "offset": ({"a": [1.0]}, "`offset` must have shape (2,)"),
    "means": ({"means": [[1.0] * 3]}, "`input_means` must have shape (2, 3)"),
    "width": ({"means": [[1.0] * 2] * 2}, "`input_means` must have shape (n, 3)"),
    "unreachable": ({}, "`centroids` must be reached by the map"),
    "one cluster": ({"mu": [[1.0, 0.0]]}, "`centroids` must hold at least 2 clusters; got 1"),
}  # fmt: skip


@pytest.mark.parametrize("case", ERRORS)
def test_errors(case):
    arguments, message = ERRORS[case]
    with pytest.raises(ValueError, match=re.escape(message)):
        build(**arguments)


def test_steps_that_are_not_affine_are_refused(wine):
    X = wine.raw.numpy()
    clipping = MinMaxScaler(clip=True).fit(X)
    kmeans = sklearn.cluster.KMeans(3, init=X[[0, 70, 150]], n_init=1).fit(X)
    for step in clipping, NMF(2), PowerTransformer().fit(X):
        with pytest.raises(TypeError, match="`steps` must be affine"):
            NeuralizedLinearKMeans.from_sklearn([step], kmeans, X)

    class Squared(StandardScaler):
        def transform(self, X):
            return super().transform(X) ** 2

    with pytest.raises(TypeError, match="`steps` must be affine"):
        NeuralizedLinearKMeans.from_sklearn([Squared().fit(X)], kmeans, X)
    scaler = StandardScaler().fit(X)
    scaler.transform = lambda X: X**2
    with pytest.raises(ValueError, match="`steps` must map X as their attributes say"):
        NeuralizedLinearKMeans.from_sklearn([scaler], kmeans, X)
