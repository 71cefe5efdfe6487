"""One look for all figures: readable in print, colour-blind-safe, stable to the byte."""

import io

import matplotlib as mpl

# Okabe and Ito's palette, told apart under every common colour blindness
ORANGE, SKY, GREEN, BLUE = "#E69F00", "#56B4E9", "#009E73", "#0072B2"
VERMILION, PURPLE, GREY = "#D55E00", "#CC79A7", "#666666"
CLUSTERS = [BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, GREY]
MARKERS = "osD^v*"  # clusters are told apart without colour too
FOR, AGAINST = "#B2182B", "#2166AC"  # relevance: positive speaks for the cluster, negative against

STYLE = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.prop_cycle": mpl.cycler(color=CLUSTERS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": "medium",
    "figure.constrained_layout.use": True,
    "figure.dpi": 72,
    "font.family": "DejaVu Sans",  # ships with matplotlib, so that every machine has it
    "font.size": 10,
    "grid.alpha": 0.4,
    "grid.linewidth": 0.6,
    "image.cmap": "RdBu_r",
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "savefig.dpi": 160,
    "svg.hashsalt": "neon",  # element ids would be random otherwise
}
# dates and versions would change the bytes from run to run and from machine to machine
METADATA = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}


def use_style():
    """Set matplotlib's defaults to this look; call it once, after the imports."""
    mpl.rcParams.update(STYLE)


def render(figure, suffix):
    """Bytes of a figure as "png" or "svg", the same in every run."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=suffix, metadata=METADATA[suffix])
    return buffer.getvalue()
