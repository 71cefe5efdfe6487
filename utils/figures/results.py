"""Pictures of `NeonExplainer` results: one point, the clusters, and all points at once."""

import matplotlib.pyplot as plt
import numpy as np

from neon.report.pictures import plot_relevance_map
from neon.report.style import AGAINST, FOR

UNIT = "relevance $R_i$ (squared distance)"


def plot_point(result, row):
    """Draw the relevances of one point as bars, labelled with its values, largest first.

    Args:
        result: what `NeonExplainer.explain` returns.
        row: name of the point in the index of `result.pointwise`.
    """
    R, x = result.pointwise.loc[row], result.values.loc[row]
    R = R.sort_values(key=abs, ascending=False)
    figure, axes = plt.subplots(figsize=(6, 0.9 + 0.32 * len(R)))
    places = np.arange(len(R))
    axes.barh(places, R, color=np.where(R >= 0, FOR, AGAINST))
    axes.set_yticks(places, [f"{name} = {x[name]:.4g}" for name in R.index])
    axes.invert_yaxis()
    axes.axvline(0, color="black", lw=0.8)
    axes.set_xlabel(UNIT)
    axes.set_title(f"{row}: cluster {result.cluster[row]}, logit {result.logit[row]:.4g}")
    return figure


def plot_cluster_map(result):
    """Draw the mean relevance of each feature in each cluster as a heat map with numbers."""
    table, sizes = result.per_cluster, result.cluster.value_counts()
    names = [f"cluster {c} ({sizes[c]} points)" for c in table.index]
    return plot_relevance_map(table, names, table.columns, values=True, label=f"mean {UNIT}")


def plot_beeswarm(result, *, bins=60):
    """Draw every relevance of every point: a row a feature, the colour its value.

    Rows are sorted by mean absolute relevance. The colour runs from the smallest value of the
    feature to its largest; points of about equal relevance are stacked.

    Args:
        result: what `NeonExplainer.explain` returns.
        bins: intervals of the relevance axis within which points are stacked.
    """
    order = result.overall.absolute.sort_values(ascending=False, kind="stable").index
    R, X = result.pointwise[order].to_numpy(), result.values[order].to_numpy()
    span = np.ptp(X, axis=0)
    shade = (X - X.min(0)) / np.where(span > 0, span, 1)
    offset = np.stack([stacked(column, R.min(), R.max(), bins) for column in R.T], axis=1)
    rows = np.arange(len(order)) + 0.42 * offset / max(offset.max(), 1)

    figure, axes = plt.subplots(figsize=(8, 1.2 + 0.7 * len(order)))
    axes.axvline(0, color="black", lw=0.8)
    dots = axes.scatter(
        R.ravel(), rows.ravel(), c=shade.ravel(), cmap="cividis", vmin=0, vmax=1,
        s=22, edgecolors="white", linewidths=0.4,
    )  # fmt: skip
    axes.set_yticks(range(len(order)), order)
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.set_xlabel(UNIT)
    bar = figure.colorbar(dots, label="value of the feature", aspect=30, pad=0.01)
    bar.set_ticks([0, 1], labels=["low", "high"])
    return figure


def stacked(values, low, high, bins):
    """Place the values of each interval beside each other: 0, 1, −1, 2, … as they come.

    Example:
        >>> stacked(np.array([0.0, 0.1, 1.0, 0.2]), 0.0, 1.0, bins=2).tolist()
        [0.0, 1.0, 0.0, -1.0]
    """
    edges = np.linspace(low, high, bins + 1)[1:-1]
    interval = np.digitize(values, edges)
    rank = np.array([(interval[:i] == b).sum() for i, b in enumerate(interval)])
    return np.ceil(rank / 2) * np.where(rank % 2, 1, -1) + 0.0
