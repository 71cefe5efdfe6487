"""Cluster a table: scale it, choose the number of clusters, fit."""

import warnings

import numpy as np
import pandas as pd
import torch
from sklearn.cluster import MiniBatchKMeans
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from neon import KernelKMeans, KMeans
from neon.report.reading import TableError

SCALERS = {"minmax": MinMaxScaler, "standard": StandardScaler, "robust": RobustScaler, "none": None}
MODELS = ("kmeans", "minibatch", "kernel")
LARGE = 50_000  # rows above which restarts are compared on a sample
START_ROWS = 10_000  # rows of that sample
KERNEL_ROWS = 5_000  # rows above which relevances of the kernel model take minutes
SILHOUETTE_ROWS = 2_000


def scaled(X, scaler):
    """Scale a table.

    Args:
        X: (n, D) DataFrame.
        scaler: "minmax", "standard", "robust" or "none".

    Returns:
        (n, D) float64 tensor, and the function that takes points back to original units.

    Raises:
        TableError: no such scaler, or numbers so large that squared distances overflow.

    Example:
        >>> points, back = scaled(pd.DataFrame({"a": [1.0, 3.0]}), "minmax")
        >>> points.tolist(), back(points).tolist()
        ([[0.0], [1.0]], [[1.0], [3.0]])
    """
    if scaler not in SCALERS:
        raise TableError(f"`scaler` must be one of {', '.join(SCALERS)}; got {scaler!r}.")
    values = X.to_numpy()
    if abs(values).max() > 1e150:
        raise TableError("Values beyond 1e150 overflow when squared. Change the unit.")
    if scaler == "none":
        return torch.from_numpy(values.copy()), lambda points: np.asarray(points)
    fitted = SCALERS[scaler]().fit(values)
    return torch.from_numpy(fitted.transform(values)), fitted.inverse_transform


def check_model(X, model, n_clusters, start_rows):
    """Raise `TableError` if points X (n, D) cannot be clustered the way that is asked for."""
    if model not in MODELS:
        raise TableError(f"`model` must be one of {', '.join(MODELS)}; got {model!r}.")
    if min(np.atleast_1d(n_clusters)) < 2:
        raise TableError(f"`clusters` must be 2 or more; got {n_clusters}. One has no competitor.")
    if model == "kernel" and len(X) > KERNEL_ROWS:
        raise TableError(f"The kernel model takes {KERNEL_ROWS} rows at most; got {len(X)}. "
                         "Use --model kmeans.")  # fmt: skip
    # the kernel model is fitted again to resamples, in which rows are missing
    most = int(max(np.atleast_1d(n_clusters)))
    wanted = 10 * most if model == "kernel" else most
    distinct = len(np.unique(X[: 100 * most], axis=0))
    if distinct < wanted:
        distinct = len(np.unique(X, axis=0))
    if distinct < wanted:
        raise TableError(
            f"{most} clusters need {wanted} distinct rows; there are {distinct}. Ask for fewer."
        )
    if start_rows is None:
        return
    if model != "kmeans" or isinstance(n_clusters, list) or len(set(start_rows)) != n_clusters:
        raise TableError("Start rows go with the model kmeans and one row for each cluster.")


def fit(X, model, n_clusters, *, start=None, seed=0):
    """Fit a clustering to points X (n, D).

    Args:
        X: (n, D) tensor.
        model: "kmeans", "minibatch" or "kernel".
        n_clusters: K >= 2.
        start: (K, D) initial centroids of k-means; by default the best of 10 random starts, which
            are compared on 10 000 rows if there are more than 50 000.
        seed: of the random starts.

    Example:
        >>> X = torch.tensor([[0.0], [1.0], [5.0]])
        >>> fit(X, "kmeans", 2, start=X[[0, 2]]).centroids.flatten().tolist()
        [0.5, 5.0]
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few distinct points, which a resample may have
        if model == "kernel":
            return KernelKMeans(n_clusters, random_state=seed).fit(X)
        if model == "minibatch":
            minibatch = MiniBatchKMeans(n_clusters, random_state=seed, n_init=10)
            return KMeans.from_sklearn(minibatch.fit(X.numpy()))
        if start is None and len(X) > LARGE:
            start = fit(sample(X, START_ROWS), "kmeans", n_clusters, seed=seed).centroids
        if start is not None:
            return KMeans(n_clusters, init=start, n_init=1).fit(X)
        return KMeans(n_clusters, n_init=10, random_state=seed).fit(X)


def sample(X, rows):
    """Take points of X at even distances, all of them if there are no more than `rows`."""
    return X if len(X) <= rows else X[torch.linspace(0, len(X) - 1, rows).long()]


def choose_k(X, model, candidates, *, seed=0):
    """Mean silhouette of a clustering into each number of clusters, on at most 2 000 rows.

    Returns:
        Series `silhouette`, indexed by K; the largest is the choice.

    Example:
        >>> X = torch.tensor([[0.0], [0.1], [5.0], [5.1], [9.0], [9.1]])
        >>> int(choose_k(X, "kmeans", [2, 3, 4]).idxmax())
        3
    """
    points = sample(X, SILHOUETTE_ROWS)
    means = {k: silhouette(points, fit(points, model, k, seed=seed)) for k in candidates}
    return pd.Series(means, name="silhouette").rename_axis("K")


def silhouette(X, model):
    """Mean silhouette of points X (n, D) in a fitted model, 0 if it cannot be told."""
    points = sample(X, SILHOUETTE_ROWS)
    cluster = network(model).decision(points)
    found = len(cluster.unique())
    return float(silhouette_score(points, cluster)) if 1 < found < len(points) else 0.0


def network(model):
    """What measures distances and decides: the fitted model, or the network of the kernel one."""
    return model.neuralize() if hasattr(model, "neuralize") else model
