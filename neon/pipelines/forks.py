"""Steps side by side: the branches of a fitted ColumnTransformer or FeatureUnion."""

import numpy as np
import pandas as pd
from sklearn.utils import _safe_indexing

from ..deep.affine import brings


def branches_of(name, step, X, read):
    """List (columns, reading) of the branches of a fitted step, and their weights.

    Args:
        name: of the step.
        step: fitted transformer.
        X: (n, D) table that it was fitted to.
        read: reads a list of steps on a table; see `neon.pipelines.reading`.

    Returns:
        None, if the step has no branches. A branch's columns are positions in X, or one number
        where it is given a column of texts as such.

    Raises:
        TypeError: a step of a branch that cannot be read back.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import FeatureUnion

    if brings(step, ColumnTransformer):
        names = getattr(step, "feature_names_in_", None)
        listed = [
            (label, inner, positions(columns, step.n_features_in_, names))
            for label, inner, columns in step.transformers_
        ]
    elif brings(step, FeatureUnion):
        width = 0 if np.ndim(X) == 1 else np.shape(X)[1]
        listed = [(label, inner, np.arange(width)) for label, inner in step.transformer_list]
        if np.ndim(X) == 1:
            listed = [(label, inner, 0) for label, inner, _ in listed]
    else:
        return None
    branches, weights = [], []
    for label, inner, columns in listed:
        if (isinstance(inner, str) and inner == "drop") or np.size(columns) == 0:
            continue
        part = X if np.ndim(X) == 1 else _safe_indexing(X, columns, axis=1)
        branches.append((columns, read([(f"{name}: {label}", inner)], part)[0]))
        weights.append((step.transformer_weights or {}).get(label, 1))
    return branches, weights


def positions(columns, n_columns, names=None):
    """Return the positions of columns given by name, number, slice or flags, as in scikit-learn.

    Returns:
        array of positions, or one number for a single column, which is passed on as a vector.

    Example:
        >>> positions(["b", "a"], 3, ["a", "b", "c"])
        array([1, 0])
        >>> positions(slice(1, None), 3), positions([True, False, True], 3), positions(-1, 3)
        (array([1, 2]), array([0, 2]), 2)
    """
    place = pd.Series(np.arange(n_columns), index=names)
    ends = (columns.start, columns.stop) if isinstance(columns, slice) else np.ravel(columns)
    named = any(isinstance(end, str) for end in ends)
    found = place.loc[columns] if named else place.iloc[columns]
    return int(found) if np.ndim(found) == 0 else found.to_numpy()
