"""Choose the features of a table, settle its gaps, and say what was left out and why.

Whatever only the reader can decide stops with a `TableError` of one line that says what to do.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from neon.report.reading import TableError

MISSING = ("error", "drop", "median")
LOOKS = {  # text that means a number or a date: dropping it in silence would lose a feature
    "numbers with decimal commas": (r"[-+]?[\d.]*\d,\d+", "Pass --decimal , to read them"),
    "dates": (r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?", "Turn them into numbers (days, hours)"),
    "numbers among other text": (r"[-+]?\d*\.?\d+([eE][-+]?\d+)?", "Mend the other values"),
}


@dataclass(frozen=True)
class Table:
    """A table that is ready to be clustered.

    Attributes:
        X: (n, D) float64 DataFrame, finite; the index is the row in the file.
        label: (n,) Series of the label column, or None.
        read: (rows, columns) of the file.
        columns_left: {column: why it is no feature}.
        rows_left: {row: why it is not clustered}.
        filled: number of missing values that were replaced by medians.
    """

    X: pd.DataFrame
    label: pd.Series | None
    read: tuple
    columns_left: dict
    rows_left: dict
    filled: int


def prepare(frame, *, features=None, exclude=(), label=None, missing="error"):
    """Choose the features of a table and settle its missing values.

    Args:
        frame: DataFrame, a row a point.
        features: names of the columns to cluster by; by default all numeric ones.
        exclude: names of columns to leave out.
        label: name of a column to compare the clusters with; never shown to the clustering.
        missing: "error", "drop" the rows with missing or infinite values, or replace those by the
            "median" of their column.

    Returns:
        `Table`.

    Raises:
        TableError: nothing is left to cluster, or the reader has to decide something.

    Example:
        >>> frame = pd.DataFrame({"a": [1, 5, 2], "b": [0.5, 0.1, 0.3], "kind": ["u", "v", "u"]})
        >>> table = prepare(frame, label="kind")
        >>> table.X.shape, table.columns_left
        ((3, 2), {'kind': 'the label'})
    """
    for name in [*(features or []), *exclude, *([] if label is None else [label])]:
        if name not in frame:
            near = ", ".join(map(repr, frame.columns[:5]))
            raise TableError(f"There is no column {name!r}. The first columns are {near}.")
    if missing not in MISSING:
        raise TableError(f"`missing` must be one of {', '.join(MISSING)}; got {missing!r}.")
    left = dict.fromkeys(exclude, "excluded")
    if label is not None:
        left[label] = "the label"
    asked = features is not None
    left |= {name: "not asked for" for name in frame if asked and name not in features}
    for name in frame.columns.difference(list(left), sort=False):
        reason = unfit(frame[name], asked)
        if reason and asked:
            raise TableError(f"Column {name!r} cannot be a feature: {reason}.")
        left |= {name: reason} if reason else {}
    chosen = [name for name in (features or frame.columns) if name not in left]
    if not chosen:
        raise TableError(
            "No numeric column that varies is left. "
            f"Left out: {', '.join(f'{k!r} ({why})' for k, why in list(left.items())[:3])}."
        )
    X, rows_left, filled = settle(frame[chosen].astype(np.float64), missing)
    constant = [name for name in X if np.ptp(X[name]) == 0]
    left |= dict.fromkeys(constant, "constant in the rows that are left")
    X = X.drop(columns=constant)
    if X.shape[1] == 0 or len(X) < 2:
        raise TableError("Fewer than 2 rows or no varying column are left. Try --missing median.")
    return Table(X, None if label is None else frame[label].loc[X.index], frame.shape, left,
                 rows_left, filled)  # fmt: skip


def unfit(column, asked):
    """Why a column is no feature, or ""; raise if that is for the reader to decide."""
    values = column.dropna()
    if values.empty:
        return "empty"
    if pd.api.types.is_datetime64_any_dtype(column):
        raise undecided(column.name, "dates", LOOKS["dates"][1])
    if pd.api.types.is_complex_dtype(column):
        return "complex numbers"
    if not pd.api.types.is_numeric_dtype(column):
        text = values.astype(str).str.strip()
        for look, (pattern, remedy) in LOOKS.items():
            if text.str.fullmatch(pattern).mean() >= 0.5:
                raise undecided(column.name, look, remedy)
        return "not numeric"
    finite = values[np.isfinite(values.astype(np.float64))]
    if finite.nunique() < 2:
        return "constant"
    whole = pd.api.types.is_integer_dtype(column)
    if not asked and whole and len(column) > 2 and (np.diff(column) == 1).all():
        return "counts the rows"
    return ""


def undecided(name, look, remedy):
    """Error for a column that only the reader can decide about."""
    return TableError(f"Column {name!r} holds {look}. {remedy}, or leave it out: --exclude {name}")


def settle(X, missing):
    """Drop or fill the rows of X that have missing or infinite values, as the reader chose.

    Returns:
        X without them, {row: why}, number of filled values.
    """
    bad = ~np.isfinite(X)
    rows = X.index[bad.any(axis=1)]
    if not len(rows):
        return X, {}, 0
    if missing == "error":
        columns = ", ".join(map(repr, X.columns[bad.any()][:3]))
        raise TableError(
            f"{len(rows)} rows have missing or infinite values, first row {rows[0]}, "
            f"in {columns}. Choose --missing drop or --missing median."
        )
    if missing == "median":
        X = X.mask(bad)
        return X.fillna(X.median()), {}, int(bad.to_numpy().sum())
    why = bad.loc[rows].apply(lambda row: "missing: " + ", ".join(row.index[row][:5]), axis=1)
    return X.drop(index=rows), why.to_dict(), 0
