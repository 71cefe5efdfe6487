"""What the explainer takes besides an estimator, and what it answers besides relevances."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClusterMixin, clone
from sklearn.cluster import DBSCAN, KMeans, MiniBatchKMeans
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

import neon
from neon import NeonExplainer, explain
from neon.pipelines import PipelineModel

STEPS = {
    "alone": [], "scaled": [StandardScaler()], "pca": [StandardScaler(), PCA(2)],
    "norm": [PCA(3), Normalizer()],
}  # fmt: skip


@pytest.fixture(scope="module")
def iris():
    return load_iris(as_frame=True).data


@pytest.fixture(scope="module")
def start(iris):
    return iris.iloc[[0, 50, 100]].to_numpy()


class Odd(ClusterMixin, BaseEstimator):
    """Centres on a line, and a decision of its own where the data say so in a second column."""

    def fit(self, X, y=None):
        self.cluster_centers_ = np.array([[0.0, 0.0], [2.0, 0.0]])
        self.n_features_in_ = 2
        return self

    def predict(self, X):
        return np.where(X[:, 1] == 1, X[:, 0] < 1, X[:, 0] > 1).astype(int)


def test_other_decisions_are_counted_but_for_those_on_the_border():
    """The logit is |4 x − 4|; the mean 4 x is about 4, so that 1e-4 of it lies at x = 1.0001."""
    x = np.linspace(0, 2, 100)
    near, far = [1.00001, 0.99999], [1.0005, 0.999, 1.01, 0.9]
    X = np.column_stack([[*x, *near, *far], [0] * 100 + [1] * 6])
    with pytest.warns(UserWarning, match="Odd assigns 4 of 106 points to another than the nearest"):
        explainer = NeonExplainer(Odd()).fit(X)
    assert (explainer.clusterer_.predict(X) != explainer.explain(X).cluster).sum() == 6
    NeonExplainer(Odd()).fit(X[:-4])  # on the border alone: nothing to warn of


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("fitted_to", ["float32", "float64"])
@pytest.mark.parametrize("explained", ["float32", "float64", "int64"])
def test_any_mix_of_types(iris, name, fitted_to, explained):
    whole = (10 * iris).round()
    pipeline = make_pipeline(*STEPS[name], KMeans(3, n_init=3, random_state=0))
    pipeline = pipeline if STEPS[name] else pipeline[-1]
    pipeline.fit(whole.to_numpy(fitted_to))
    explainer = NeonExplainer(pipeline, beta=0.01, prefit=True).fit(whole.to_numpy(explained))
    R = explainer.transform(whole.to_numpy(explained))
    assert R.dtype == ("float32" if explained == "float32" else "float64")
    result = explainer.explain(whole.to_numpy(explained))
    tolerance = 1e-5 if "float32" in (fitted_to, explained) else 1e-12
    assert abs(result.residual).max() <= tolerance * result.logit.max()
    np.testing.assert_array_equal(result.cluster, pipeline.predict(whole.to_numpy(fitted_to)))


MODELS = {
    "array": lambda mu: mu,
    "list": lambda mu: mu.tolist(),
    "float32": lambda mu: mu.astype("float32"),
    "neon": lambda mu: neon.KMeans(3, init=mu, n_init=1, max_iter=1).fit(np.repeat(mu, 2, 0)),
    "network": neon.NeuralizedKMeans,
    "holder": lambda mu: type("Holder", (), {"cluster_centers_": mu})(),
}


@pytest.mark.parametrize("name", MODELS)
def test_models_with_centres_are_taken_as_they_are(iris, start, name):
    explainer = NeonExplainer(MODELS[name](start), beta=1).fit(iris)
    expected = explain(start.astype("float32") if name == "float32" else start, iris, beta=1)
    np.testing.assert_array_equal(explainer.explain(iris).cluster, expected.cluster)
    np.testing.assert_allclose(explainer.transform(iris), expected.relevance, rtol=0, atol=1e-12)
    assert list(explainer.explain(iris).pointwise) == list(iris)
    assert clone(explainer).fit(iris).beta_ == 1
    with pytest.raises(ValueError, match="Feature names must be in the same order"):
        explainer.transform(iris.iloc[:, ::-1])


def test_kernel_k_means_is_taken_too(iris):
    model = neon.KernelKMeans(3).fit(iris.to_numpy())
    result = NeonExplainer(model, beta=1).fit(iris).explain(iris)
    np.testing.assert_array_equal(
        result.pointwise, explain(model, iris.to_numpy(), beta=1).relevance
    )
    piped = make_pipeline(PCA(2), neon.KernelKMeans(3))
    piped.fit(iris)
    with pytest.raises(TypeError, match=r"Step 'pca' .* undone for centroids only"):
        PipelineModel(piped, iris)


def test_unfitted_models_are_refused(iris):
    with pytest.raises(ValueError, match="`KMeans` must be fitted"):
        NeonExplainer(neon.KMeans(3)).fit(iris)
    with pytest.raises(NotFittedError):
        NeonExplainer(KMeans(3), prefit=True).fit(iris)
    with pytest.raises(TypeError, match="`beta` must be a number"):
        NeonExplainer(KMeans(3), beta=np.array([1.0, 2.0])).fit(iris)


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("kind", [KMeans, MiniBatchKMeans])
def test_sample_weights_reach_the_clusterer_and_beta(iris, start, name, kind):
    weights = np.random.default_rng(0).integers(0, 4, len(iris)).astype(float)
    rows = np.repeat(np.arange(len(iris)), weights.astype(int))
    kmeans = kind(3, n_init=3, random_state=0)
    if kind is KMeans:
        Z = make_pipeline(*STEPS[name], "passthrough").fit_transform(iris)
        kmeans = KMeans(3, init=np.asarray(Z)[[0, 50, 100]], n_init=1)
    pipeline = make_pipeline(*STEPS[name], kmeans) if STEPS[name] else kmeans
    explainer = NeonExplainer(pipeline).fit(iris, sample_weight=weights)
    logit = explainer.explain(iris).logit
    assert explainer.beta_ == pytest.approx(1 / np.average(logit, weights=weights), rel=1e-12)
    assert abs(explainer.explain(iris).residual).max() <= 1e-12
    if name == "alone" and kind is KMeans:  # then weights are repetitions
        repeated = NeonExplainer(kmeans).fit(iris.iloc[rows])
        np.testing.assert_allclose(explainer.transform(iris), repeated.transform(iris), atol=1e-12)
        assert explainer.beta_ == pytest.approx(repeated.beta_, rel=1e-12)
    nested = make_pipeline("passthrough", pipeline)
    again = NeonExplainer(nested).fit(iris, sample_weight=weights)
    np.testing.assert_array_equal(again.transform(iris), explainer.transform(iris))


def test_bad_sample_weights(iris, start):
    with pytest.raises(ValueError, match="sample_weight"):
        NeonExplainer(start).fit(iris, sample_weight=[1.0, 2.0])
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        NeonExplainer(KMeans(3)).fit(iris, colour=1)


@pytest.mark.parametrize("name", STEPS)
def test_contrasts_sum_to_the_difference_of_distances(iris, name):
    pipeline = make_pipeline(*STEPS[name], KMeans(3, n_init=3, random_state=0))
    explainer = NeonExplainer(pipeline).fit(iris)
    d = explainer.clusterer_.transform(iris) ** 2
    for cluster, against in ((0, 2), (np.arange(150) % 3, (np.arange(150) + 1) % 3)):
        R = explainer.contrast(iris, cluster, against)
        c, k = (np.broadcast_to(k, 150) for k in (cluster, against))
        rows = np.arange(150)
        np.testing.assert_allclose(R.sum(axis=1), d[rows, k] - d[rows, c], rtol=0, atol=1e-11)
        assert list(R) == list(iris)
        pd.testing.assert_index_equal(R.index, iris.index)
    if name == "alone":
        expected = neon.contrast(explainer.clusterer_[-1], iris.to_numpy(), 0, 2)
        np.testing.assert_array_equal(explainer.contrast(iris, 0, 2), expected)
    with pytest.raises(ValueError, match=r"`cluster` must be a cluster in 0\.\.2; got 3"):
        explainer.contrast(iris, 3, 0)
    with pytest.raises(ValueError, match="`against` must differ"):
        explainer.contrast(iris, 1, 1)


def test_counterfactual_of_a_clusterer_alone(iris, start):
    kmeans = KMeans(3, init=start, n_init=1)
    explainer = NeonExplainer(kmeans).fit(iris)
    moved = explainer.counterfactual(iris)
    expected = neon.counterfactual(explainer.clusterer_, iris.to_numpy())
    np.testing.assert_allclose(moved, expected, rtol=0, atol=1e-12)
    assert list(moved) == list(iris)
    pd.testing.assert_index_equal(moved.index, iris.index)
    whole = NeonExplainer(start.round()).fit(iris.round().astype(int))
    assert (whole.counterfactual(iris.round().astype(int)).dtypes == "float64").all()


def test_labels_without_centres_get_advice_that_fits(iris):
    with pytest.raises(ValueError, match=r"KernelKMeans\.from_labels.* leave out noise, label -1"):
        NeonExplainer(DBSCAN()).fit(iris)
    with pytest.raises(ValueError, match=r"got -1, which DBSCAN and HDBSCAN give to noise\. Drop"):
        neon.KernelKMeans.from_labels(iris.to_numpy(), DBSCAN().fit_predict(iris))
