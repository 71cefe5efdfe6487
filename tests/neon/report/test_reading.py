"""Tables are read as they are, or refused in one line that says what to do."""

import os

import numpy as np
import pandas as pd
import pytest
from small_tables import frame, rows

from neon.report import TableError, read_table
from neon.report.preparing import prepare
from neon.report.reading import neutral
from utils.data import as_table

CONTENTS = {  # name: (content of the file, arguments, what the one line says)
    "empty": ("", [], "is empty. Export"),
    "blank lines": ("\n\n\n", [], "Export it again|under its header"),
    "header only": ("a,b\n", [], r"has 0 row\(s\).* need 2 or more"),
    "one row": ("a,b\n1,2\n", [], r"has 1 row\(s\).* need 2 or more"),
    "fewer rows than K": (frame(5), ["--clusters", "9"], "9 clusters need 9 .* there are 5"),
    "fewer distinct rows": (rows("a", *"1212121212"), ["--clusters", "3"], "there are 2"),
    "no numeric column": (rows("a,b", "x,y", "y,x"), [], "No numeric column"),
    "all constant": (rows("a,b", *["1,2"] * 5), [], "No numeric column that varies"),
    "duplicate names": (rows("a,b,a", "1,2,3", "2,3,5"), [], "two columns named 'a'. Rename"),
    "decimal commas": (rows("a;b", "1,5;2", "2,5;3", "4,0;1"), [], "Pass --decimal ,"),
    "NaN": (frame(b=[np.nan, *range(19)]), [], "first row 0, in 'b'. Choose --missing drop or"),
    "inf": (frame(b=[*range(19), np.inf]), [], "first row 19, in 'b'. Choose --missing drop or"),
    "dates": (frame(t=["2024-01-05"] * 20), [], "'t' holds dates.*--exclude t"),
    "numbers and words": (frame(b=["n/k", *range(19)]), [], "holds numbers among other text"),
    "encoding": ("größe,b\n1,2\n3,4\n".encode("latin-1"), [], "not in utf-8. Pass its --encoding"),
    "encoding further down": (frame(3).encode() + b"\xe9,1\n", [], "not in utf-8"),
    "unknown encoding": (frame(), ["--encoding", "klingon"], "'klingon' is unknown. Try utf-8"),
    "utf-16": ("a,b\n1,2\n".encode("utf-16"), [], "--encoding|text in"),
    "garbage": (os.urandom(1 << 20), [], "no text in utf-8|not in utf-8"),
    "no line ends": (b"x" * (2 << 20), [], "first line has no end"),
    "ragged": (rows("a,b", "1,2", "1,2,3,4", "5,6"), [], "no regular table.*Mend that row"),
    "no such column": (frame(), ["--features", "a", "zz"], "no column 'zz'. The first columns"),
    "no such row": (frame(), ["--rows", "20"], "Row 20 is not among those clustered"),
    "text as feature": (frame(w=["u", "v"] * 10), ["--features", "w"], "'w' cannot be a feature"),
    "no separator": (frame(), ["--sep", ""], "`sep` must be one character.*got ''"),
    "long separator": (frame(), ["--sep", "::"], "`sep` must be one character.*got '::'"),
    "separator that is a pattern": (frame(), ["--sep", "(a+)+$"], "`sep` must be one character"),
    "quote as separator": (frame(), ["--sep", '"'], "`sep` must be one character"),
    "header without end": ("a" * 200_000 + ",b\n1,2\n3,5\n", [], "no regular table"),
    "start rows": (frame(), ["--clusters", "3", "--start-rows", "1"], "one row for each cluster"),
    "kernel of few rows": (frame(9), ["--clusters", "2", "--model", "kernel"], "there are 9"),
    "kernel of many": (frame(5001), ["--model", "kernel"], "5000 rows at most; got 5001"),
    "overflow": (frame(b=[1e200, *range(19)]), [], "overflow when squared. Change the unit"),
}


@pytest.mark.parametrize("case", CONTENTS)
def test_bad_input_is_one_line_code_2_and_nothing_written(case, tmp_path, refused):
    content, arguments, message = CONTENTS[case]
    path = tmp_path / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(path, tmp_path / "out", message, *arguments)
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_missing_file(tmp_path, refused):
    refused(tmp_path / "no.csv", tmp_path / "out", "no file 'no.csv'. Check the path")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_large_garbage_is_refused_early(tmp_path, refused, suffix):
    path = tmp_path / f"big{suffix}"
    with path.open("wb") as file:  # 100 MB, of which few are read
        file.write(os.urandom(1 << 16))
        file.truncate(100_000_000)
    refused(path, tmp_path / "out", "no Parquet file|no text in|not in utf-8")


def test_other_formats_are_the_same_table(tmp_path):
    source = as_table("wine")
    source.to_parquet(tmp_path / "wine.parquet")
    source.to_csv(tmp_path / "wine.tsv", sep="\t", index=False)
    source.to_csv(tmp_path / "german.csv", sep=";", decimal=",", index=False, encoding="utf-16")
    exact = {"check_exact": True}
    pd.testing.assert_frame_equal(read_table(tmp_path / "wine.parquet"), source, **exact)
    pd.testing.assert_frame_equal(read_table(tmp_path / "wine.tsv"), source, **exact)
    german = read_table(tmp_path / "german.csv", decimal=",", encoding="utf-16")
    pd.testing.assert_frame_equal(german, source, rtol=1e-15)


def test_excel_without_a_reader_says_so(tmp_path, monkeypatch):
    def no_reader(path):
        raise ImportError("openpyxl")

    (tmp_path / "t.xlsx").write_bytes(b"PK")
    monkeypatch.setattr(pd, "read_excel", no_reader)
    with pytest.raises(TableError, match="pip install openpyxl"):
        read_table(tmp_path / "t.xlsx")


def test_ten_thousand_columns(tmp_path):
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 10_000))).add_prefix("f")
    wide.to_csv(tmp_path / "wide.csv", index=False)
    assert prepare(read_table(tmp_path / "wide.csv")).X.shape == (20, 10_000)


@pytest.mark.parametrize("start", list("=+-@\t\r\n"))
def test_formulas_are_neutralised(start):
    frame = neutral(pd.DataFrame({start + "x": [start + "1", "a", None], "n": [-1.0, 2.0, 3.0]}))
    assert list(frame) == ["'" + start + "x", "n"]
    assert frame.iloc[0, 0] == "'" + start + "1"
    assert frame["n"].tolist() == [-1.0, 2.0, 3.0]


def test_a_data_frame_is_the_table_it_is():
    table = pd.DataFrame({1: [0.5, 0.1], "b": [3, 4]}, index=["x", "y"])
    read = read_table(table)
    assert list(read) == ["1", "b"]
    assert list(read.index) == [0, 1]
    assert list(table) == [1, "b"], "the caller's table is left alone"
    with pytest.raises(TableError, match="two columns named '1'"):
        read_table(table.assign(**{"1": 0}))
