"""Describe clusters: in words, by typical and borderline rows, error bars, and borders."""

import numpy as np
import pandas as pd
import torch

from neon import counterfactual, stability
from neon.evaluation.ties import ascending
from neon.report.clustering import fit, network, sample

STABILITY_ROWS = 1_000
STABILITY_CELLS = 1_000_000  # rows × columns of the sample that is fitted again


def words(X, explanation, n_clusters, *, most=3):
    """Name each cluster by the features that speak for it most, and whether they are high or low.

    Args:
        X: (n, D) DataFrame in original units.
        explanation: `Explanation` of its points.
        n_clusters: K.
        most: words at most.

    Returns:
        list of K names, such as "high flavanoids, low hue".
    """
    names, mean = [], X.to_numpy().mean(0)
    for c in range(n_clusters):
        here = np.asarray(explanation.cluster == c)
        if not here.any():
            names.append("empty")
            continue
        R = np.asarray(explanation.relevance)[here].mean(0)
        top = [i for i in ascending(-R)[:most] if R[i] > 0.1 * R.max() > 0]
        side = np.where(X.to_numpy()[here].mean(0) > mean, "high", "low")
        names.append(", ".join(f"{side[i]} {X.columns[i]}" for i in top) or "nothing in particular")
    return names


def members(X, model, explanation, n_clusters, *, count=3):
    """Rows of each cluster that are nearest to its centre, and those with the lowest logits.

    Returns:
        DataFrame, a row a cluster: typical and borderline rows, lists of `count`.
    """
    typical, borderline = [], []
    for c in range(n_clusters):
        here = (explanation.cluster == c).nonzero()[:, 0]
        own = network(model).distances(X[here])[:, c]
        logit = explanation.logit[here]
        typical.append(here[ascending(own)[:count]].tolist())
        borderline.append(here[ascending(logit)[:count]].tolist())
    return pd.DataFrame({"typical": typical, "borderline": borderline})


def bootstrap(X, model, *, repeats=20, beta="heuristic"):
    """Fit again to resamples of at most 1 000 rows, and see what moves.

    k-means starts from the centres that are judged, so that the question is what other rows of
    the same kind would have said, not what another start would.

    Returns:
        `neon.Stability`, and the positions (m,) of the rows that were judged.
    """
    rows = min(STABILITY_ROWS, max(50, STABILITY_CELLS // X.shape[1]))
    places = sample(torch.arange(len(X)), rows)

    def refit(points, seed):
        if seed == 0:
            return model
        start = None if hasattr(model, "neuralize") else model.centroids
        kind = "kmeans" if start is not None else "kernel"
        return fit(points, kind, model.n_clusters, start=start, seed=seed)

    return stability(refit, X[places], repeats=repeats, beta=beta, seed=0), places


def borders(table, X, model, back, rows, *, most=3):
    """The nearest point at which each of the given rows would change its cluster.

    Args:
        table: (n, D) DataFrame in original units.
        X: (n, D) tensor, scaled.
        model: fitted k-means.
        back: takes scaled points back to original units.
        rows: names of rows in the index of the table.
        most: features to list for each row, those that move furthest in scaled units.

    Returns:
        DataFrame with a line for each listed change: row, feature, value, value at the border.
    """
    places = table.index.get_indexer(rows)
    there = counterfactual(model, X[places])
    lines = []
    for place, old, new, units in zip(places, X[places], there, back(there), strict=True):
        for i in ascending(-(new - old).abs())[:most].tolist():
            name = table.columns[i]
            lines.append((table.index[place], name, table[name].iloc[place], units[i]))
    return pd.DataFrame(lines, columns=["row", "feature", "value", "at the border"])


def tick(name):
    r"""Name as a short label of a figure, in which a dollar sign is no mathematics.

    Example:
        >>> tick("price in $")
        'price in \\$'
    """
    line = " ".join(str(name).split())
    return (line if len(line) <= 30 else line[:29] + "…").replace("$", r"\$")
