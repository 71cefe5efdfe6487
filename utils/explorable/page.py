"""The page on which one drags β without Python: a Sphinx extension that gives it its numbers.

`docs/_static/beta.js` computes explanations from the points and the centroids, and draws them.
"""

import json

from neon import KMeans
from utils.data import load
from utils.explorable.scene import STIFFNESS, Scene

PAGE = "docs/interactive_beta"
START = 60


def numbers():
    """Return what the page's script works on, as JSON; ∞ is null there.

    Example:
        >>> data = json.loads(numbers())
        >>> len(data["points"]), len(data["centroids"]), data["start"], data["beta"][-1]
        (178, 3, 60, None)
    """
    wine = load("wine")
    scene = Scene(KMeans(3, init=wine.X[[66, 75, 54]], n_init=1).fit(wine.X), wine, "wine")
    data = {
        "noun": scene.noun,
        "names": scene.names,
        "points": scene.X.tolist(),
        "centroids": scene.centroids.tolist(),
        "beta": [b * scene.scale for b in STIFFNESS[:-1]] + [None],
        "heuristic": STIFFNESS.index(1.0),
        "clusters": scene.cluster_name,
        "colours": scene.colour,
        "markers": scene.marker,
        "place": scene.place.round(4).tolist(),
        "centre": scene.centre.round(4).tolist(),
        "ratio": scene.ratio.tolist(),
        "start": START,
    }
    return json.dumps(data, ensure_ascii=False, allow_nan=False)


def add_control(app, pagename, templatename, context, doctree):
    """Add script, style and numbers to the one page that needs them."""
    if pagename == PAGE:
        app.add_css_file("beta.css")
        app.add_js_file(None, body=numbers(), type="application/json", id="beta-data")
        app.add_js_file("beta.js", loading_method="defer")


def setup(app):
    """Register it."""
    app.connect("html-page-context", add_control)
    return {"parallel_read_safe": True}
