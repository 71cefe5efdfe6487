"""A control for a notebook: drag β, choose a point, and watch its explanation change."""

import base64
import html
import io

import ipywidgets as widgets
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imsave

from neon.report.pictures import RELEVANCE
from neon.report.style import AGAINST, FOR, GREY
from utils.explorable.scene import STIFFNESS, Scene, number


class BetaControl(widgets.VBox):
    """Slider for β and chooser of a point, over bars of its relevances and the plane it lies in.

    Args:
        model: a fitted `KMeans`.
        dataset: the `utils.data.Dataset` it was fitted to.
        point: number of the point to start with.
        noun: what a point is.
    """

    def __init__(self, model, dataset, point, *, noun="point"):
        self.scene = Scene(model, dataset, noun)
        self.canvas = Canvas(self.scene)
        self.point = widgets.Dropdown(
            options=[(f"{noun} {i}", i) for i in range(len(dataset.X))], value=point,
            description=noun, layout={"width": "220px"},
        )  # fmt: skip
        self.beta = widgets.SelectionSlider(
            options=[(number(b) + " (heuristic)" * (b == 1), b) for b in STIFFNESS], value=1.0,
            description="β · mean f", layout={"width": "460px"},
        )  # fmt: skip
        self.sentence, self.picture = widgets.HTML(), widgets.HTML()
        super().__init__([widgets.HBox([self.point, self.beta]), self.sentence, self.picture])
        self.point.observe(self.show, "value")
        self.beta.observe(self.show, "value")
        self.show()

    def show(self, change=None):
        """Draw the chosen point at the chosen stiffness, and say the same in words."""
        chosen = self.point.value, STIFFNESS.index(self.beta.value)
        sentence = html.escape(self.scene.sentence(*chosen))
        picture = base64.b64encode(self.canvas.draw(*chosen)).decode()
        self.sentence.value = f'<p role="status">{sentence}</p>'
        self.picture.value = (
            f'<img alt="Relevances, shares and plane: {sentence}" decoding="sync" '
            f'style="max-width: 100%" src="data:image/png;base64,{picture}">'
        )

    def _repr_mimebundle_(self, **kwargs):
        """Add a picture and words for whoever reads the notebook without running it."""
        chosen = self.point.value, STIFFNESS.index(self.beta.value)
        picture = base64.b64encode(self.canvas.draw(*chosen)).decode()
        words = {"text/plain": self.scene.sentence(*chosen), "image/png": picture}
        return super()._repr_mimebundle_(**kwargs) | words


class Canvas:
    """One figure, of which only what moves is drawn again."""

    def __init__(self, scene):
        self.scene, D, K = scene, scene.relevance.shape[-1], len(scene.colour)
        self.agg = FigureCanvasAgg(Figure(figsize=(9.5, 4.9), dpi=80))
        axes = self.agg.figure.subplot_mosaic(
            [["bars", "shares"], ["bars", "plane"]],
            height_ratios=[0.7 + 0.25 * K, 4], width_ratios=[5, 4],
        )  # fmt: skip
        self.bars_axes, shares, plane = axes["bars"], axes["shares"], axes["plane"]
        self.bars = self.bars_axes.barh(range(D), np.zeros(D))
        self.zero = self.bars_axes.axvline(0, color="black", lw=0.8)
        self.bars_axes.set_yticks(range(D), scene.names)
        self.bars_axes.invert_yaxis()
        self.bars_axes.set_xlabel(RELEVANCE)
        self.bars_axes.locator_params(axis="x", nbins=6)
        self.title = self.bars_axes.set_title("\n")  # two lines

        self.shares = shares.barh(range(K), np.zeros(K), color=scene.colour)
        shares.set_yticks(range(K), scene.cluster_name)
        shares.invert_yaxis()
        shares.set_xlim(0, 1)
        shares.set_title("shares $p_k$ of the competitors")

        self.lines = [plane.plot([], [], color=GREY)[0] for _ in range(K)]
        self.centres = []
        for k, (colour, marker) in enumerate(zip(scene.colour, scene.marker, strict=True)):
            kin = scene.place[scene.cluster == k]
            plane.scatter(*kin.T, s=16, alpha=0.35, lw=0, color=colour, marker=marker)
            self.centres += plane.plot(*scene.centre[k], marker, color=colour, mec="black", ms=10)
        ring = {"mfc": "none", "mec": "black", "ms": 11, "mew": 2}
        (self.point,) = plane.plot([], [], "o", label="the point", **ring)
        (self.mean,) = plane.plot([], [], "X", color="black", ms=9, label="$Σ p_kμ_k$")
        plane.legend(loc="lower left", fontsize=9)
        plane.set_xlabel(f"first principal component ({scene.ratio[0]:.0%})")
        plane.set_ylabel(f"second ({scene.ratio[1]:.0%})")
        plane.set_aspect("equal", "datalim")
        self.agg.draw()  # finds a layout, which another draw would change by a hair: it stays
        self.agg.figure.set_layout_engine("none")
        plane.set(xlim=plane.get_xlim(), ylim=plane.get_ylim(), aspect="auto")
        self.moving = [*self.bars, self.zero, self.title, *self.shares, *self.lines]
        self.moving += [*self.centres, self.point, self.mean]
        for artist in self.moving:
            artist.set_animated(True)  # left out of what stays
        self.still = None, None  # point, pixels

    def draw_still(self, i):
        """Draw and keep all that is the same for a point at every β."""
        limit = 1.05 * float(self.scene.relevance[i].abs().max()) or 1.0
        self.bars_axes.set_xlim(-limit, limit)
        self.agg.draw()
        self.still = i, self.agg.copy_from_bbox(self.agg.figure.bbox)

    def draw(self, i, step):
        """Return the picture (PNG) of point i at place `step` of `STIFFNESS`."""
        scene = self.scene
        R, p, x = scene.relevance[i, step], scene.share[i, step], scene.place[i]
        for bar, value in zip(self.bars, R.tolist(), strict=True):
            bar.set(width=value, color=FOR if value >= 0 else AGAINST)
        name = scene.cluster_name[scene.cluster[i]]
        self.title.set_text(
            f"{scene.noun} {i}, in the cluster of {name}\n"
            f"logit {scene.logit[i]:.4f}, β = {number(STIFFNESS[step] * scene.scale)}"
        )
        for bar, line, share, centre in zip(
            self.shares, self.lines, p.tolist(), scene.centre, strict=True
        ):
            bar.set_width(share)
            line.set_data(*zip(x, centre, strict=True))
            line.set_linewidth(6 * share)
        self.point.set_data(*x[:, None])
        self.mean.set_data(*(p.numpy() @ scene.centre)[:, None])

        if self.still[0] != i:
            self.draw_still(i)
        self.agg.restore_region(self.still[1])
        for artist in self.moving:
            self.agg.figure.draw_artist(artist)
        buffer = io.BytesIO()
        imsave(buffer, self.agg.buffer_rgba(), metadata={"Software": None})
        return buffer.getvalue()
