"""Drawings of the neuralized networks."""

import matplotlib.pyplot as plt
import numpy as np

from neon.report.style import BLUE, GREEN, GREY, ORANGE


def draw_network(layers, *, operations, title=None, edges=None):
    """Draw a network as columns of named nodes, connected from left to right.

    Args:
        layers: list of lists of node names, the input first; "⋮" is a gap without a node.
        operations: what each layer but the input computes, written under it.
        title: written over the drawing.
        edges: {layer: names of the nodes before it -> name of the one node that each feeds}, for
            the layers that are not fully connected.

    Returns:
        matplotlib Figure.
    """
    figure, axes = plt.subplots(figsize=(2.5 * len(layers), 3.6))
    places = [
        [
            (2.5 * column, y)
            for y in np.linspace(-(len(names) - 1) / 2, (len(names) - 1) / 2, len(names))[::-1]
        ]
        for column, names in enumerate(layers)
    ]
    columns = zip(places, places[1:], layers, layers[1:], strict=False)
    for column, (before, after, names, targets) in enumerate(columns, 1):
        only = (edges or {}).get(column, {})
        for (x0, y0), source in zip(before, names, strict=True):
            for (x1, y1), target in zip(after, targets, strict=True):
                if "⋮" not in (source, target) and only.get(source, target) == target:
                    axes.plot([x0, x1], [y0, y1], color=GREY, lw=0.7, zorder=1)
    colours = [BLUE] + [GREEN] * (len(layers) - 2) + [ORANGE]
    for spots, names, colour in zip(places, layers, colours, strict=True):
        for spot, name in zip(spots, names, strict=True):
            if name != "⋮":
                axes.scatter(*spot, s=900, color="white", edgecolors=colour, linewidths=2, zorder=2)
            axes.text(*spot, name, ha="center", va="center", fontsize=11, zorder=3)
    height = max(len(names) for names in layers) / 2
    for column, words in enumerate(["input", *operations]):
        axes.text(2.5 * column, -height - 0.35, words, ha="center", va="top", fontsize=10)
    axes.set_xlim(-1.1, 2.5 * (len(layers) - 1) + 1.1)
    axes.set_ylim(-height - 1.3, height + 0.3)
    axes.set_axis_off()
    axes.set_title(title or "")
    return figure
