"""The folder of a report: right numbers, whole or nothing, from anywhere."""

import errno
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neon import explain
from neon.report import building, read_table, report
from neon.report.command import main
from utils.data import as_table


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


def test_existing_folder_needs_force(table, tmp_path, refused, fake_run, monkeypatch):
    output = tmp_path / "out"
    output.mkdir()
    (output / "mine.txt").write_text("keep", encoding="utf-8")
    refused(table, output, "exists. Pass --force to replace it")
    assert (output / "mine.txt").exists()
    monkeypatch.setattr(building, "execute", fake_run)
    assert main([str(table), "--output", str(output), "--force", "--clusters", "2"]) == 0
    assert sorted(path.name for path in output.iterdir()) == ["report.html", "report.ipynb"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "table.csv"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS])
@pytest.mark.parametrize("step", ["mkdir", "execute", "write_text", "rename"])
def test_failing_disk_leaves_nothing(table, tmp_path, refused, fake_run, monkeypatch, code, step):
    def fail(*arguments, **named):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(building, "execute", fake_run)
    where = building if step == "execute" else Path
    monkeypatch.setattr(where, step, fail)
    output = tmp_path / "out"
    refused(
        table,
        output,
        f"cannot be written: {os.strerror(code)}. Check its permissions and free",
    )
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_interrupt_leaves_nothing(table, tmp_path, capsys, monkeypatch):
    def stop(executed, settings, progress):
        executed.write_text("half", encoding="utf-8")
        raise KeyboardInterrupt

    monkeypatch.setattr(building, "execute", stop)
    assert main([str(table), "--output", str(tmp_path / "out")]) == 130
    assert "interrupted, nothing written" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_failing_notebook_is_one_line(table, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(building, "check", lambda data, settings: None)
    assert main([str(table), "--output", str(tmp_path / "out"), "--label", "gone"]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert re.search("notebook stopped at cell 4: TableError: There is no column 'gone'", last)
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


@pytest.mark.parametrize("inside", ["table.csv", "current folder"])
def test_force_replaces_no_folder_that_holds_the_table_or_the_reader(
    table, refused, monkeypatch, inside
):
    output = table.parent if inside == "table.csv" else table.parent / "out"
    here = output if inside == "current folder" else Path("/")
    (output / "mine").mkdir(parents=True)
    monkeypatch.chdir(here)
    refused(table, output, "holds .* Name another: --output", "--force")
    assert (output / "mine").exists()
    assert table.exists()


def test_a_data_frame_is_kept_in_the_folder(tmp_path, fake_run, monkeypatch):
    seen = {}

    def look(executed, settings, progress):
        seen.update(settings)
        fake_run(executed, settings, progress)

    monkeypatch.setattr(building, "execute", look)
    wine = as_table("wine")
    folder = report(wine, tmp_path / "out", label="label", n_clusters=3)
    assert (seen["data"], seen["output"]) == ("table.parquet", ".")
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "table.parquet"), wine)
    assert "Clusters of the table" in (folder / "report.html").read_text(encoding="utf-8")


def test_the_environment_is_as_before(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.delenv("OMP_NUM_THREADS")
    before = dict(os.environ)
    with building.environment({"MPLBACKEND": "inline", "OMP_NUM_THREADS": "1"}):
        assert os.environ["MPLBACKEND"] == "inline"
    assert dict(os.environ) == before
