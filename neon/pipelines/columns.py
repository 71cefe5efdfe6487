"""Steps that act on one column at a time: which input column each of their outputs belongs to."""

import numpy as np
import pandas as pd

from ..deep.affine import brings
from .functions import owners_of_function
from .refusal import refuse


def owners(name, step, X, Z):
    """Input column (d,) that each output of a fitted step belongs to, or None if outputs mix.

    Args:
        name: of the step, for the error.
        step: fitted scikit-learn transformer.
        X: (n, D) table that it was given.
        Z: (n, d) what it made of it.

    Raises:
        TypeError: a function that does not act on one column at a time.

    Example:
        >>> from sklearn.preprocessing import OneHotEncoder
        >>> X = np.array([["a", "u"], ["b", "v"], ["c", "u"]])
        >>> encoder = OneHotEncoder().fit(X)
        >>> owners("encoder", encoder, X, encoder.transform(X)).tolist()
        [0, 0, 0, 1, 1]
    """
    from sklearn import preprocessing as p
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.feature_selection import SelectorMixin
    from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer

    one_to_one = (
        p.MaxAbsScaler, p.MinMaxScaler, p.PowerTransformer, p.QuantileTransformer, p.RobustScaler,
        p.StandardScaler, p.Binarizer, p.OrdinalEncoder, p.Normalizer, TfidfTransformer,
    )  # fmt: skip
    found = None
    if brings(step, *one_to_one):
        found = np.arange(Z.shape[1])
    elif brings(step, p.FunctionTransformer):
        found = owners_of_function(name, step, X, Z)
    elif brings(step, p.OneHotEncoder):
        found = np.repeat(np.arange(step.n_features_in_), dummies(step))
    elif brings(step, p.KBinsDiscretizer):
        each = 1 if step.encode == "ordinal" else step.n_bins_
        found = np.repeat(np.arange(step.n_features_in_), each)
    elif brings(step, p.SplineTransformer):
        found = np.repeat(np.arange(step.n_features_in_), Z.shape[1] // step.n_features_in_)
    elif brings(step, SelectorMixin):
        found = step.get_support(indices=True)
    elif brings(step, MissingIndicator):
        found = step.features_
    elif brings(step, SimpleImputer, KNNImputer):
        found = np.append(kept(step), step.indicator_.features_ if step.add_indicator else [])
    elif is_text(step):
        found = np.zeros(Z.shape[1])
    if found is not None and len(found) != Z.shape[1]:
        refuse(name, step, f"makes {Z.shape[1]} columns where {len(found)} were expected")
    return None if found is None else found.astype(int)


def dummies(encoder):
    """How many output columns a fitted OneHotEncoder makes of each input column (D,).

    Example:
        >>> from sklearn.preprocessing import OneHotEncoder
        >>> dummies(OneHotEncoder(drop="if_binary").fit([["a", 1], ["b", 2], ["c", 2]]))
        [3, 1]
    """
    counts = [len(categories) for categories in encoder.categories_]
    for i, rare in enumerate(getattr(encoder, "infrequent_categories_", [])):
        counts[i] -= 0 if rare is None else len(rare) - 1
    dropped = [None] * len(counts) if encoder.drop_idx_ is None else encoder.drop_idx_
    return [count - (gone is not None) for count, gone in zip(counts, dropped, strict=True)]


def kept(imputer):
    """Columns that a fitted imputer keeps: those with a value at all, unless it keeps the others.

    Example:
        >>> from sklearn.impute import SimpleImputer
        >>> kept(SimpleImputer().fit([[np.nan, 1.0], [np.nan, 2.0]])).tolist()
        [1]
    """
    D = imputer.n_features_in_
    if imputer.keep_empty_features:
        return np.arange(D)
    if hasattr(imputer, "statistics_"):
        return np.flatnonzero(~pd.isna(imputer.statistics_))
    names = list(getattr(imputer, "feature_names_in_", [f"x{i}" for i in range(D)]))
    out = list(imputer.get_feature_names_out(names))
    extra = len(imputer.indicator_.features_) if imputer.add_indicator else 0
    return np.array([names.index(name) for name in out[: len(out) - extra]], dtype=int)


def is_text(step):
    """Tell that a step turns texts into a column for each word.

    Example:
        >>> from sklearn.feature_extraction.text import TfidfVectorizer
        >>> is_text(TfidfVectorizer())
        True
    """
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

    return brings(step, CountVectorizer, TfidfVectorizer)


def imputed_cells(step, X):
    """Cells (n, D) that the step fills with a value of its own; None if it fills none.

    Example:
        >>> from sklearn.impute import SimpleImputer
        >>> imputed_cells(SimpleImputer(), [[np.nan, 1.0]]).tolist()
        [[True, False]]
    """
    from sklearn.impute import KNNImputer, SimpleImputer

    if not brings(step, SimpleImputer, KNNImputer):
        return None
    X = X.toarray() if hasattr(X, "toarray") else X
    if pd.isna(step.missing_values):
        return np.asarray(pd.isna(pd.DataFrame(X)))
    return np.asarray(pd.DataFrame(X) == step.missing_values)


def note(name, step):
    """Say what to bear in mind about relevances read back through a step; None for most.

    Example:
        >>> from sklearn.preprocessing import Normalizer
        >>> note("normalizer", Normalizer())
        "step 'normalizer' divides each row by its norm: every share depends on the whole row"
    """
    from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer
    from sklearn.impute import KNNImputer, SimpleImputer
    from sklearn.preprocessing import Normalizer

    by_norm = brings(step, TfidfTransformer, TfidfVectorizer) and step.norm is not None
    if by_norm or brings(step, Normalizer):
        return f"step {name!r} divides each row by its norm: every share depends on the whole row"
    if brings(step, KNNImputer):
        return f"step {name!r} fills gaps from other columns: those relevances are no evidence"
    if brings(step, SimpleImputer):
        return f"step {name!r} fills gaps: the relevance of an imputed cell is no evidence"
    return None
