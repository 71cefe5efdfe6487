"""One report of the wines, a small table, and a stand-in for the kernel, for all these tests."""

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_tables import frame as small

from neon.report import building, report
from neon.report.command import main
from utils.data import as_table

NASTY = {
    "ash": "<script>alert(1)</script>",
    "hue": "=cmd|'/C calc'!A0",
    "alcohol": "price $a$ & <img src=x onerror=alert(2)>",
    "proline": 'a,b"c\nd',
    "magnesium": "@SUM(1)",
}


@pytest.fixture
def nasty():
    return NASTY


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Return a report of the wines, read from a CSV with hostile names, with a row dropped."""
    place = tmp_path_factory.mktemp("report")
    frame = as_table("wine").rename(columns=NASTY)
    frame["note"] = "<b>plain text</b>"
    frame["=constant"] = 1.0
    # a row that is dropped, in the middle, so that positions and row numbers part ways
    gap = frame.iloc[[0]].assign(**{"malic acid": np.nan})
    frame = pd.concat([frame.iloc[:30], gap, frame.iloc[30:]])
    frame.to_csv(place / "wine.csv", index=False)
    settings = {"n_clusters": 3, "label": "label", "start_rows": [67, 76, 55], "beta": 1.0}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)  # paths are relative, to where the kernel is not
        patch.setenv("MPLBACKEND", "Agg")  # which shows no pictures
        assert report("wine.csv", "out", missing="drop", **settings) == Path("out")
        assert os.environ["MPLBACKEND"] == "Agg"
    return place / "out"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(small(), encoding="utf-8")
    return path


@pytest.fixture
def refused(capsys):
    """Return a function that runs the command and expects one line that says why it refused."""

    def run(path, output, message, *arguments):
        assert main([str(path), "--output", str(output), *arguments]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert re.search(message, error), error

    return run


@pytest.fixture
def fake_run():
    """Return what stands in for `execute`: it copies the template and invents a summary."""

    def run(executed, settings, progress):
        shutil.copy(building.TEMPLATE, executed)
        if settings["features"]:
            summary = {"silhouette": settings["n_clusters"] / 10, "agreement": 1.0}
            text = json.dumps(summary | {"mean_logit": 2.0})
            (executed.parent / "summary.json").write_text(text, encoding="utf-8")

    return run
