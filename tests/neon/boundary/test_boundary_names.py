"""Names of columns: a model that knows those of its features reads no others."""

import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sklearn.cluster
from refusals import X, refused
from sklearn.decomposition import PCA

import neon
from neon import KernelKMeans, KMeans, NeuralizedKMeans, NeuralizedLinearKMeans, explain
from neon.distributed import aggregate, explain_lazily, fit_kmeans, write_parquet

FRAME = pd.DataFrame(X, columns=["a", "b"])
START = X[[0, 1, 2]]
SKLEARN = sklearn.cluster.KMeans(3, init=START, n_init=1).fit(FRAME)
LABELS = (X[:, 0] > 1).astype(int)
PCA_ = PCA(2).fit(FRAME)
BEHIND = sklearn.cluster.KMeans(3, init=PCA_.transform(FRAME)[:3], n_init=1).fit(
    PCA_.transform(FRAME)
)
MODELS = {
    "KMeans": KMeans(3, init=START, n_init=1).fit(FRAME),
    "KMeans fitted to polars": KMeans(3, init=START, n_init=1).fit(pl.from_pandas(FRAME)),
    "scikit-learn": SKLEARN,
    "from_sklearn": KMeans.from_sklearn(SKLEARN),
    "network of scikit-learn": NeuralizedKMeans(SKLEARN),
    "network of KMeans": NeuralizedKMeans(KMeans(3, init=START, n_init=1).fit(FRAME)),
    "linear": NeuralizedLinearKMeans.from_sklearn([PCA_], BEHIND, FRAME),
    "kernel": KernelKMeans(2, init=LABELS).fit(FRAME),
    "kernel of labels": KernelKMeans.from_labels(FRAME, LABELS, gamma=20.0),
    "network of kernel": KernelKMeans.from_labels(FRAME, LABELS, gamma=20.0).neuralize(),
    "landmarks": KernelKMeans.from_labels(FRAME, LABELS, gamma=20.0).neuralize(landmarks=9),
    "distributed": fit_kmeans(dd.from_pandas(FRAME, npartitions=1), START),
}
OTHERS = {
    "reordered": FRAME[["b", "a"]],
    "renamed": FRAME.rename(columns={"b": "c"}),
    "numbered": pd.DataFrame(X),
    "one more": FRAME.assign(c=0.0),
    "one less": FRAME[["a"]],
    "twice": FRAME[["a", "a"]],
    "polars, reordered": pl.from_pandas(FRAME[["b", "a"]]),
    "pyarrow, reordered": pa.table({"b": X[:, 1], "a": X[:, 0]}),
}


@pytest.mark.parametrize("name", MODELS)
def test_same_columns_are_read(name):
    model = MODELS[name]
    assert list(model.feature_names_in_) == ["a", "b"]
    right = explain(model, X, beta=1).relevance  # an array has no names
    for table in FRAME, pl.from_pandas(FRAME), pa.Table.from_pandas(FRAME):
        np.testing.assert_array_equal(explain(model, table, beta=1).relevance, right)


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("name", MODELS)
def test_other_columns_are_refused(name, other):
    model, table = MODELS[name], OTHERS[other]
    refused(lambda: explain(model, table, beta=1), "X")
    refused(lambda: neon.beta_heuristic(model, table), "X")
    refused(lambda: neon.contrast(model, table, 0, 1), "X")
    refused(lambda: list(neon.explain_stream(model, [table], beta=1)), "X")
    if hasattr(model, "decision") and name not in ("network of kernel", "landmarks"):
        refused(lambda: model.decision(table), "X")


@pytest.mark.parametrize("name", ["scikit-learn", "network of KMeans", "linear", "kernel"])
def test_other_columns_of_dask_are_refused(name, tmp_path):
    table = dd.from_pandas(FRAME[["b", "a"]], npartitions=2)
    for ask in explain_lazily, aggregate:
        refused(lambda ask=ask: ask(MODELS[name], table, beta=1), "X")
    refused(lambda: write_parquet(MODELS[name], table, tmp_path, beta=1), "X")


def test_fitted_again_to_columns_without_names():
    model = KMeans(3, init=START, n_init=1).fit(FRAME).fit(X)
    assert not hasattr(model, "feature_names_in_")
    explain(model, FRAME[["b", "a"]])


def test_numbered_columns_in_another_order_are_refused():
    refused(lambda: explain(START, pd.DataFrame(X)[[1, 0]]), "X")
    explain(START, pd.DataFrame(X, columns=[7, 3]))  # names, not places


def test_tables_that_dask_cannot_answer_for():
    twice = dd.from_pandas(FRAME, npartitions=1)[["a", "a"]]
    refused(lambda: explain_lazily(START, twice, beta=1), "X")
    for taken in "cluster", "logit":
        table = dd.from_pandas(FRAME.rename(columns={"b": taken}), npartitions=2)
        refused(lambda t=table: explain_lazily(START, t, beta=1), "X")
        refused(lambda t=table: aggregate(START, t, beta=1), "X")
    masked = da.ma.masked_array(da.from_array(X, chunks=(20, 2)), X > 3)
    refused(lambda: explain_lazily(START, masked, beta=1).logit.compute(), "X")
    refused(lambda: explain(START, masked, beta=1), "X")


def test_nullable_partitions_are_read():
    for table in FRAME.convert_dtypes(), FRAME.convert_dtypes(dtype_backend="pyarrow"):
        found = explain_lazily(START, dd.from_pandas(table, npartitions=2), beta=1)
        right = explain(START, X, beta=1)
        np.testing.assert_array_equal(found.relevance.compute().to_numpy(), right.relevance)


def test_folders_and_partitions_that_do_not_fit(tmp_path):
    table = dd.from_pandas(FRAME, npartitions=1)
    (tmp_path / "file").write_text("")
    refused(lambda: write_parquet(START, table, tmp_path / "file", beta=1), "folder")
    (tmp_path / "part-00000.parquet").write_text("x")
    refused(lambda: write_parquet(START, table, tmp_path, beta=1), "folder")
    few = da.from_array(X, chunks=(2, 2))
    refused(lambda: fit_kmeans(few, START), "init")
    refused(lambda: fit_kmeans(table, START, passes=1.5), "passes")
