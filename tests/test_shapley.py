"""Exact Shapley values against their definition, over all orders, one point at a time."""

import itertools
import math

import pytest
import torch

from neon import NeuralizedKMeans, flip
from utils.evaluation.protocol import problem
from utils.evaluation.shapley import coalitions, conditional_shapley, shapley, share_out

F64 = torch.float64


def expected(problem, x, c, kept, rows, gamma, survival):
    """What is expected of a point of which only some features are known, row by row."""
    total = weights = 0.0
    for row in rows:
        mixed = torch.tensor([x[i] if i in kept else row[i] for i in range(len(x))], dtype=F64)
        distance = ((mixed - problem.centroids) ** 2).sum(-1)
        f = min(distance[k] - distance[c] for k in range(len(distance)) if k != c)
        weight = math.exp(-gamma * sum(float(x[i] - row[i]) ** 2 for i in kept))
        total += weight * (float(f > 0) if survival else float(f))
        weights += weight
    return total / weights


def over_all_orders(game, D):
    values = torch.zeros(D, dtype=F64)
    for order in itertools.permutations(range(D)):
        for place, i in enumerate(order):
            gain = game(frozenset(order[: place + 1])) - game(frozenset(order[:place]))
            values[i] += gain / math.factorial(D)
    return values


@pytest.mark.parametrize("survival", [False, True])
@pytest.mark.parametrize("stretch", [0.0, 1.0])
def test_conditional_shapley_is_the_mean_gain_over_all_orders(survival, stretch):
    iris = problem("iris", 0)
    rows, gamma = iris.background(25), stretch * iris.gamma
    X, cluster = iris.X[:3], iris.cluster[:3]
    got = conditional_shapley(iris.centroids, X, cluster, rows, gamma=gamma, survival=survival)
    for values, x, c in zip(got, X, cluster, strict=True):
        games = {
            kept: expected(iris, x, c, kept, rows, gamma, survival)
            for size in range(5)
            for kept in map(frozenset, itertools.combinations(range(4), size))
        }
        torch.testing.assert_close(values, over_all_orders(games.get, 4))


@pytest.mark.parametrize("survival", [False, True])
def test_the_game_is_the_one_that_the_kde_test_plays(survival):
    wine = problem("wine", 0)
    x, c, rows = wine.X[:1], wine.cluster[:1], wine.background(200)
    order = torch.arange(13.0, 0, -1, dtype=F64)[None]  # feature 0 goes first
    flipped = flip(wine.logit, x, c, order, rows, gamma=wine.gamma)
    left = (flipped.survival if survival else flipped.logit)[0]
    values = conditional_shapley(wine.centroids, x, c, rows, gamma=wine.gamma, survival=survival)
    torch.testing.assert_close(values.sum(), left[0] - left[-1])


def test_blocks_of_subsets_change_nothing(monkeypatch):
    iris = problem("iris", 1)
    arguments = iris.centroids, iris.X, iris.cluster, iris.background(50)
    whole = conditional_shapley(*arguments, gamma=iris.gamma)
    monkeypatch.setattr("utils.evaluation.shapley.CELLS", 300)  # three subsets at a time
    torch.testing.assert_close(conditional_shapley(*arguments, gamma=iris.gamma), whole)


def test_without_weights_it_is_the_shapley_value_of_the_logit():
    wine = problem("wine", 2)
    x, c, rows = wine.X[0], wine.cluster[0], wine.background(5)
    wanted = shapley(lambda points: wine.logit(points, c.expand(len(points))), x, rows)
    got = conditional_shapley(wine.centroids, x[None], c[None], rows)[0]
    torch.testing.assert_close(got, wanted)


def test_two_clusters_and_one_row_give_gradient_times_difference():
    mu = torch.tensor([[0.0, 0.0], [2.0, 1.0]], dtype=F64)
    x, row = torch.tensor([[0.3, 0.5]], dtype=F64), torch.tensor([[1.0, 4.0]], dtype=F64)
    w = NeuralizedKMeans(mu).weight[0, 0]
    got = conditional_shapley(mu, x, torch.tensor([0]), row, gamma=3.0)
    torch.testing.assert_close(got, w * (x - row))


def test_shares_of_two_players():
    nothing, second, first, both = 1.0, 2.0, 5.0, 10.0
    game = torch.tensor([nothing, second, first, both])
    assert coalitions(2).tolist() == [[False, False], [False, True], [True, False], [True, True]]
    assert share_out(game).tolist() == [6.0, 3.0]


@pytest.mark.parametrize("survival", [False, True])
def test_too_many_features_are_refused(survival):
    with pytest.raises(ValueError, match="`x` must have at most 13 features; got 14"):
        shapley(lambda X: X.sum(-1), torch.zeros(14), torch.zeros(1, 14))
    with pytest.raises(ValueError, match="`x` must have at most 13 features; got 14"):
        conditional_shapley(
            torch.zeros(2, 14), torch.zeros(1, 14), torch.zeros(1).long(), torch.zeros(1, 14),
            survival=survival,
        )  # fmt: skip
