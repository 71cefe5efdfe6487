"""Data, matching and tables."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from utils.data import load
from utils.figures.diagrams import draw_network
from utils.figures.plots import (
    plot_clusters,
    plot_explanation,
    plot_images,
    plot_relevance_map,
    plot_waterfall,
)
from utils.matching import accuracy, match
from utils.tables import table


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_wine_is_scaled_and_named():
    wine = load("wine")
    assert wine.X.shape == wine.raw.shape == (178, 13)
    assert wine.X.amin(0).tolist() == [0.0] * 13
    assert wine.X.amax(0).sum().item() == pytest.approx(13)
    assert wine.class_names == ["cultivar 0", "cultivar 1", "cultivar 2"]
    assert torch.equal(load("iris", scaled=False).X, load("iris").raw)
    with pytest.raises(ValueError, match="`name` must be one of"):
        load("beer")


@pytest.mark.parametrize(
    ("name", "shape", "classes", "first"),
    [("breast_cancer", (569, 30), 2, "mean radius"), ("digits", (1797, 64), 10, "pixel 0,0")],
)
def test_larger_sets_are_scaled_and_named(name, shape, classes, first):
    data = load(name)
    assert data.X.shape == shape
    assert (data.X.min().item(), data.X.max().item()) == pytest.approx((0, 1))
    assert data.X.isfinite().all(), "some pixels are black in all images"
    assert len(data.class_names) == len(data.y.unique()) == classes
    assert data.feature_names[0] == first


def test_images_share_one_symmetric_scale():
    R = np.array([[[0.1, -0.4]], [[0.2, 0.0]]])
    figure = plot_images(np.ones((2, 1, 2)), R, ["a", "b"], label="share")
    maps = [axes.images[0] for axes in figure.axes[2:4]]
    assert {image.get_clim() for image in maps} == {(-0.4, 0.4)}
    assert [image.get_array().tolist() for image in maps] == R.tolist()
    assert figure.axes[-1].get_ylabel() == "share"


def test_matching_is_one_to_one():
    y = torch.tensor([0, 0, 0, 1, 1, 2])
    cluster = torch.tensor([2, 2, 1, 1, 1, 0])
    assert match(cluster, y).tolist() == [2, 1, 0]
    assert accuracy(cluster, y) == pytest.approx(5 / 6)


def test_matching_more_clusters_than_classes():
    matched = match(torch.tensor([0, 0, 1, 2, 2, 2]), torch.tensor([0, 0, 0, 1, 1, 1]))
    assert matched.tolist() == [0, -1, 1]


def test_table_has_no_negative_zero():
    text = table({"R": torch.tensor([-1e-9, 0.5]), "n": [1, torch.tensor(2)]}, index=["a", "b"])
    assert text.splitlines() == ["       R  n", "a 0.0000  1", "b 0.5000  2"]


def test_explanation_of_zero_relevance_can_be_drawn():
    figure = plot_explanation(torch.zeros(3), torch.zeros(3))
    assert figure.axes[1].get_xlim() == (-1.0, 1.0)


def test_bars_show_the_numbers():
    R = np.array([0.3, -0.1, 0.0])
    figure = plot_explanation(np.array([0.1, 0.9, 0.5]), R, ["a", "b", "c"], vlim=0.5)
    left, right = figure.axes
    assert [bar.get_width() for bar in left.patches] == [0.1, 0.9, 0.5]
    assert [bar.get_width() for bar in right.patches] == R.tolist()
    assert right.get_xlim() == (-0.5, 0.5)


def test_waterfall_ends_at_the_sum():
    figure = plot_waterfall([0.3, -0.1, 0.2], ["a", "b", "c"], total="f")
    *steps, total = figure.axes[0].patches
    assert [round(bar.get_width(), 12) for bar in steps] == [0.3, 0.2, -0.1]
    assert total.get_width() == pytest.approx(0.4)


def test_relevance_map_is_symmetric_about_zero():
    figure = plot_relevance_map([[0.1, -0.4]], ["x"], ["a", "b"], values=True)
    assert figure.axes[0].images[0].get_clim() == (-0.4, 0.4)


def test_clusters_and_network_are_drawn(wine, model):
    c = match(model.decision(wine.X), wine.y)[model.decision(wine.X)]
    figure = plot_clusters(wine.X, c, wine.y, wine.class_names, numbered=[60, 61])
    assert sum(len(s.get_offsets()) for s in figure.axes[0].collections) == 178
    drawn = draw_network([["a", "⋮", "b"], ["h"], ["f"]], operations=["sum", "min"])
    assert len(drawn.axes[0].lines) == 2 + 1
