"""The two pictures of a report: what holds rows and clusters together, and how firmly."""

import matplotlib.pyplot as plt
import numpy as np

from neon.report.style import CLUSTERS, MARKERS

RELEVANCE = "relevance $R_i$ (squared distance, scaled units)"


def plot_relevance_map(R, row_names, feature_names, *, title=None, values=False, label=RELEVANCE):
    """Draw relevances as a heat map, red for and blue against, on a symmetric scale.

    Args:
        R: (rows, D) relevances.
        row_names: names of the rows.
        feature_names: D names.
        title: written over the axes.
        values: write the numbers into the cells.
        label: written at the colour bar.
    """
    R = np.asarray(R, dtype=float)
    limit = abs(R).max() or 1.0
    figure, axes = plt.subplots(
        figsize=(max(6.5, 1.5 + 0.5 * R.shape[1]), max(3.7, 2 + 0.32 * len(R)))
    )
    image = axes.imshow(R, vmin=-limit, vmax=limit, aspect="auto", cmap="RdBu_r")
    axes.set_xticks(range(R.shape[1]), feature_names, rotation=40, ha="right")
    axes.set_yticks(range(len(R)), row_names)
    axes.grid(False)
    if values:
        for (i, j), value in np.ndenumerate(R):
            axes.text(j, i, f"{round(value, 2) + 0.0:.2f}", ha="center", va="center", fontsize=8,
                      color="white" if abs(value) > 0.6 * limit else "black")  # fmt: skip
    figure.colorbar(image, label=label.replace(" (", "\n("))
    axes.set_title(title or "")
    return figure


def plot_stability(logit, agreement, cluster):
    """Draw for each point how often it stayed in its cluster, against its logit.

    Args:
        logit: (n,) logits.
        agreement: (n,) shares in [0, 1].
        cluster: (n,) clusters: colour and marker.
    """
    logit, agreement, cluster = (np.asarray(values) for values in (logit, agreement, cluster))
    figure, axes = plt.subplots(figsize=(7.5, 3.6))
    for c in np.unique(cluster):
        here = cluster == c
        axes.scatter(logit[here], agreement[here], s=26, alpha=0.7, linewidths=0.4,
                     color=CLUSTERS[c % len(CLUSTERS)], marker=MARKERS[c % len(MARKERS)],
                     edgecolors="white", label=f"cluster {c}")  # fmt: skip
    axes.set_ylim(-0.03, 1.05)
    axes.set_xlabel("logit $f_c$ (squared distance, scaled units)")
    axes.set_ylabel("share of refits that agree")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure
