"""Read a table of one's own, and write tables that are safe to open.

A file that is no table stops with a `TableError` of one line that says what to do. Rows keep
their number in the file (0 is the first row under the header) all the way through.
"""

import csv
import io
import warnings
from pathlib import Path

import pandas as pd

SAMPLE = 1 << 20  # bytes at the start of a file that tell text from garbage


class TableError(ValueError):
    """A table that cannot be explained; the message says in one line what to do."""


def read_table(data, *, sep=None, decimal=".", encoding="utf-8-sig"):
    """Read a table as it is, with the rows numbered from 0.

    Args:
        data: path of a .csv, .tsv, .txt, .parquet or .xlsx (if openpyxl is installed), or a
            DataFrame, of which only the row names are replaced by numbers.
        sep: what separates columns, one character; by default a tab in .tsv, else what the header
            has most of.
        decimal: "." or ",".
        encoding: of the text.

    Returns:
        DataFrame.

    Raises:
        TableError: no such file, or it is no table with a header, 2 rows and unique names.

    Example:
        >>> read_table(pd.DataFrame({"width": [1.0, 2.5]}, index=["a", "b"]))
           width
        0    1.0
        1    2.5
    """
    if isinstance(data, pd.DataFrame):
        return numbered(data.copy(), "the DataFrame")
    path = Path(data)
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
    return numbered(frame, path.name)


def numbered(frame, where):
    """Name the columns of a table by unique texts and its rows by numbers; raise if impossible."""
    frame.columns = [str(name) for name in frame.columns]
    refuse_doubles(frame.columns, where)
    if len(frame) < 2:
        raise TableError(
            f"{where!r} has {len(frame)} row(s) under its header; clusters need 2 or more. "
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
    if sep is not None and (len(sep) != 1 or sep in '"\r\n'):
        raise TableError(f"`sep` must be one character, such as ; or a tab; got {sep!r}.")
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
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # rows longer than the header
        try:
            # pandas would rename the second of two columns with one name
            refuse_doubles(next(csv.reader(io.StringIO(header), delimiter=sep), []), path.name)
            return pd.read_csv(
                path, sep=sep, decimal=decimal, encoding=encoding, index_col=False,
                low_memory=False,
            )  # fmt: skip
        except TableError:
            raise
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
