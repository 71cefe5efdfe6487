"""Pipelines read back into columns: against what the definition says, step by step."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.cluster import Birch, BisectingKMeans, KMeans
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.decomposition import PCA, FactorAnalysis, FastICA, IncrementalPCA, TruncatedSVD
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.pipeline import FeatureUnion, make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
)
from sklearn.random_projection import GaussianRandomProjection

from neon import NeonExplainer, beta_heuristic, explain
from utils.data import penguin_table

NUMBERS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
WORDS = ["island", "sex"]
COLUMNS = [*NUMBERS, *WORDS]


def filled(*steps):
    return make_pipeline(SimpleImputer(strategy="median"), *steps)


def mixed(*steps, numbers=NUMBERS, **options):
    """Numbers through the steps, and words as dummies."""
    return make_column_transformer(
        (filled(*steps), numbers), (OneHotEncoder(**options), WORDS), sparse_threshold=0
    )


# steps that keep columns apart, and what comes behind them and mixes
PIPELINES = {
    "scaled": (mixed(StandardScaler()), None),
    "clipped, bounded": (mixed(MinMaxScaler(clip=True)), MaxAbsScaler()),
    "robust": (mixed(RobustScaler()), None),
    "logarithm": (mixed(FunctionTransformer(np.log1p), MinMaxScaler()), None),
    "power": (mixed(PowerTransformer()), None),
    "quantiles": (mixed(QuantileTransformer(n_quantiles=40)), None),
    "bins": (mixed(KBinsDiscretizer(4, quantile_method="averaged_inverted_cdf")), None),
    "ordinal bins": (
        mixed(KBinsDiscretizer(3, encode="ordinal", quantile_method="averaged_inverted_cdf")), None,
    ),
    "splines": (mixed(SplineTransformer(4)), None),
    "drop first": (mixed(StandardScaler(), drop="first"), None),
    "drop if binary": (mixed(StandardScaler(), drop="if_binary"), None),
    "rare": (mixed(StandardScaler(), min_frequency=60, handle_unknown="infrequent_if_exist"), None),
    "rare, dropped": (mixed(StandardScaler(), max_categories=2, drop="first"), None),
    "ordinal words": (
        make_column_transformer(
            (filled(StandardScaler()), NUMBERS),
            (OrdinalEncoder(encoded_missing_value=-1), WORDS),
        ), None,
    ),
    "indicator": (
        make_column_transformer(
            (make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), NUMBERS),
            (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()), WORDS),
            sparse_threshold=0,
        ), None,
    ),
    "neighbours": (
        make_pipeline(
            make_column_transformer((make_pipeline(KNNImputer(), StandardScaler()), NUMBERS),
                                    (OneHotEncoder(), WORDS), sparse_threshold=0),
        ), None,
    ),
    "dropped, passed, weighted": (
        ColumnTransformer(
            [("drop", "drop", ["island"]), ("keep", filled("passthrough"), NUMBERS[1:2]),
             ("size", filled(StandardScaler()), NUMBERS), ("sex", OneHotEncoder(), ["sex"])],
            transformer_weights={"size": 2.5, "sex": 0.5}, sparse_threshold=0,
        ), VarianceThreshold(0.2),
    ),
    "by position": (
        make_column_transformer((filled(StandardScaler()), slice(0, 4)),
                                (OneHotEncoder(), [False] * 4 + [True] * 2), sparse_threshold=0),
        None,
    ),
    "by type, the rest too": (
        make_column_transformer(
            (OneHotEncoder(), lambda X: list(X.select_dtypes(exclude="number"))),
            remainder=filled(StandardScaler()), sparse_threshold=0,
        ), None,
    ),
    "side by side": (
        make_column_transformer(
            (filled(make_union(StandardScaler(), QuantileTransformer(n_quantiles=20))), NUMBERS),
            (make_union("passthrough", MissingIndicator(features="all")), NUMBERS[:0]),
        ), None,
    ),
    "pca": (mixed(StandardScaler()), PCA(3)),
    "whitened": (mixed(StandardScaler()), PCA(3, whiten=True)),
    "svd, scaled": (mixed(MinMaxScaler()), make_pipeline(TruncatedSVD(3), StandardScaler())),
    "independent": (mixed(StandardScaler()), FastICA(3, random_state=0, max_iter=2000, tol=0.01)),
    "factors": (mixed(StandardScaler()), FactorAnalysis(2, random_state=0)),
    "in parts": (mixed(StandardScaler()), make_pipeline(IncrementalPCA(4), VarianceThreshold())),
    "projected": (mixed(StandardScaler()), GaussianRandomProjection(4, random_state=0)),
}  # fmt: skip


@pytest.fixture(scope="module")
def table():
    return penguin_table()[COLUMNS]


def owners_by_trial(own, table):
    """Which column each output depends on: the one whose change changes it."""
    known = table[NUMBERS].notna().all(axis=1)  # gaps may be filled from all columns
    start = own.transform(table)[known]
    owner = np.full(start.shape[1], -1)
    for i, column in enumerate(table):
        other = table.copy()
        other[column] = np.roll(table[column].to_numpy(), len(table) // 2)
        changed = (own.transform(other)[known] != start).any(0)
        assert (owner[changed] == -1).all(), "one output, one column"
        owner[changed] = i
    return owner


def by_definition(own, tail, kmeans, table, beta):
    """Relevances from METHOD, point by point; slopes of h_k by central differences."""
    U, mu = own.transform(table), kmeans.cluster_centers_
    through = (lambda U: U) if tail is None else tail.transform

    def distances(U):
        return ((through(U)[:, None] - mu) ** 2).sum(-1)

    owner, d = owners_by_trial(own, table), distances(U)
    labels = d.argmin(1)
    means = np.stack([U[labels == k].mean(0) for k in range(len(mu))])
    R, logit = np.zeros(table.shape), np.zeros(len(table))
    for row, (u, c) in enumerate(zip(U, labels, strict=True)):
        others = [k for k in range(len(mu)) if k != c]
        h = d[row, others] - d[row, c]
        logit[row] = h.min()
        p = np.exp(-beta * (h - h.min()))
        steps = np.eye(len(u))
        slope = (distances(u + steps) - distances(u - steps)) / 2  # exact: h is linear
        for k, h_k, p_k in zip(others, h, p / p.sum(), strict=True):
            if tail is None:
                z = (u - mu[k]) ** 2 - (u - mu[c]) ** 2
            else:
                z = (u - (means[c] + means[k]) / 2) * (slope[:, k] - slope[:, c])
            np.add.at(R[row], owner[owner >= 0], (p_k * logit[row] / h_k * z)[owner >= 0])
    return R, labels, logit


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.filterwarnings("ignore:Skipping features without any observed values")
def test_relevances_are_those_of_the_definition(table, name):
    own, tail = PIPELINES[name]
    steps = [step for step in (own, tail) if step is not None]
    kmeans = KMeans(3, n_init=3, random_state=0, tol=0)
    explainer = NeonExplainer(make_pipeline(*steps, kmeans), beta=0.7).fit(table)
    fitted, result = explainer.clusterer_, explainer.explain(table)
    tail = None if tail is None else fitted[1]
    if isinstance(tail, MaxAbsScaler | VarianceThreshold):  # apart, too
        own, tail = fitted[:2], None
    else:
        own = fitted[0]
    R, labels, logit = by_definition(own, tail, fitted[-1], table, 0.7)
    scale = abs(R).max()
    np.testing.assert_allclose(result.pointwise, R, rtol=0, atol=1e-8 * scale)
    np.testing.assert_allclose(result.logit, logit, rtol=0, atol=1e-10 * max(1, logit.max()))
    total = result.pointwise.sum(axis=1) + result.constant
    np.testing.assert_allclose(total, logit, rtol=0, atol=1e-10 * max(1, logit.max()))
    np.testing.assert_array_equal(result.cluster, fitted.predict(table))
    np.testing.assert_array_equal(labels, result.cluster)
    assert list(result.pointwise) == COLUMNS
    pd.testing.assert_frame_equal(result.values, table)


def test_mapping_between_stages_is_checked_against_the_pipeline(table):
    """A column of the table that no branch uses has no relevance; dropped ones neither."""
    pipeline = make_pipeline(
        mixed(StandardScaler(), numbers=NUMBERS[:2]), SelectKBest(lambda X, y: X.var(0), k=3)
    )
    labels = np.arange(len(table)) % 2
    fitted = make_pipeline(pipeline.fit(table, labels), KMeans(3, n_init=1, random_state=0))
    fitted[-1].fit(pipeline.transform(table))
    result = NeonExplainer(fitted, prefit=True).fit(table).explain(table)
    used = result.pointwise.any()
    kept = pipeline[-1].get_support(indices=True)
    owners = np.array(["bill_length_mm", "bill_depth_mm", *["island"] * 3, *["sex"] * 3])
    assert set(used[used].index) == set(owners[kept])
    assert abs(result.residual).max() <= 1e-12


def test_imputed_cells_are_marked(table):
    result = (
        NeonExplainer(make_pipeline(mixed(StandardScaler()), KMeans(3, n_init=1)))
        .fit(table)
        .explain(table)
    )
    expected = table.isna()
    expected[WORDS] = False  # the encoder has a category for what is missing
    pd.testing.assert_frame_equal(result.imputed, expected)
    assert result.imputed.to_numpy().sum() == 8
    (note,) = result.notes
    assert note.endswith("the relevance of an imputed cell is no evidence")
    plain = NeonExplainer(make_pipeline(StandardScaler(), KMeans(3, n_init=1)))
    assert plain.fit(table[NUMBERS].dropna()).explain(table[NUMBERS].dropna()).imputed is None


def test_imputer_behind_other_steps_marks_the_original_cell(table):
    numbers = table[NUMBERS]
    steps = StandardScaler(), VarianceThreshold(), SimpleImputer(add_indicator=True)
    explainer = NeonExplainer(make_pipeline(*steps, KMeans(3, n_init=1, random_state=0)))
    pd.testing.assert_frame_equal(explainer.fit(numbers).explain(numbers).imputed, numbers.isna())


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
@pytest.mark.parametrize("where", ["before", "behind", "twice", "behind svd", "in a branch"])
def test_normalised_rows(table, norm, where):
    unit = Normalizer(norm)
    steps = {
        "before": [unit, PCA(3)],
        "behind": [PCA(3), unit],
        "twice": [unit, PCA(3), unit, StandardScaler()],
        "behind svd": [TruncatedSVD(3), unit],
        "in a branch": [FeatureUnion([("a", make_pipeline(PCA(2), unit)), ("b", unit)]), PCA(3)],
    }[where]
    pipeline = make_pipeline(mixed(StandardScaler()), *steps, KMeans(4, n_init=3, random_state=0))
    explainer = NeonExplainer(pipeline, beta=2).fit(table)
    fitted, result = explainer.clusterer_, explainer.explain(table)
    d = np.sort(fitted.transform(table) ** 2, axis=1)
    np.testing.assert_allclose(result.pointwise.sum(axis=1), d[:, 1] - d[:, 0], rtol=0, atol=1e-10)
    np.testing.assert_array_equal(result.cluster, fitted.predict(table))
    assert any("divides each row by its norm" in note for note in result.notes)


def test_a_norm_behind_pca_does_not_depend_on_where_zero_lies(table):
    numbers = table[NUMBERS].dropna()
    shifted, results = numbers + 1000, []
    for data in numbers, shifted:
        pipeline = make_pipeline(PCA(2, svd_solver="full"), Normalizer(), KMeans(3, random_state=0))
        results.append(NeonExplainer(pipeline, beta=1).fit(data).explain(data).pointwise)
    np.testing.assert_allclose(*results, rtol=0, atol=1e-9)


OTHERS = {
    "full": GaussianMixture(3, random_state=0),
    "diagonal": GaussianMixture(4, covariance_type="diag", random_state=0),
    "bayesian": BayesianGaussianMixture(n_components=3, random_state=0, max_iter=500),
    "groups": Birch(n_clusters=3, threshold=0.5),
    "a path": BisectingKMeans(5, random_state=0),
}


@pytest.mark.parametrize("name", OTHERS)
def test_steps_that_keep_columns_apart_work_with_other_models(table, name):
    words = name not in ("full", "bayesian")  # dummies have no full covariance
    own = mixed(PowerTransformer()) if words else filled(PowerTransformer())
    table = table if words else table[NUMBERS]
    pipeline = make_pipeline(own, clone(OTHERS[name])).fit(table)
    explainer = NeonExplainer(pipeline, prefit=True).fit(table)
    result = explainer.explain(table)
    assert list(result.pointwise) == list(table)
    np.testing.assert_array_equal(result.cluster, pipeline.predict(table))
    expected = explain(pipeline[-1], own.transform(table), beta=explainer.beta_)
    np.testing.assert_array_equal(result.logit, expected.logit)
    assert abs(result.residual).max() <= 1e-10 * max(1, result.logit.max())
    assert explainer.beta_ == beta_heuristic(pipeline[-1], own.transform(table))
    mixing = make_pipeline(filled(), PCA(3), clone(OTHERS[name])).fit(table[NUMBERS])
    with pytest.raises(TypeError, match=r"Step 'pca' cannot be read back .* for centroids only"):
        NeonExplainer(mixing, prefit=True).fit(table[NUMBERS])
