"""Read a table of one's own, check it, and say what was left out and why.

Whatever cannot be clustered as it is stops with a `TableError` of one line that says what to do.
Rows keep their number in the file (0 is the first row under the header) all the way through.
"""

import csv
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from .data import LOADERS, load

SAMPLE = 1 << 20  # bytes at the start of a file that tell text from garbage
MISSING = ("error", "drop", "median")
LOOKS = {  # text that means a number or a date: dropping it in silence would lose a feature
    "numbers with decimal commas": (r"[-+]?[\d.]*\d,\d+", "Pass --decimal , to read them"),
    "dates": (r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?", "Turn them into numbers (days, hours)"),
    "numbers among other text": (r"[-+]?\d*\.?\d+([eE][-+]?\d+)?", "Mend the other values"),
}


class TableError(ValueError):
    """A table that cannot be explained; the message says in one line what to do."""


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


def read_table(path, *, sep=None, decimal=".", encoding="utf-8-sig"):
    """Read a table as it is, with the rows numbered from 0.

    Args:
        path: .csv, .tsv, .txt, .parquet, .xlsx (if openpyxl is installed), or the name of a data
            set of the course.
        sep: what separates columns; by default a tab in .tsv, else what the header has most of.
        decimal: "." or ",".
        encoding: of the text.

    Raises:
        TableError: no such file, or it is no table with a header, 2 rows and unique names.

    Example:
        >>> read_table("wine").shape
        (178, 14)
    """
    if str(path) in LOADERS and not Path(path).exists():
        data = load(str(path))
        label = [data.class_names[c] for c in data.y]
        return pd.DataFrame(data.raw.numpy(), columns=data.feature_names).assign(label=label)
    path = Path(path)
    if not path.is_file():
        raise TableError(f"There is no file {path.name!r}. Check the path.")
    if path.stat().st_size == 0:
        raise TableError(f"{path.name!r} is empty. Export the table again.")
    reader = {".parquet": read_parquet, ".xlsx": read_excel, ".xls": read_excel}.get(
        path.suffix.lower(), lambda path: read_text(path, sep, decimal, encoding)
    )
    try:
        frame = reader(path)
    except PermissionError:
        raise TableError(f"{path.name!r} may not be read. Change its permissions.") from None
    frame.columns = [str(name) for name in frame.columns]
    refuse_doubles(frame.columns, path.name)
    if len(frame) < 2:
        raise TableError(
            f"{path.name!r} has {len(frame)} row(s) under its header; clusters need 2 or more. "
            "Check the separator and that the export is complete."
        )
    return frame.reset_index(drop=True)


def read_parquet(path):
    """Read a Parquet file."""
    import pyarrow

    try:
        return pd.read_parquet(path)
    except (pyarrow.ArrowException, ValueError, OSError):
        raise TableError(f"{path.name!r} is no Parquet file. Check its ending.") from None


def read_excel(path):
    """Read the first sheet of an Excel file, where a reader is installed."""
    try:
        return pd.read_excel(path)
    except ImportError:
        raise TableError(
            "Excel files need a reader: `pip install openpyxl`, or save the sheet as CSV."
        ) from None
    except Exception:  # a zip, an XML or a value error, whatever the reader meets first
        raise TableError(f"{path.name!r} is no Excel file. Save the sheet as CSV.") from None


def read_text(path, sep, decimal, encoding):
    """Read separated text."""
    with path.open("rb") as file:
        start = file.read(SAMPLE)
    if b"\0" in start and not encoding.lower().startswith(("utf-16", "utf-32", "utf16", "utf32")):
        raise TableError(
            f"{path.name!r} is no text in {encoding}. Save it as CSV in UTF-8; if it is text of "
            "another encoding, name it: --encoding utf-16."
        )
    try:
        with path.open(encoding=encoding, newline="") as file:
            header = file.readline(SAMPLE)
    except LookupError:
        raise TableError(f"`encoding` {encoding!r} is unknown. Try utf-8 or latin-1.") from None
    except UnicodeError:
        raise wrong_encoding(path, encoding) from None
    if len(header) >= SAMPLE:
        raise TableError(f"{path.name!r} has no header: its first line has no end. Is it a CSV?")
    if sep is None:
        sep = "\t" if path.suffix.lower() == ".tsv" else max(",;\t|", key=header.count)
    names = next(csv.reader(io.StringIO(header), delimiter=sep), [])
    refuse_doubles(names, path.name)
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # rows longer than the header
        try:
            return pd.read_csv(
                path, sep=sep, decimal=decimal, encoding=encoding, index_col=False,
                low_memory=False,
            )  # fmt: skip
        except UnicodeError:
            raise wrong_encoding(path, encoding) from None
        except pd.errors.EmptyDataError:
            raise TableError(f"{path.name!r} holds no table. Export it again.") from None
        except (pd.errors.ParserError, pd.errors.ParserWarning, csv.Error, ValueError) as error:
            raise TableError(
                f"{path.name!r} is no regular table with {sep!r} between columns "
                f"({' '.join(str(error).split())[:90]}). Mend that row or pass --sep."
            ) from None


def wrong_encoding(path, encoding):
    """Error for text that is not in the encoding that was asked for."""
    name = "utf-8" if encoding == "utf-8-sig" else encoding
    return TableError(f"{path.name!r} is not in {name}. Pass its --encoding (latin-1, cp1252).")


def refuse_doubles(names, where):
    """Raise if two columns have one name."""
    names = pd.Index(names)
    double = names[names.duplicated()]
    if len(double):
        raise TableError(f"{where!r} has two columns named {double[0]!r}. Rename one of them.")


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
        >>> table = prepare(read_table("wine"), label="label")
        >>> table.X.shape, table.columns_left
        ((178, 13), {'label': 'the label'})
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


def neutral(frame):
    """Copy of a DataFrame in which no name and no text is taken for a formula by a spreadsheet.

    Example:
        >>> neutral(pd.DataFrame({"=cmd": ["+1", "a"], "x": [1, 2]})).to_dict("list")
        {"'=cmd": ["'+1", 'a'], 'x': [1, 2]}
    """

    def safe(value):
        return "'" + value if isinstance(value, str) and value[:1] in "=+-@\t\r\n" else value

    text = {name: frame[name].map(safe) for name in frame.select_dtypes(exclude="number")}
    return frame.assign(**text).rename(columns=safe)
