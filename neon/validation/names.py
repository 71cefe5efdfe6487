"""Names of columns: a model that knows those of its features reads no others."""

import numpy as np


def names_of(X):
    """Names of the columns of a table (pandas, polars, pyarrow, Dask), or None.

    Example:
        >>> import pandas as pd
        >>> names_of(pd.DataFrame({"a": [1.0], "b": [2.0]}))
        ['a', 'b']
    """
    names = getattr(X, "column_names", getattr(X, "columns", None))
    return None if names is None or callable(names) else list(names)


def carry_names(model, source):
    """Give a model the `feature_names_in_` of the table or the model that it was made from.

    As in scikit-learn, columns have names if all of those are strings.
    """
    names = getattr(source, "feature_names_in_", None)
    names = names_of(source) if names is None else names
    if names is not None and len(names) and all(isinstance(name, str) for name in names):
        model.feature_names_in_ = np.array(list(names), dtype=object)
    elif hasattr(model, "feature_names_in_"):
        del model.feature_names_in_  # fitted again, to columns without names
    return model


def check_names(model, X):
    """Raise unless the columns of a table X are those of the model, in order."""
    names, got = getattr(model, "feature_names_in_", None), names_of(X)
    if got is None:
        return
    if names is not None and list(names) != got:
        raise ValueError(
            f"`X` must have the columns that the model was fitted to, in order, {list(names)}; "
            f"got {got}. Select them: X[model.feature_names_in_]."
        )
    numbered = list(range(len(got)))
    if names is None and got != numbered and set(got) == set(numbered):
        raise ValueError(
            f"`X` must have its numbered columns in order, {numbered}; got {got}. "
            "Select them: X[sorted(X.columns)]."
        )
