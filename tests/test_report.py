"""Reports of one's own table: right numbers, bad input refused, whole or nothing, no injection."""

import errno
import json
import os
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from neon import explain
from neon.report import command as reporting
from neon.report import sweep as sweeping
from neon.report.command import main, report
from neon.report.preparing import prepare
from neon.report.reading import TableError, neutral, read_table

NASTY = {
    "ash": "<script>alert(1)</script>",
    "hue": "=cmd|'/C calc'!A0",
    "alcohol": "price $a$ & <img src=x onerror=alert(2)>",
    "proline": 'a,b"c\nd',
    "magnesium": "@SUM(1)",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a report of the wines, read from a CSV with hostile names, with a row dropped."""
    place = tmp_path_factory.mktemp("report")
    frame = read_table("wine").rename(columns=NASTY)
    frame["note"] = "<b>plain text</b>"
    frame["=constant"] = 1.0
    # a row that is dropped, in the middle, so that positions and row numbers part ways
    gap = frame.iloc[[0]].assign(**{"malic acid": np.nan})
    frame = pd.concat([frame.iloc[:30], gap, frame.iloc[30:]])
    frame.to_csv(place / "wine.csv", index=False)
    settings = {"n_clusters": 3, "label": "label", "start_rows": [67, 76, 55], "beta": 1.0}
    report(place / "wine.csv", place / "out", missing="drop", **settings)
    return place / "out"


def test_numbers_are_those_of_notebook_03(folder, wine, model):
    expected = explain(model, wine.X, beta=1)
    for frame in (
        pd.read_parquet(folder / "relevance.parquet"),
        pd.read_csv(folder / "relevance.csv"),
    ):
        np.testing.assert_array_equal(frame["cluster"], expected.cluster)
        np.testing.assert_allclose(frame["logit"], expected.logit, rtol=0, atol=1e-12)
        np.testing.assert_allclose(frame["probability"], expected.probability, rtol=0, atol=1e-12)
        np.testing.assert_allclose(frame.iloc[:, 4:], expected.relevance, rtol=0, atol=1e-12)


def test_rows_join_back_to_the_input(folder):
    source = read_table(folder.parent / "wine.csv")
    result = pd.read_parquet(folder / "relevance.parquet").set_index("row")
    assert list(result.index) == [row for row in range(179) if row != 30]
    joined = source.join(result, how="inner")
    assert len(joined) == 178
    means = joined.groupby("cluster")["malic acid"].mean()
    clusters = pd.read_csv(folder / "clusters.csv")
    np.testing.assert_allclose(clusters["mean of malic acid"], means, rtol=1e-12)
    np.testing.assert_array_equal(clusters["size"], joined["cluster"].value_counts().sort_index())


def test_what_was_left_out_is_listed(folder):
    left = pd.read_csv(folder / "left_out.csv").to_numpy().tolist()
    assert sorted(left) == [
        ["column", "'=constant", "constant"],
        ["column", "label", "the label"],
        ["column", "note", "not numeric"],
        ["row", "30", "missing: malic acid"],
    ]


def test_the_folder_is_whole_and_alone(folder):
    assert sorted(path.name for path in folder.iterdir()) == [
        "clusters.csv", "figures", "left_out.csv", "relevance.csv", "relevance.parquet",
        "report.html", "report.ipynb", "summary.json",
    ]  # fmt: skip
    assert len(list((folder / "figures").glob("*.png"))) == 3
    assert sorted(path.name for path in folder.parent.iterdir()) == ["out", "wine.csv"]


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.links, self.text, self.attributes = set(), [], "", []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += [name for name, _ in attributes]
        self.links += [value for name, value in attributes if name in ("src", "href", "srcset")]
        if tag == "img":
            assert len(dict(attributes)["alt"]) > 40

    def handle_data(self, data):
        self.text += data


def test_page_fetches_and_runs_nothing(folder):
    page = Page(folder / "report.html")
    assert page.tags.isdisjoint({"script", "iframe", "object", "embed", "video", "audio", "base"})
    assert not [name for name in page.attributes if name.startswith("on")]
    assert len(page.links) == 4
    assert all(link.startswith("data:") for link in page.links)
    assert not re.search(r"url\(|@import", page.source)
    assert "default-src 'none'" in page.source


def test_names_are_shown_as_text(folder):
    page = Page(folder / "report.html")
    for name in ("<script>alert(1)</script>", "price $a$ & <img src=x", "=cmd|'/C calc'!A0"):
        assert name in page.text
    header = (folder / "relevance.csv").read_text(encoding="utf-8")
    assert not re.search(r'(^|,)"?[=@]', header[: header.index("relevance of malic")])
    parquet = pd.read_parquet(folder / "relevance.parquet")
    assert "relevance of " + NASTY["hue"] in parquet


def test_page_shows_no_code_and_no_lesson(folder):
    text = Page(folder / "report.html").text
    assert "The clusters in words" in text
    assert "import" not in text
    assert "Take-aways" not in text


@pytest.mark.parametrize("start", list("=+-@\t\r\n"))
def test_formulas_are_neutralised(start):
    frame = neutral(pd.DataFrame({start + "x": [start + "1", "a", None], "n": [-1.0, 2.0, 3.0]}))
    assert list(frame) == ["'" + start + "x", "n"]
    assert frame.iloc[0, 0] == "'" + start + "1"
    assert frame["n"].tolist() == [-1.0, 2.0, 3.0]


def rows(*lines):
    return "\n".join(lines) + "\n"


def frame(n=20, **columns):
    numbers = {"a": [i**2 % 7 + i / 9 for i in range(n)], "b": [i * 5 % 11 for i in range(n)]}
    return pd.DataFrame(numbers | columns).to_csv(index=False)


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
    "start rows": (frame(), ["--clusters", "3", "--start-rows", "1"], "one row for each cluster"),
    "kernel of few rows": (frame(9), ["--clusters", "2", "--model", "kernel"], "there are 9"),
    "kernel of many": (frame(5001), ["--model", "kernel"], "5000 rows at most; got 5001"),
    "overflow": (frame(b=[1e200, *range(19)]), [], "overflow when squared. Change the unit"),
}


@pytest.mark.parametrize("case", CONTENTS)
def test_bad_input_is_one_line_code_2_and_nothing_written(case, tmp_path, capsys):
    content, arguments, message = CONTENTS[case]
    path = tmp_path / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(path, tmp_path / "out", message, capsys, *arguments)
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def refused(path, output, message, capsys, *arguments):
    assert main([str(path), "--output", str(output), *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(message, error), error


def test_missing_file(tmp_path, capsys):
    refused(tmp_path / "no.csv", tmp_path / "out", "no file 'no.csv'. Check the path", capsys)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_large_garbage_is_refused_early(tmp_path, capsys, suffix):
    path = tmp_path / f"big{suffix}"
    with path.open("wb") as file:  # 100 MB, of which few are read
        file.write(os.urandom(1 << 16))
        file.truncate(100_000_000)
    refused(path, tmp_path / "out", "no Parquet file|no text in|not in utf-8", capsys)


def test_other_formats_are_the_same_table(tmp_path):
    source = read_table("wine")
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


def test_missing_values_dropped_or_filled():
    table = pd.DataFrame({"a": [1.0, np.nan, 3.0, 5.0], "b": [1.0, 2.0, np.inf, 4.0]})
    dropped = prepare(table, missing="drop")
    assert list(dropped.X.index) == [0, 3]
    assert dropped.rows_left == {1: "missing: a", 2: "missing: b"}
    filled = prepare(table, missing="median")
    assert filled.X["a"].tolist() == [1.0, 3.0, 3.0, 5.0]
    assert filled.X["b"].tolist() == [1.0, 2.0, 2.0, 4.0]
    assert (filled.filled, filled.rows_left) == (2, {})


def test_row_numbers_are_no_feature_unless_asked_for():
    table = pd.DataFrame({"id": [7, 8, 9], "x": [0.0, 1.0, 5.0]})
    assert prepare(table).columns_left == {"id": "counts the rows"}
    assert list(prepare(table, features=["id", "x"]).X) == ["id", "x"]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(frame(), encoding="utf-8")
    return path


def test_existing_folder_needs_force(table, tmp_path, capsys, monkeypatch):
    output = tmp_path / "out"
    output.mkdir()
    (output / "mine.txt").write_text("keep", encoding="utf-8")
    refused(table, output, "exists. Pass --force to replace it", capsys)
    assert (output / "mine.txt").exists()
    monkeypatch.setattr(reporting, "execute", fake_run)
    assert main([str(table), "--output", str(output), "--force", "--clusters", "2"]) == 0
    assert sorted(path.name for path in output.iterdir()) == ["report.html", "report.ipynb"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "table.csv"]


def fake_run(executed, settings, progress):
    shutil.copy(reporting.NOTEBOOK, executed)
    if settings["features"]:
        summary = {"silhouette": settings["n_clusters"] / 10, "agreement": 1.0, "mean_logit": 2.0}
        (executed.parent / "summary.json").write_text(json.dumps(summary), encoding="utf-8")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS])
@pytest.mark.parametrize("step", ["mkdir", "execute", "write_text", "rename"])
def test_failing_disk_leaves_nothing(table, tmp_path, capsys, monkeypatch, code, step):
    def fail(*arguments, **named):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(reporting, "execute", fake_run)
    where = reporting if step == "execute" else Path
    monkeypatch.setattr(where, step, fail)
    output = tmp_path / "out"
    refused(
        table,
        output,
        f"cannot be written: {os.strerror(code)}. Check its permissions and free",
        capsys,
    )
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_interrupt_leaves_nothing(table, tmp_path, capsys, monkeypatch):
    def stop(executed, settings, progress):
        executed.write_text("half", encoding="utf-8")
        raise KeyboardInterrupt

    monkeypatch.setattr(reporting, "execute", stop)
    assert main([str(table), "--output", str(tmp_path / "out")]) == 130
    assert "interrupted, nothing written" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_failing_notebook_is_one_line(table, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(reporting, "check", lambda data, settings: None)
    assert main([str(table), "--output", str(tmp_path / "out"), "--label", "gone"]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert re.search("notebook stopped at cell 4: TableError: There is no column 'gone'", last)
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_help_is_readable(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert all(f"--{name}" in text for name in ("clusters", "label", "missing", "force", "rows"))


@pytest.mark.parametrize("wrong", [["--clusters", "1"], ["--clusters", "8-2"], ["--beta", "x"], []])
def test_bad_command_lines_are_refused(table, wrong):
    with pytest.raises(SystemExit) as stop:
        main([str(table), *wrong] if wrong else [])
    assert stop.value.code == 2


@pytest.fixture
def plan(table):
    path = table.with_name("plan.yaml")
    content = {"data": "table.csv", "output": "swept", "settings": {"features": ["a", "b"]}}
    content["vary"] = {"n_clusters": [2, 3], "seed": [0, 1]}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_sweep_goes_on_where_it_stopped(plan, monkeypatch):
    done = []

    def stop_at_third(executed, settings, progress):
        done.append((settings["n_clusters"], settings["seed"]))
        if len(done) == 3:
            raise KeyboardInterrupt
        fake_run(executed, settings, progress)

    monkeypatch.setattr(reporting, "execute", stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        sweeping.sweep(plan)
    assert not (plan.parent / "swept" / "summary.csv").exists()
    summary = sweeping.sweep(plan)
    assert done == [(2, 0), (2, 1), (3, 0), (3, 0), (3, 1)]
    assert summary["silhouette"].round(1).tolist() == [0.2, 0.2, 0.3, 0.3]
    assert (plan.parent / "swept" / "summary.png").stat().st_size > 10_000
    assert len(pd.read_csv(plan.parent / "swept" / "summary.csv")) == 4

    plan.with_name("table.csv").write_text(frame(21), encoding="utf-8")
    sweeping.sweep(plan)
    assert len(done) == 9, "other data are another run"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vary": None}, "must be names with values"),
        ({"vary": {"k": [2]}}, "no setting 'k'"),
        ({"vary": {"seed": 3}}, "`vary` seed must be a list of values; got 3"),
        ({"settings": {"classes": "a"}}, "no setting 'classes'"),
    ],
)
def test_bad_plans_are_refused(plan, change, message, capsys):
    content = yaml.safe_load(plan.read_text(encoding="utf-8")) | change
    plan.write_text(yaml.safe_dump(content), encoding="utf-8")
    assert sweeping.main([str(plan)]) == 2
    assert re.search(message, capsys.readouterr().err)
    assert not (plan.parent / "swept").exists()
