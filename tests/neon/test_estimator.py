"""The explainer as a scikit-learn estimator: its contract, names, pipelines and tables."""

import pickle
import re
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.cluster import DBSCAN, KMeans, MeanShift, MiniBatchKMeans
from sklearn.datasets import load_iris, load_wine
from sklearn.decomposition import NMF, PCA
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils import estimator_checks

import neon
from neon import NeonExplainer, explain

CHECKS = """
import warnings
from sklearn.cluster import KMeans
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import check_estimator
from neon import NeonExplainer

def failures(estimator):
    results = check_estimator(estimator, on_fail=None, on_skip=None)
    return len(results), sorted(r["check_name"] for r in results if r["status"] != "passed")

warnings.filterwarnings("ignore", "A single cluster has no competitor")  # the checks ask for one
kmeans = KMeans(3, random_state=0)
print(failures(NeonExplainer()))
print(failures(NeonExplainer(make_pipeline(MinMaxScaler(), kmeans))))
print(failures(make_pipeline(MinMaxScaler(), NeonExplainer(n_clusters=3, random_state=0)))[1])
print(failures(make_pipeline(MinMaxScaler(), kmeans))[1])
"""


@pytest.fixture(scope="module")
def iris():
    return load_iris(as_frame=True).data


@pytest.fixture(scope="module")
def kmeans(iris):
    return KMeans(3, init=iris.iloc[[0, 50, 100]].to_numpy(), n_init=1)


@pytest.fixture
def fitted(iris, kmeans):
    return NeonExplainer(kmeans).fit(iris)


def test_check_estimator_passes_wholly():
    # a fresh process, since scipy reads this variable at import; without it one check is skipped
    done = subprocess.run(
        [sys.executable, "-c", f"import os; os.environ['SCIPY_ARRAY_API'] = '1'\n{CHECKS}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    alone, around_pipeline, in_pipeline, bare_pipeline = done.stdout.splitlines()
    assert re.fullmatch(r"\((4[7-9]|[5-9]\d), \[\]\)", alone), alone
    assert around_pipeline == alone
    # a Pipeline fits its steps in place, which two checks forbid, whatever the steps are
    assert in_pipeline == bare_pipeline
    assert in_pipeline == "['check_dont_overwrite_parameters', 'check_estimators_overwrite_params']"


@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_dataframe_column_names_consistency,
        estimator_checks.check_n_features_in,
        estimator_checks.check_transformer_get_feature_names_out,
        estimator_checks.check_transformer_get_feature_names_out_pandas,
        estimator_checks.check_set_output_transform,
        estimator_checks.check_set_output_transform_pandas,
        estimator_checks.check_set_output_transform_polars,
        estimator_checks.check_global_output_transform_pandas,
        estimator_checks.check_global_set_output_transform_polars,
    ],
)
# the checks fit with names and transform without, and the other way round, on purpose
@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names")
def test_checks_that_scikit_learn_runs_on_its_own_transformers(check):
    check("NeonExplainer", NeonExplainer(n_clusters=3, random_state=0))


def test_wine_through_a_pipeline_is_notebook_03(wine, model):
    raw = load_wine(as_frame=True).data
    pipeline = make_pipeline(MinMaxScaler(), KMeans(3, init=wine.X[[66, 75, 54]], n_init=1))
    for beta in (1, "heuristic"):
        result = NeonExplainer(pipeline, beta=beta).fit(raw).explain(raw)
        expected = explain(model, wine.X.numpy(), beta=beta)
        np.testing.assert_array_equal(result.pointwise, expected.relevance)
        np.testing.assert_array_equal(result.logit, expected.logit)
        np.testing.assert_array_equal(result.cluster, expected.cluster)
        assert result.beta == expected.beta
    assert list(result.pointwise) == list(raw)
    pd.testing.assert_frame_equal(result.values, raw, check_dtype=False)


def test_cluster_and_overall_relevances_conserve(fitted, iris):
    result = fitted.explain(iris)
    logit = explain(fitted.clusterer_, iris.to_numpy()).logit
    assert abs(result.residual).max() <= 1e-12
    sums = result.per_cluster.sum(axis=1)
    means = pd.Series(logit).groupby(result.cluster).mean()
    np.testing.assert_allclose(sums, means, rtol=0, atol=1e-12)
    assert result.overall.signed.sum() == pytest.approx(logit.mean(), abs=1e-12)
    sizes = result.cluster.value_counts().sort_index()
    weighted = result.per_cluster.mul(sizes, axis=0).sum() / len(iris)
    np.testing.assert_allclose(weighted, result.overall.signed, rtol=0, atol=1e-12)
    assert (result.overall.absolute >= abs(result.overall.signed)).all()
    assert repr(result) == "ExplanationTables(n=150, D=4, beta=0.1746)"


def test_tables_carry_the_rows_and_columns_of_the_data(fitted, iris):
    some = iris.iloc[[3, 140, 70]].set_index(pd.Index(["a", "b", "c"]))
    result = fitted.explain(some)
    for name in "pointwise", "values", "logit", "cluster", "residual":
        assert list(getattr(result, name).index) == ["a", "b", "c"]
    assert list(result.per_cluster) == list(result.overall.index) == list(iris)
    assert list(result.per_cluster.index) == sorted(set(result.cluster))
    pd.testing.assert_frame_equal(result.values, some)


# a bare array after a table is what a user passes in a hurry; scikit-learn warns, as it should
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_beta_is_that_of_the_training_data(fitted, iris):
    whole = fitted.transform(iris)
    np.testing.assert_array_equal(fitted.transform(iris[:1]), whole[:1])
    assert fitted.beta_ == neon.beta_heuristic(fitted.clusterer_, iris.to_numpy())
    np.testing.assert_array_equal(fitted.transform(iris.to_numpy()), whole)


@pytest.mark.parametrize(
    "scaler", [MinMaxScaler(), MinMaxScaler(clip=True), StandardScaler(), MaxAbsScaler(),
               RobustScaler(), PowerTransformer(), QuantileTransformer(n_quantiles=50)],
    ids=str,
)  # fmt: skip
def test_elementwise_steps_leave_names_and_relevances(iris, scaler):
    Z = clone(scaler).fit_transform(iris.to_numpy())
    kmeans = KMeans(3, init=Z[[0, 50, 100]], n_init=1)
    result = NeonExplainer(make_pipeline(scaler, kmeans), beta=1).fit(iris).explain(iris)
    expected = explain(kmeans.fit(Z), Z, beta=1)
    np.testing.assert_array_equal(result.pointwise, expected.relevance)
    assert list(result.pointwise) == list(iris)
    np.testing.assert_array_equal(result.values, iris)


def test_linear_steps_are_explained_through(iris):
    for steps in ([PCA(2)], [StandardScaler(), PCA(2, whiten=True)], [PCA(3), MinMaxScaler()]):
        embed = make_pipeline(*map(clone, steps))
        Z = embed.fit_transform(iris)
        kmeans = KMeans(3, init=Z[[0, 50, 100]], n_init=1)
        nested = make_pipeline(make_pipeline(*steps), "passthrough", kmeans)
        result = NeonExplainer(nested, beta=1).fit(iris).explain(iris)
        at_the_embedding = explain(clone(kmeans).fit(Z), Z, beta=1)
        assert list(result.pointwise) == list(iris)
        np.testing.assert_allclose(result.logit, at_the_embedding.logit, rtol=0, atol=1e-11)
        assert abs(result.residual).max() <= 1e-11
        np.testing.assert_array_equal(result.cluster, at_the_embedding.cluster)


def test_other_steps_are_refused_by_name(iris):
    nmf = NMF(2, max_iter=2000)
    for steps in ([nmf], [MinMaxScaler(), nmf], [nmf, MinMaxScaler()]):
        with pytest.raises(TypeError, match="Step 'nmf' cannot be read back into the original"):
            NeonExplainer(make_pipeline(*steps, KMeans(3, random_state=0))).fit(iris)
    with pytest.raises(TypeError, match=r"PowerTransformer.* after a step that mixes columns"):
        NeonExplainer(make_pipeline(PCA(2), PowerTransformer(), KMeans(3))).fit(iris)


@pytest.mark.parametrize("kind", [KMeans, MiniBatchKMeans, MeanShift])
def test_any_clusterer_with_centres(iris, kind):
    clusterer = kind() if kind is MeanShift else kind(3, random_state=0)
    explainer = NeonExplainer(clusterer).fit(iris)
    assert not hasattr(clusterer, "cluster_centers_"), "a clone is fitted"
    result = explainer.explain(iris)
    np.testing.assert_array_equal(result.cluster, explainer.clusterer_.predict(iris))
    assert abs(result.residual).max() <= 1e-12


def test_prefit(iris, kmeans):
    fitted = clone(kmeans).fit(iris)
    explainer = NeonExplainer(fitted, prefit=True).fit(iris[:100])
    assert explainer.clusterer_ is fitted
    expected = explain(fitted, iris.to_numpy(), beta=explainer.beta_).relevance
    np.testing.assert_array_equal(explainer.transform(iris), expected)
    with pytest.raises(NotFittedError, match="KMeans instance is not fitted yet"):
        NeonExplainer(KMeans(3), prefit=True).fit(iris)
    with pytest.raises(ValueError, match="The feature names should match"):
        NeonExplainer(fitted, prefit=True).fit(iris.rename(columns=str.upper))


def test_clone_parameters_and_grid_search(iris):
    explainer = NeonExplainer(KMeans(3, random_state=0), beta=2)
    assert clone(explainer).get_params() | {"clusterer": None} == {
        **explainer.get_params(), "clusterer": None, "clusterer__random_state": 0,
    }  # fmt: skip
    pipeline = make_pipeline(MinMaxScaler(), explainer)
    search = GridSearchCV(
        pipeline,
        {"neonexplainer__beta": [0, 1], "neonexplainer__clusterer__n_clusters": [2, 3]},
        scoring=lambda model, X, y=None: model.transform(X).sum(1).mean(),
    ).fit(iris)
    assert search.best_params_["neonexplainer__clusterer__n_clusters"] == 2
    assert explainer.clusterer.n_clusters == 3


@pytest.mark.parametrize("linear", [False, True])
def test_pickle_and_joblib(iris, kmeans, tmp_path, linear):
    steps = (PCA(4), KMeans(3, random_state=0)) if linear else (kmeans,)
    explainer = NeonExplainer(make_pipeline(*steps)).fit(iris)
    joblib.dump(explainer, tmp_path / "explainer.joblib")
    for copy in pickle.loads(pickle.dumps(explainer)), joblib.load(tmp_path / "explainer.joblib"):
        np.testing.assert_array_equal(copy.transform(iris), explainer.transform(iris))
        one, other = copy.explain(iris), explainer.explain(iris)
        pd.testing.assert_frame_equal(one.per_cluster, other.per_cluster)


def test_fitted_attributes_end_in_underscore(fitted):
    new = {name for name in vars(fitted) if name not in fitted.get_params()}
    assert new == {
        "clusterer_",
        "beta_",
        "model_",
        "network_",
        "n_features_in_",
        "feature_names_in_",
    }


def test_set_output(fitted, iris):
    array = fitted.transform(iris)
    assert isinstance(array, np.ndarray)
    frame = fitted.set_output(transform="pandas").transform(iris[10:])
    pd.testing.assert_frame_equal(frame, pd.DataFrame(array[10:], iris.index[10:], iris.columns))
    polar = fitted.set_output(transform="polars").transform(iris)
    assert isinstance(polar, pl.DataFrame)
    assert polar.columns == list(iris)
    np.testing.assert_array_equal(polar.to_numpy(), array)
    assert fitted.get_feature_names_out().tolist() == list(iris)


def test_polars_in(fitted, iris):
    given = pl.DataFrame(iris.to_dict(orient="list"))
    np.testing.assert_array_equal(fitted.transform(given), fitted.transform(iris))
    again = NeonExplainer(make_pipeline(StandardScaler(), PCA(2), KMeans(3, random_state=0)))
    np.testing.assert_allclose(again.fit(given).transform(given), again.fit(iris).transform(iris))


def test_float32_is_kept(iris, kmeans):
    single = NeonExplainer(kmeans).fit(iris.to_numpy("float32"))
    assert single.transform(iris.to_numpy("float32")).dtype == np.float32


def holed(frame, value):
    spoiled = frame.astype(object)
    spoiled.iloc[3, 2] = value
    return spoiled


REFUSED = {
    "NaN": (lambda X: holed(X, np.nan), "Input X contains NaN"),
    "inf": (lambda X: holed(X, np.inf), "Input X contains infinity"),
    "words": (lambda X: holed(X, "red"), "could not convert string to float: 'red'"),
    "too narrow": (lambda X: X.to_numpy()[:, :2], "X has 2 features, but NeonExplainer is"),
    "renamed": (lambda X: X.rename(columns=str.upper), "The feature names should match those that"),
    "reordered": (lambda X: X.iloc[:, ::-1], "Feature names must be in the same order as"),
    "one point": (lambda X: X.iloc[0].to_numpy(), "Expected 2D array, got 1D array instead"),
    "no point": (lambda X: X[:0], "Found array with 0 sample(s)"),
    "complex": (lambda X: X.to_numpy() * 1j, "Complex data not supported"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
# arrays without names are meant here: what is wrong with them is another thing
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_bad_points(fitted, iris, case):
    spoil, message = REFUSED[case]
    for method in fitted.transform, fitted.explain:
        with pytest.raises(ValueError, match=re.escape(message)):
            method(spoil(iris))


def test_bad_fits(iris, kmeans):
    with pytest.raises(TypeError, match="Sparse data was passed"):
        NeonExplainer(kmeans).fit(scipy.sparse.csr_matrix(iris.to_numpy()))
    with pytest.raises(ValueError, match=r"`beta` must be a number in \[0, inf\]; got -1"):
        NeonExplainer(kmeans, beta=-1).fit(iris)
    with pytest.raises(ValueError, match=r"Explain its labels instead: KernelKMeans\.from_labels"):
        NeonExplainer(DBSCAN()).fit(iris)
    with pytest.raises(NotFittedError, match="This NeonExplainer instance is not fitted yet"):
        NeonExplainer(kmeans).transform(iris)
    with pytest.raises(AttributeError, match="module 'neon' has no attribute 'NeonExplain'"):
        _ = neon.NeonExplain


def test_single_cluster_is_nothing_to_explain_and_says_so(iris):
    with pytest.warns(UserWarning, match="A single cluster has no competitor"):
        explainer = NeonExplainer(n_clusters=1).fit(iris)
    assert not explainer.transform(iris).any()


def test_shap_is_optional(fitted, iris, monkeypatch):
    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(ImportError, match="`to_shap` needs the package shap"):
        fitted.explain(iris).to_shap()


def test_shap_round_trip(fitted, iris):
    pytest.importorskip("shap")
    result = fitted.explain(iris)
    converted = result.to_shap()
    np.testing.assert_array_equal(converted.values, result.pointwise)
    np.testing.assert_array_equal(converted.data, iris)
    assert converted.feature_names == list(iris)
    assert not converted.base_values.any()
    sums = converted.base_values + converted.values.sum(1)
    np.testing.assert_allclose(sums, result.logit, rtol=0, atol=1e-12)
