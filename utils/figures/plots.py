"""The pictures that several notebooks draw. Each function returns the figure that it drew."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from sklearn.decomposition import PCA

from neon.evaluation.ties import first_largest
from neon.report.pictures import RELEVANCE, plot_relevance_map
from neon.report.style import AGAINST, CLUSTERS, FOR, GREY, MARKERS

__all__ = [
    "MARKERS",
    "RELEVANCE",
    "plot_clusters",
    "plot_explanation",
    "plot_images",
    "plot_relevance_map",
    "plot_waterfall",
]


def plot_clusters(X, cluster, y, class_names, *, numbered=()):
    """Draw points in the plane of their two principal components.

    Args:
        X: (n, D) points.
        cluster: (n,) clusters, matched to classes: they colour the faces.
        y: (n,) classes: they colour the edges and choose the marker.
        class_names: names of the classes.
        numbered: points to write the number of.
    """
    pca = PCA(n_components=2).fit(X)
    Z = pca.transform(X)
    figure, axes = plt.subplots(figsize=(7.5, 5))
    for c in range(len(class_names)):
        here = np.asarray(y == c)
        faces = [CLUSTERS[k] for k in np.asarray(cluster)[here]]
        axes.scatter(*Z[here].T, c=faces, edgecolors=CLUSTERS[c], linewidths=2,
                     marker=MARKERS[c], s=48)  # fmt: skip
    for i, place in zip(numbered, free_places(Z, numbered), strict=True):
        axes.annotate(
            str(i), Z[i], place, ha="center", va="center",
            fontsize=9, arrowprops={"arrowstyle": "-", "color": "black", "lw": 0.7}, zorder=4,
            bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.85},
        )  # fmt: skip
    entries = [
        Line2D([], [], ls="", marker=MARKERS[c], mfc=CLUSTERS[c], mec=CLUSTERS[c], label=name)
        for c, name in enumerate(class_names)
    ]
    axes.legend(handles=entries, title="edge, marker: class\nface: cluster", loc="best")
    ratio = pca.explained_variance_ratio_
    axes.set_xlabel(f"first principal component ({ratio[0]:.0%} of the variance)")
    axes.set_ylabel(f"second ({ratio[1]:.0%})")
    axes.set_aspect("equal")
    return figure


def free_places(Z, chosen):
    """Places (len(chosen), 2) for labels of chosen points: near them, far from all else."""
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    around = 0.11 * np.ptp(Z) * np.column_stack([np.cos(angles), np.sin(angles)])
    taken = Z
    for i in chosen:
        places = Z[i] + around
        gaps = np.linalg.norm(places[:, None] - taken, axis=-1).min(-1)
        taken = np.vstack([taken, places[first_largest(gaps)]])
    return taken[len(Z) :]


def plot_explanation(x, R, feature_names=None, vlim=None, title=None):
    """Draw a data point beside the relevance of its features.

    Args:
        x: (D,) point, scaled.
        R: (D,) relevances.
        feature_names: D names; numbers by default.
        vlim: the relevance axis runs from −vlim to vlim; by default as far as R needs.
        title: written over the figure.
    """
    x, R = np.asarray(x, dtype=float), np.asarray(R, dtype=float)
    if feature_names is None:
        feature_names = [str(i) for i in range(len(x))]
    vlim = float(vlim) if vlim is not None else 1.1 * abs(R).max() or 1.0
    figure, (left, right) = plt.subplots(
        1, 2, sharey=True, figsize=(7.5, 0.6 + 0.27 * max(len(x), 5))
    )
    rows = np.arange(len(x))
    left.barh(rows, x, color=GREY)
    left.set_yticks(rows, [name.replace("_", " ") for name in feature_names])
    left.invert_yaxis()
    left.set_xlim(min(0, 1.05 * x.min()), max(1.05, 1.05 * x.max()))
    left.set_xlabel("data point $x_i$ (scaled)")
    right.barh(rows, R, color=np.where(R >= 0, FOR, AGAINST))
    right.axvline(0, color="black", lw=0.8)
    right.set_xlim(-vlim, vlim)
    right.set_xlabel(RELEVANCE)
    figure.suptitle(title or "")
    return figure


def plot_waterfall(R, feature_names, *, total, title=None):
    """Draw relevances as steps, largest first, that lead from 0 to the logit.

    Args:
        R: (D,) relevances.
        feature_names: D names.
        total: name of the sum, written at the last bar.
        title: written over the axes.
    """
    R = np.asarray(R, dtype=float)
    order = np.argsort(-R)
    ends = R[order].cumsum()
    figure, axes = plt.subplots(figsize=(7.5, 0.9 + 0.27 * len(R)))
    rows = np.arange(len(R))
    axes.barh(rows, R[order], left=ends - R[order], color=np.where(R[order] >= 0, FOR, AGAINST))
    axes.barh(len(R), ends[-1], color="black")
    axes.vlines(ends, rows - 0.4, rows + 1.4, color=GREY, lw=0.8)
    axes.set_yticks([*rows, len(R)], [*np.asarray(feature_names)[order], total])
    axes.invert_yaxis()
    axes.axvline(0, color="black", lw=0.8)
    axes.margins(x=0.04)
    for edge in axes.containers[0]:
        edge.sticky_edges.x.clear()  # matplotlib would cut the margin off where bars end
    axes.set_xlabel("running sum of " + RELEVANCE)
    axes.set_title(title or "")
    return figure


def plot_images(images, R, titles, *, label=RELEVANCE):
    """Draw images over the heat maps of their relevance, red for and blue against.

    Args:
        images: (n, H, W) grey values, dark is high.
        R: (n, H, W) relevances, all on one symmetric scale.
        titles: n titles, one over each image.
        label: written at the colour bar.
    """
    images, R = np.asarray(images, dtype=float), np.asarray(R, dtype=float)
    limit = abs(R).max() or 1.0
    n = len(images)
    figure, axes = plt.subplots(2, n, figsize=(1.1 * n + 1.4, 3), squeeze=False)
    for column, image, relevance, title in zip(axes.T, images, R, titles, strict=True):
        column[0].imshow(image, cmap="Greys", vmin=0, vmax=images.max())
        shown = column[1].imshow(relevance, cmap="RdBu_r", vmin=-limit, vmax=limit)
        column[0].set_title(title, fontsize=9)
        for one in column:
            one.set_xticks([])
            one.set_yticks([])
            one.spines[:].set(visible=True, color=GREY, linewidth=0.6)
    figure.colorbar(shown, ax=axes, label=label, shrink=0.9)
    return figure
