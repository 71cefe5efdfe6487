"""The explainer of outliers as a scikit-learn estimator."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.neighbors import KernelDensity
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import check_estimator

from neon.density import OutlierExplainer, SoftDistance, explain_outliers


@pytest.fixture(scope="module")
def iris():
    frame = load_iris(as_frame=True).data
    return frame.set_index(pd.Index([f"flower {i}" for i in range(len(frame))]))


@pytest.mark.parametrize(
    "explainer",
    [
        OutlierExplainer(),
        OutlierExplainer(gamma=0, n_neighbors=1),
        OutlierExplainer(make_pipeline(MinMaxScaler(), KernelDensity())),
    ],
    ids=["points", "neighbour", "pipeline"],
)
def test_check_estimator_passes_wholly(explainer):
    results = check_estimator(explainer, on_fail=None, on_skip=None)
    bad = [r["check_name"] for r in results if r["status"] != "passed"]
    assert [name for name in bad if name != "check_array_api_input"] == []


def test_a_density_behind_a_scaler(iris):
    pipeline = make_pipeline(MinMaxScaler(), KernelDensity(bandwidth=0.2))
    explainer = OutlierExplainer(pipeline).fit(iris)
    scaled = MinMaxScaler().fit_transform(iris)
    wanted = explain_outliers(SoftDistance(scaled, 12.5), scaled)
    tables = explainer.explain(iris)
    assert np.allclose(tables.pointwise, wanted.relevance, rtol=1e-12, atol=0)
    assert np.array_equal(explainer.transform(iris), tables.pointwise)
    assert tables.residual.abs().max() <= 1e-12
    assert list(tables.pointwise.columns) == list(iris.columns)
    assert tables.values.equals(iris)
    prefit = OutlierExplainer(explainer.density_, prefit=True).fit(iris)
    assert np.array_equal(prefit.transform(iris), explainer.transform(iris))


def test_training_points_are_left_out_of_their_own_neighbours(iris):
    tables = OutlierExplainer(gamma=2.0).fit(iris).explain()
    wanted = explain_outliers(SoftDistance(iris.to_numpy(), 2.0))
    assert np.array_equal(tables.pointwise, wanted.relevance)
    assert tables.score.index.equals(iris.index)
    ranked = tables.ranked
    assert (np.diff(ranked["score"]) <= 0).all()
    assert ranked.index[0] == iris.index[wanted.score.argmax()]
    assert repr(tables) == "OutlierTables(n=150, D=4)"


def test_pickle_and_types(iris):
    explainer = OutlierExplainer().fit(iris)
    again = pickle.loads(pickle.dumps(explainer))
    assert np.array_equal(again.transform(iris), explainer.transform(iris))
    assert explainer.set_output(transform="pandas").transform(iris).index.equals(iris.index)


def refused(iris):
    seen = KernelDensity().fit(iris[:9])
    return {
        "mixing": (lambda: OutlierExplainer(make_pipeline(PCA(2), KernelDensity())).fit(iris), TypeError, "must be elementwise, such as a scaler; got PCA."),
        "no density": (lambda: OutlierExplainer(PCA(2)).fit(iris), TypeError, "got PCA."),
        "kernel": (lambda: OutlierExplainer(KernelDensity(kernel="linear")).fit(iris), ValueError, "kernel='gaussian'"),
        "other points": (lambda: OutlierExplainer(seen, prefit=True).fit(iris).explain(), ValueError, "has seen 9 points and `fit` 150."),
        "gamma": (lambda: OutlierExplainer(gamma=-1).fit(iris), ValueError, "`gamma` must be in [0, inf]"),
    }  # fmt: skip


@pytest.mark.parametrize("case", ["mixing", "no density", "kernel", "other points", "gamma"])
def test_message(iris, case):
    call, kind, message = refused(iris)[case]
    with pytest.raises(kind, match=re.escape(message)):
        call()
