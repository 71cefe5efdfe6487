"""What a figure shows, as numbers.

Pixels differ with fonts and versions; the data of the artists do not. A fingerprint lists, for
every axes, its words and limits, and for every artist its shape, spread, a few fixed projections
and its colours. Two fingerprints are compared with a tolerance, so that a figure drawn on another
machine agrees and a wrong figure does not.
"""

import numpy as np
from matplotlib.colors import to_rgba_array
from matplotlib.ticker import FixedFormatter

RTOL = 1e-3


def fingerprint(figure):
    """Describe a matplotlib figure by JSON-ready numbers and words.

    Args:
        figure: matplotlib Figure.

    Returns:
        dict with the size, the title and one dict for each axes.
    """
    return {
        "size": numbers(figure.get_size_inches()),
        "title": figure.get_suptitle(),
        "texts": [text.get_text() for text in figure.texts],
        "axes": [describe_axes(axes) for axes in figure.axes],
    }


def describe_axes(axes):
    """Words, limits and artists of one axes."""
    legend = axes.get_legend()
    return {
        "title": axes.get_title(),
        "labels": [axes.get_xlabel(), axes.get_ylabel()],
        "limits": numbers([*axes.get_xlim(), *axes.get_ylim()]),
        "scales": [axes.get_xscale(), axes.get_yscale()],
        "ticks": [named_ticks(axes.xaxis), named_ticks(axes.yaxis)],
        "legend": [t.get_text() for t in legend.get_texts()] if legend else [],
        "texts": [
            {"text": t.get_text(), **coordinates([t.get_position()]),
             "colour": colours(t.get_color())}
            for t in axes.texts
        ],
        "lines": [
            {**coordinates(line.get_xydata()), "style": line.get_linestyle(),
             "marker": str(line.get_marker()), "colour": colours(line.get_color())}
            for line in axes.lines
        ],
        "patches": [
            {**coordinates(patch.get_path().transformed(patch.get_patch_transform()).vertices),
             "colour": colours(patch.get_facecolor(), patch.get_edgecolor())}
            for patch in axes.patches
        ],
        "collections": [describe_collection(collection) for collection in axes.collections],
        "images": [
            {**summary(image.get_array()), "clim": numbers(image.get_clim()),
             "cmap": image.get_cmap().name}
            for image in axes.images
        ],
    }  # fmt: skip


def named_ticks(axis):
    """Tick labels that were set by name; numbered ticks depend on the font and do not count."""
    named = isinstance(axis.get_major_formatter(), FixedFormatter)
    return [tick.get_text() for tick in axis.get_ticklabels()] if named else []


def describe_collection(collection):
    """Points, shapes and colours of a scatter, a mesh, a filled area or a bundle of lines."""
    paths = [path.vertices for path in collection.get_paths()]
    array = collection.get_array()
    return {
        "offsets": coordinates(collection.get_offsets()),
        "paths": coordinates(np.concatenate(paths) if paths else np.empty((0, 2))),
        "sizes": summary(collection.get_sizes() if hasattr(collection, "get_sizes") else []),
        "values": summary([] if array is None else array),
        "cmap": "" if array is None else collection.get_cmap().name,
        "colour": [] if array is not None
        else colours(collection.get_facecolor(), collection.get_edgecolor()),
    }  # fmt: skip


def coordinates(points):
    """Summaries of x and y apart, so that a long axis does not hide a change along the other."""
    x, y = np.ma.asarray(points, dtype=float).reshape(-1, 2).T
    return {"x": summary(x), "y": summary(y)}


def summary(values):
    """Shape, range, mean, spread and three fixed projections of an array."""
    values = np.ma.filled(np.ma.asarray(values, dtype=float), np.nan)
    flat = values[np.isfinite(values)]
    if flat.size == 0:
        return {"shape": list(values.shape), "numbers": []}
    order = np.arange(flat.size)
    projections = [np.cos(step * order) @ flat / flat.size for step in (0.7, 1.9, 2.6)]
    return {
        "shape": list(values.shape),
        "numbers": numbers([flat.min(), flat.max(), flat.mean(), flat.std(), *projections]),
    }


def colours(*given):
    """Mean and spread of colours (RGBA), which tell a recoloured artist from the right one."""
    rgba = np.concatenate([to_rgba_array(colour) for colour in given])
    return numbers([*rgba.mean(0), *rgba.std(0)]) if len(rgba) else []


def numbers(values):
    """Round to floats that print the same everywhere."""
    return [float(f"{float(value):.6g}") + 0.0 for value in values]


def differences(expected, actual, where="figure"):
    """List in words how two fingerprints differ, beyond a tolerance of 1e-3.

    Numbers of one list are compared on the scale of its largest, so that a mean that is zero up
    to rounding does not count as a difference.

    Returns:
        list of str, empty if the figures agree.

    Example:
        >>> differences({"limits": [0.0, 1.0]}, {"limits": [0.0, 1.1]})
        ['figure.limits: expected [0.0, 1.0], got [0.0, 1.1]']
    """
    if isinstance(expected, dict) and isinstance(actual, dict):
        keys = sorted(expected.keys() | actual.keys())
        return [
            line
            for key in keys
            for line in differences(expected.get(key), actual.get(key), f"{where}.{key}")
        ]
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        if all(isinstance(value, float) for value in expected + actual):
            scale = max(map(abs, expected + actual), default=0.0)
            if np.allclose(expected, actual, rtol=RTOL, atol=RTOL * scale):
                return []
        else:
            pairs = zip(expected, actual, strict=True)
            return [
                line for i, pair in enumerate(pairs) for line in differences(*pair, f"{where}[{i}]")
            ]
    return [] if expected == actual else [f"{where}: expected {expected}, got {actual}"]
