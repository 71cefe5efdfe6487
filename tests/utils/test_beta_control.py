"""The control of notebook 04: what it shows is what `explain` says."""

import io

import pytest
import torch
from matplotlib import rc_context
from matplotlib.image import imread

from neon import beta_heuristic, explain
from neon.report.style import use_style
from utils.explorable.control import BetaControl
from utils.explorable.scene import STIFFNESS


@pytest.fixture(autouse=True, scope="module")
def look():
    """The look of the notebooks, whatever other tests left behind."""
    with rc_context():
        use_style()
        yield


@pytest.fixture(scope="module")
def control(look, model, wine):
    return BetaControl(model, wine, 60, noun="wine")


@pytest.mark.parametrize("b", [0.0, STIFFNESS[7], 1.0, float("inf")])
def test_bars_are_the_relevances(control, model, wine, b):
    control.point.value, control.beta.value = 95, b
    explanation = explain(model, wine.X, beta=b * beta_heuristic(model, wine.X))
    shown = torch.tensor([bar.get_width() for bar in control.canvas.bars], dtype=torch.float64)
    torch.testing.assert_close(shown, explanation.relevance[95])
    assert f"{explanation.logit[95]:.4f}" in control.canvas.title.get_text()


@pytest.mark.parametrize("b", STIFFNESS)
def test_shares_are_those_of_the_competitors(control, model, wine, b):
    control.point.value, control.beta.value = 60, b
    shown = torch.tensor([bar.get_width() for bar in control.canvas.shares], dtype=torch.float64)
    distance = model.distances(wine.X[60:61])[0]
    own = distance.argmin()
    weight = torch.zeros_like(distance)
    others = torch.arange(len(distance)) != own
    if b == float("inf"):
        weight[distance.masked_fill(~others, float("inf")).argmin()] = 1
    else:
        stiffness = b * beta_heuristic(model, wine.X)
        weight[others] = torch.exp(-stiffness * (distance[others] - distance[others].min()))
    torch.testing.assert_close(shown, weight / weight.sum())
    mean = torch.from_numpy(control.canvas.mean.get_xydata()[0])
    torch.testing.assert_close(mean, shown @ torch.from_numpy(control.scene.centre))


def test_every_move_changes_words_and_picture(control):
    seen = set()
    for point, b in [(60, 0.0), (60, 1.0), (60, float("inf")), (92, float("inf"))]:
        control.point.value, control.beta.value = point, b
        seen.add((control.sentence.value, control.picture.value))
        assert f"wine {point}, in the cluster of cultivar 2, at β = " in control.sentence.value
    assert len({words for words, _ in seen}) == len({picture for _, picture in seen}) == 4


def test_picture_does_not_depend_on_the_way_to_it(control, model, wine):
    control.point.value, control.beta.value = 95, 0.0
    control.point.value, control.beta.value = 60, 1.0
    assert control.picture.value == BetaControl(model, wine, 60, noun="wine").picture.value


def test_alternative_text(control):
    control.point.value, control.beta.value = 60, 1.0
    assert 'role="status"' in control.sentence.value
    assert 'alt="Relevances, shares and plane: wine 60, in the cluster' in control.picture.value


def test_a_reader_without_a_kernel_gets_picture_and_words(control):
    control.point.value, control.beta.value = 60, 1.0
    bundle = control._repr_mimebundle_()
    assert bundle["text/plain"].startswith("wine 60, in the cluster of cultivar 2, at β = 1.82: ")
    png = control.canvas.draw(60, STIFFNESS.index(1.0))
    assert imread(io.BytesIO(png)).shape == (392, 760, 4)
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == control.model_id
