"""Figures are written whole, only when they changed, and compared by what they show."""

import json
import os
import tomllib

from neon.report.style import render
from utils.figures.fingerprint import differences, fingerprint
from utils.files import FIGURES, digest, write_whole


def manifest(folder=FIGURES):
    """Figures that the notebooks make: name → label, notebook, what it shows, published figure.

    Example:
        >>> manifest()["01_wine_clusters"]["notebook"]
        '01_wine_and_kmeans'
    """
    entries = tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))["figure"]
    return {entry["name"]: entry for entry in entries}


def save_figure(figure, name, *, save=False, folder=FIGURES):
    """Write a figure as PNG, SVG and fingerprint, or compare it with the one that is stored.

    With the environment variable NEON_FIGURES=check, which the tests set, nothing is written and
    a figure that shows something else than the stored one is an error.

    Args:
        figure: matplotlib Figure.
        name: its name in `figures/manifest.toml`.
        save: write the files, unless those that are there already show the same.
        folder: where the figures and their manifest are.

    Raises:
        KeyError: the name is not in the manifest.
        AssertionError: the figure differs from the stored one; the message lists where.
    """
    if name not in manifest(folder):
        raise KeyError(f"`name` must be a figure of figures/manifest.toml; got {name!r}. Add it.")
    figure.canvas.draw()  # tick labels are only known once drawn
    shown = fingerprint(figure)
    if os.environ.get("NEON_FIGURES") == "check":
        problems = stored_state(name, folder) or differences(stored(name, folder), shown)
        assert not problems, f"{name}: " + "; ".join(problems[:5])
    elif save and (stored_state(name, folder) or differences(stored(name, folder), shown)):
        files = {suffix: render(figure, suffix) for suffix in ("png", "svg")}
        for suffix, content in files.items():
            write_whole(folder / f"{name}.{suffix}", content)
        record = {"sha256": {s: digest(content) for s, content in files.items()}, "shows": shown}
        text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
        write_whole(folder / f"{name}.json", text.encode())


def stored(name, folder=FIGURES):
    """Fingerprint that is stored for a figure."""
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["shows"]


def recorded(name, folder=FIGURES):
    """Hashes of the pictures that were written with the fingerprint, or None if there is none."""
    path = folder / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))["sha256"] if path.exists() else None


def stored_state(name, folder=FIGURES):
    """List what is wrong with the files of a figure: missing, or not the picture recorded.

    Returns:
        list of str, empty if PNG and SVG are those that were written with the fingerprint.
    """
    paths = {suffix: folder / f"{name}.{suffix}" for suffix in ("png", "svg", "json")}
    missing = [
        f"{path.name} is missing: run `make figures`"
        for path in paths.values()
        if not path.exists()
    ]
    if missing:
        return missing
    return [
        f"{paths[suffix].name} is not the picture that was recorded: run `make figures`"
        for suffix, wanted in recorded(name, folder).items()
        if digest(paths[suffix].read_bytes()) != wanted
    ]
