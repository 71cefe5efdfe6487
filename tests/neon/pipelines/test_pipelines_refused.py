"""What cannot be read back is refused, by the name of the step and with the reason."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import DBSCAN, KMeans
from sklearn.compose import make_column_transformer
from sklearn.decomposition import NMF, PCA, KernelPCA
from sklearn.kernel_approximation import Nystroem
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    PolynomialFeatures,
    PowerTransformer,
    StandardScaler,
)

from neon import NeonExplainer, explain

X = np.random.default_rng(0).random((60, 4))


class Doubled(StandardScaler):
    def transform(self, X):
        return 2 * super().transform(X)


def fit(*steps, X=X):
    return NeonExplainer(make_pipeline(*steps, KMeans(3, n_init=1, random_state=0))).fit(X)


REFUSED = {
    "not affine": ([NMF(2, max_iter=5000)], "'nmf'", "is no affine map and no map of single"),
    "kernel": ([KernelPCA(2, kernel="rbf")], "'kernelpca'", "is no affine map"),
    "random features": ([Nystroem(n_components=5)], "'nystroem'", "is no affine map"),
    "products": ([PolynomialFeatures(2)], "'polynomialfeatures'", "is no affine map"),
    "a subclass": ([Doubled()], "'doubled'", "is no affine map"),
    "curved behind pca": ([PCA(2), PowerTransformer()], "'powertransformer'", "after a step that"),
    "clipped behind pca": ([PCA(2), MinMaxScaler(clip=True)], "'minmaxscaler'", "after a step"),
    "in a branch": (
        [make_column_transformer((make_pipeline(NMF(2, max_iter=5000)), [0, 1]))],
        "'columntransformer: pipeline: nmf'", "is no affine map",
    ),
    "branches behind pca": (
        [PCA(2), make_column_transformer((StandardScaler(), [0]))],
        "'columntransformer'", "after a step that mixes columns",
    ),
    "differences of columns": (
        [FunctionTransformer(lambda X: X - X[:, ::-1])], "'functiontransformer'",
        "returns a column 0 that depends on other columns",
    ),
    "shares of the row": (
        [FunctionTransformer(lambda X: X / X.sum(1, keepdims=True))], "'functiontransformer'",
        "depends on other columns",
    ),
    "one column of all": (
        [FunctionTransformer(lambda X: np.column_stack([X[:, 0], X[:, 1] * X[:, 3], X[:, 2:]]))],
        "'functiontransformer'", "returns a column 1 that depends on other columns",
    ),
    "ranks": (
        [FunctionTransformer(lambda X: X.argsort(0).argsort(0) * 1.0)], "'functiontransformer'",
        "returns for a row what depends on other rows",
    ),
    "fewer columns": (
        [FunctionTransformer(lambda X: X[:, :2])], "'functiontransformer'", "returns 2 columns",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_steps_are_refused_by_name(case):
    steps, name, reason = REFUSED[case]
    with pytest.raises(TypeError, match="cannot be read back into the original columns") as error:
        fit(*steps)
    assert str(error.value).startswith(f"Step {name} ")
    assert reason in str(error.value)


TAKEN = {
    "logarithm": np.log1p,
    "each its own": lambda X: np.column_stack([X[:, 0], np.sin(X[:, 1]), X[:, 2] ** 2, -X[:, 3]]),
    "nothing": None,
}


@pytest.mark.parametrize("case", TAKEN)
@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_functions_of_single_columns_are_taken(case, width):
    if case != "each its own" or width == 4:
        result = fit(FunctionTransformer(TAKEN[case]), X=X[:, :width]).explain(X[:, :width])
        assert abs(result.residual).max() <= 1e-12


def test_functions_of_tables_keep_their_kind():
    table = pd.DataFrame(X, columns=list("abcd")).assign(word=np.where(X[:, 0] > 0.5, "u", "v"))

    def lengthened(table):
        return table.assign(a=np.log(table["a"]), word=table["word"].str.len() * 1.0)

    explainer = fit(FunctionTransformer(lengthened), X=table)
    assert list(explainer.explain(table).pointwise) == list(table)

    def crossed(table):
        return table.assign(b=table["b"] + (table["word"] == "u"), word=0.0)

    with pytest.raises(TypeError, match="returns a column 1 that depends on other columns"):
        fit(FunctionTransformer(crossed), X=table)


def test_steps_that_changed_since_they_were_fitted():
    pipeline = make_pipeline(PCA(2), KMeans(3, n_init=1, random_state=0)).fit(X)
    pipeline[0].transform = lambda X: X[:, :2] ** 2
    with pytest.raises(ValueError, match="must have steps that map X as their attributes say"):
        NeonExplainer(pipeline, prefit=True).fit(X)


def test_advice_fits_the_pipeline():
    """NeonExplainer is named where it can, and not where the last step has no centres."""
    kmeans = make_pipeline(StandardScaler(), KMeans(3, n_init=1, random_state=0)).fit(X)
    with pytest.raises(ValueError, match=r"Use NeonExplainer\(pipeline, prefit=True\)\.fit\(X\)"):
        explain(kmeans, X)
    dbscan = make_pipeline(StandardScaler(), DBSCAN(eps=0.5, min_samples=3)).fit(X)
    assert -1 in dbscan[-1].labels_
    with pytest.raises(ValueError, match=r"KernelKMeans\.from_labels") as error:
        explain(dbscan, X)
    assert "NeonExplainer" not in str(error.value)
    assert "without the noise (label -1)" in str(error.value)
    with pytest.raises(ValueError, match="must be fitted"):
        explain(make_pipeline(StandardScaler(), KMeans(3)), X)


def test_gaps_are_the_imputers_business():
    """With an imputer no advice to impute; without one the clusterer's own error."""
    from sklearn.impute import SimpleImputer

    holed = X.copy()
    holed[3, 2] = np.nan
    assert abs(fit(SimpleImputer(), X=holed).explain(holed).residual).max() <= 1e-12
    explainer = fit(StandardScaler(), X=X)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        explainer.transform(holed)
