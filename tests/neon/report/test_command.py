"""The command line of `neon-report`."""

import math

import pytest

from neon.report import building
from neon.report.command import main


def test_help_is_readable(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert all(f"--{name}" in text for name in ("clusters", "label", "missing", "force", "rows"))


@pytest.mark.parametrize(
    "wrong",
    [["--clusters", "1"], ["--clusters", "1-5"], ["--clusters", "8-2"], ["--beta", "x"], []],
)
def test_bad_command_lines_are_refused(table, wrong):
    with pytest.raises(SystemExit) as stop:
        main([str(table), *wrong] if wrong else [])
    assert stop.value.code == 2


@pytest.mark.parametrize(("text", "beta"), [("0", 0), ("inf", math.inf), ("heuristic",) * 2])
def test_every_stiffness_reaches_the_template(table, tmp_path, fake_run, monkeypatch, text, beta):
    seen = {}

    def look(executed, settings, progress):
        seen.update(settings)
        fake_run(executed, settings, progress)

    monkeypatch.setattr(building, "execute", look)
    assert main([str(table), "--output", str(tmp_path / "out"), f"--beta={text}"]) == 0
    assert seen["beta"] == beta


@pytest.mark.parametrize("beta", ["-1", "-inf", "nan"])
def test_no_stiffness_is_refused(table, tmp_path, refused, beta):
    message = "`beta` must be 0 or more, or heuristic; got"
    refused(table, tmp_path / "out", message, f"--beta={beta}")
