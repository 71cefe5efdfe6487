"""Pictures of results show the numbers of the tables."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris

from neon import NeonExplainer
from utils.figures.results import plot_beeswarm, plot_cluster_map, plot_point


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def result():
    X = load_iris(as_frame=True).data
    X["constant"] = 1.0
    start = X.iloc[[0, 50, 100]].to_numpy()
    return NeonExplainer(KMeans(3, init=start, n_init=1)).fit(X).explain(X)


def test_bars_are_the_relevances_largest_first(result):
    axes = plot_point(result, 70).axes[0]
    widths = np.array([bar.get_width() for bar in axes.patches])
    expected = result.pointwise.loc[70].sort_values(key=abs, ascending=False)
    np.testing.assert_array_equal(widths, expected)
    largest = expected.index[0]
    label = f"{largest} = {result.values.loc[70, largest]:.4g}"
    assert axes.get_yticklabels()[0].get_text() == label


def test_heat_map_is_per_cluster(result):
    axes = plot_cluster_map(result).axes[0]
    np.testing.assert_array_equal(axes.images[0].get_array(), result.per_cluster)
    assert [t.get_text() for t in axes.get_yticklabels()][1] == "cluster 1 (62 points)"


def test_beeswarm_holds_every_relevance_and_shades_by_value(result):
    axes = plot_beeswarm(result).axes[0]
    dots = axes.collections[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == list(result.overall.absolute.sort_values(ascending=False).index)
    R = result.pointwise[names].to_numpy()
    np.testing.assert_array_equal(dots.get_offsets()[:, 0], R.ravel())
    rows = dots.get_offsets()[:, 1].reshape(R.shape)
    assert abs(rows - np.arange(5)).max() <= 0.42, "rows do not touch"
    shade = dots.get_array().reshape(R.shape)
    assert shade[:, :4].min(0).tolist() == [0] * 4
    assert shade[:, :4].max(0).tolist() == [1] * 4
    assert not shade[:, 4].any(), "a feature without spread has no shade, and no warning"
