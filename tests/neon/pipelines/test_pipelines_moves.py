"""Counterfactuals of a pipeline lie on its boundary, and keep what cannot be taken back."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import Birch, KMeans
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)

import neon
from neon import NeonExplainer
from utils.data import penguin_table

NUMBERS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
WORDS = ["island", "sex"]


@pytest.fixture(scope="module")
def table():
    return penguin_table()[[*NUMBERS, *WORDS]]


@pytest.fixture(scope="module")
def numbers(table):
    return table[NUMBERS].dropna()


def fitted(*steps, X, K=3):
    kmeans = KMeans(K, n_init=3, random_state=0)
    return NeonExplainer(make_pipeline(*steps, kmeans), beta=1).fit(X)


def tie(explainer, X, cluster):
    """Difference of the squared distances to the own centre and to the nearest other."""
    d = explainer.clusterer_.transform(X) ** 2
    own = np.take_along_axis(d, np.asarray(cluster)[:, None], 1)[:, 0]
    np.put_along_axis(d, np.asarray(cluster)[:, None], np.inf, 1)
    return d.min(1) - own


LOG = FunctionTransformer(np.log1p, np.expm1)
INVERTIBLE = {
    "scaled": [StandardScaler()],
    "logarithm": [LOG, MinMaxScaler()],
    "power": [PowerTransformer()],
    "pca": [RobustScaler(), PCA(2)],
    "selected": [StandardScaler(), VarianceThreshold(0.5), PCA(3)],
    "no step but a name": ["passthrough"],
}


@pytest.mark.parametrize("name", INVERTIBLE)
def test_moved_points_are_on_the_boundary(numbers, name):
    explainer = fitted(*INVERTIBLE[name], X=numbers)
    moved = explainer.counterfactual(numbers)
    cluster = explainer.explain(numbers).cluster
    scale = explainer.explain(numbers).logit.mean()
    assert abs(tie(explainer, moved, cluster)).max() <= 1e-9 * scale
    assert list(moved) == NUMBERS
    pd.testing.assert_index_equal(moved.index, numbers.index)


def test_without_mixing_it_is_the_counterfactual_of_k_means(numbers):
    explainer = fitted(LOG, StandardScaler(), X=numbers)
    *_, kmeans = (step for _, step in explainer.clusterer_.steps)
    Z = explainer.clusterer_[:-1].transform(numbers)
    moved = explainer.clusterer_[:-1].transform(explainer.counterfactual(numbers))
    np.testing.assert_allclose(moved, neon.counterfactual(kmeans, Z), rtol=0, atol=1e-9)
    c = kmeans.predict(Z)
    moved = explainer.clusterer_[:-1].transform(explainer.counterfactual(numbers, (c + 1) % 3))
    np.testing.assert_allclose(
        moved, neon.counterfactual(kmeans, Z, (c + 1) % 3), rtol=0, atol=1e-9
    )


def test_pca_moves_in_the_columns_by_the_shortest_way(numbers):
    """No other point on the same side, drawn at random, is nearer and beyond the boundary."""
    explainer = fitted(PCA(2), X=numbers)
    start, end = numbers.to_numpy(), explainer.counterfactual(numbers).to_numpy()
    cluster = explainer.clusterer_.predict(numbers)
    distance = np.linalg.norm(end - start, axis=1, keepdims=True)
    way = np.random.default_rng(0).normal(size=(50, *start.shape))
    way /= np.linalg.norm(way, axis=2, keepdims=True)
    for trial in start + 0.999 * distance * way:
        other = pd.DataFrame(trial, numbers.index, NUMBERS)
        np.testing.assert_array_equal(explainer.clusterer_.predict(other), cluster)


def mixed(*steps):
    return make_column_transformer(
        (make_pipeline(SimpleImputer(), *steps), NUMBERS), (OneHotEncoder(), WORDS),
        sparse_threshold=0,
    )  # fmt: skip


@pytest.mark.parametrize("first", [0, 1, 2])
@pytest.mark.parametrize("steps", [[], [PCA(3)]], ids=["apart", "pca"])
def test_words_and_gaps_stay_as_they_are(table, steps, first):
    embed = make_pipeline(mixed(StandardScaler()), *steps)
    start = np.roll(embed.fit_transform(table)[[0, 200, 300]], first, axis=0)
    explainer = NeonExplainer(make_pipeline(*embed, KMeans(3, init=start, n_init=1))).fit(table)
    with pytest.warns(UserWarning, match="`counterfactual`") as told:
        moved = explainer.counterfactual(table)
    assert "leaves the columns ['island', 'sex'] as they are" in str(told[0].message)
    pd.testing.assert_frame_equal(moved[WORDS], table[WORDS])
    gaps = table[NUMBERS].isna().all(axis=1)
    assert gaps.sum() == 2
    assert moved.loc[gaps, NUMBERS].isna().all(axis=None)
    result = explainer.explain(table)
    on = tie(explainer, moved[~gaps], result.cluster[~gaps])
    assert abs(on).max() <= 1e-9
    assert "is NaN in 2 of 344 rows" in str(told[1].message)


def test_rows_that_cannot_reach_the_boundary_are_said():
    """The plane is slanted, so that the upper left point would have to leave the unit square."""
    X = np.array([[0.0, 1.0], [0.1, 0.0], [0.1, 0.5], [0.9, 0.2], [1.0, 0.7], [0.9, 1.0]])
    kmeans = KMeans(2, init=X[[1, 4]], n_init=1)
    explainer = NeonExplainer(make_pipeline(MinMaxScaler(clip=True), kmeans)).fit(X)
    with pytest.warns(UserWarning, match="is NaN in 1 of 6 rows"):
        moved = explainer.counterfactual(X)
    assert moved.isna().all(axis=1).tolist() == [True, False, False, False, False, False]
    assert abs(tie(explainer, moved[1:].to_numpy(), [0, 0, 1, 1, 1])).max() <= 1e-12


def test_what_has_no_way_back_is_said(table, numbers):
    with pytest.raises(ValueError, match="got none: 'normalizer' cannot be taken back"):
        fitted(Normalizer(), X=numbers).counterfactual(numbers)
    with pytest.raises(ValueError, match="got none: 'functiontransformer' cannot be taken back"):
        fitted(FunctionTransformer(np.log1p), X=numbers).counterfactual(numbers)
    explainer = fitted(StandardScaler(), X=numbers)
    with pytest.raises(ValueError, match=r"`against` must be a cluster in 0\.\.2; got 3"):
        explainer.counterfactual(numbers, 3)
    with pytest.raises(ValueError, match="`against` must differ from the point's own cluster"):
        explainer.counterfactual(numbers, explainer.clusterer_.predict(numbers))


def test_curved_boundaries_are_refused(numbers):
    mixture = GaussianMixture(3, random_state=0)
    explainer = NeonExplainer(make_pipeline(StandardScaler(), mixture)).fit(numbers)
    with pytest.raises(NotImplementedError, match="`counterfactual` needs flat boundaries"):
        explainer.counterfactual(numbers)


def test_flat_boundaries_of_other_models_are_reached(numbers):
    birch = Birch(n_clusters=3, threshold=0.5)
    explainer = NeonExplainer(make_pipeline(StandardScaler(), birch), beta=1).fit(numbers)
    moved = explainer.counterfactual(numbers)
    assert abs(explainer.explain(moved).logit).max() <= 1e-9
