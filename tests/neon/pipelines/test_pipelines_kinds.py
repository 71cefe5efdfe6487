"""Tables of any kind in, and what is no table, or no clusterer, refused in words."""

import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from sklearn.cluster import DBSCAN, KMeans
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, OneHotEncoder, PowerTransformer, StandardScaler

from neon import NeonExplainer
from utils.data import penguin_table

NUMBERS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
WORDS = ["island", "sex"]
TABLE = penguin_table()[[*NUMBERS, *WORDS]]
COMPLETE = TABLE[NUMBERS].dropna()
FLAGS = pd.DataFrame(np.random.default_rng(0).random((60, 3)) > 0.5, columns=list("abc"))


def clustered(*steps):
    return make_pipeline(*steps, KMeans(3, n_init=2, random_state=0))


def mixed():
    return clustered(
        make_column_transformer(
            (make_pipeline(SimpleImputer(), StandardScaler()), NUMBERS),
            (OneHotEncoder(handle_unknown="ignore"), WORDS),
        )
    )


KINDS = {
    "categories": (mixed(), TABLE.astype(dict.fromkeys(WORDS, "category"))),
    "polars": (mixed(), pl.from_pandas(TABLE)),
    "one row twice": (mixed(), pd.concat([TABLE, TABLE[:1]])),
    "flags": (clustered(StandardScaler()), FLAGS),
    "flags alone": (KMeans(3, n_init=2, random_state=0), FLAGS),
    "numbers for names": (clustered(StandardScaler()), COMPLETE.set_axis(range(4), axis=1)),
    "array": (clustered(StandardScaler(), PCA(2)), COMPLETE.to_numpy()),
    "list": (clustered(StandardScaler()), COMPLETE.to_numpy().tolist()),
    "sparse": (clustered(MaxAbsScaler()), scipy.sparse.csr_array(COMPLETE.to_numpy())),
    "far from 0": (clustered(StandardScaler(), PCA(2)), COMPLETE + 1e8),
    "constant column": (clustered(StandardScaler(), PCA(2)), COMPLETE.assign(one=1.0)),
    "pandas between steps": (
        clustered(make_column_transformer((StandardScaler(), NUMBERS)), PowerTransformer())
        .set_output(transform="pandas"), COMPLETE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:`counterfactual`")
def test_kinds_of_tables(kind):
    clusterer, X = KINDS[kind]
    explainer = NeonExplainer(clusterer).fit(X)
    result = explainer.explain(X)
    n, D = np.shape(X)
    assert result.pointwise.shape == result.values.shape == (n, D)
    assert abs(result.residual).max() <= 1e-11 * max(1, result.logit.max())
    np.testing.assert_array_equal(result.cluster, explainer.clusterer_.predict(X))
    assert explainer.transform(X).shape == explainer.contrast(X, 0, 1).shape == (n, D)
    assert explainer.counterfactual(X).shape == (n, D)


def test_new_rows():
    explainer = NeonExplainer(mixed()).fit(TABLE)
    whole = explainer.explain(TABLE)
    one = explainer.explain(TABLE[5:6])
    pd.testing.assert_frame_equal(one.pointwise, whole.pointwise[5:6])
    moon = TABLE.assign(island="Moon")
    assert abs(explainer.explain(moon).residual).max() <= 1e-12


REFUSED = {
    "missing column": (lambda e: e.transform(TABLE.drop(columns="sex")), "yet now missing"),
    "another column": (lambda e: e.explain(TABLE.assign(z=1)), "Feature names unseen at fit time"),
    "reordered": (lambda e: e.contrast(TABLE[WORDS + NUMBERS], 0, 1), "must be in the same order"),
    "no row": (lambda e: e.transform(TABLE[:0]), "Found array with 0 sample(s)"),
    "nothing": (lambda e: e.transform(None), "Expected 2D array, got scalar array instead"),
    "infinite": (lambda e: e.transform(TABLE.assign(body_mass_g=np.inf)), "contains infinity"),
    "too few clusters": (lambda e: e.contrast(TABLE, [0, 1], 2), "one cluster or 344 of them"),
    "own cluster": (lambda e: e.counterfactual(TABLE, 0), "must differ from the point's own"),
    "masked": (
        lambda e: NeonExplainer(KMeans(2)).fit(np.ma.masked_greater(COMPLETE.to_numpy(), 5000)),
        "`X` must not be masked; got a masked array",
    ),
    "no clusterer": (
        lambda e: NeonExplainer(make_pipeline(StandardScaler(), PCA(2))).fit(COMPLETE),
        "`PCA` must be a clusterer, or end in one",
    ),
    "labels alone": (
        lambda e: NeonExplainer(make_pipeline(StandardScaler(), DBSCAN())).fit(COMPLETE),
        "`DBSCAN` must decide on new points",
    ),
    "other columns": (
        lambda e: NeonExplainer(clustered(PCA(2)).fit(COMPLETE), prefit=True).fit(
            COMPLETE[NUMBERS[::-1]]
        ),
        "must be in the same order",
    ),
    "bare centroids": (
        lambda e: NeonExplainer([[1.0, 2.0], [3.0, 4.0]]).fit(COMPLETE),
        "`X` must have shape (n, 2) like the centroids; got (342, 4)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_words(case):
    explainer = NeonExplainer(mixed()).fit(TABLE)
    call, message = REFUSED[case]
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        call(explainer)


def test_a_single_cluster_behind_steps():
    single = NeonExplainer(make_pipeline(StandardScaler(), PCA(2), KMeans(1)))
    with pytest.warns(UserWarning, match="A single cluster has no competitor"):
        single.fit(COMPLETE)
    assert not single.transform(COMPLETE).any()
    with pytest.raises(NotImplementedError, match="A single cluster has no boundary"):
        NeonExplainer.counterfactual(single, COMPLETE)
