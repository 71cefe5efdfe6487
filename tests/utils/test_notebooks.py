"""What is stored in the notebooks, the rules about it, and runs with other parameters.

That the stored outputs are those of a fresh run is checked by nbval, on the notebooks themselves.
"""

import copy
import re

import nbformat
import pytest

from utils.figures import manifest
from utils.notebooks import NOTEBOOKS, everything, execute, lectures, main, normal_form, problems

PATHS = lectures()


@pytest.mark.parametrize("path", everything(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_stored_state(path):
    assert problems(path) == []


def test_check_command():
    assert main(["check"]) == 0


@pytest.fixture
def notebook():
    return nbformat.read(NOTEBOOKS / "00_start_here.ipynb", as_version=4)


BREAKS = {
    "never run": (lambda cell: cell.update(execution_count=None), "execution count None"),
    "run out of order": (lambda cell: cell.update(execution_count=99), "execution count 99"),
    "semicolon": (lambda cell: cell.update(source="x = 1;"), "ends in `;`"),
    "magic": (lambda cell: cell.update(source="%pip list"), "contains `%`"),
    "path": (lambda cell: cell.update(source="import sys\nsys.path.append('.')"), "sys.path"),
    "star": (lambda cell: cell.update(source="from neon import *"), "import *"),
    "too long": (lambda cell: cell.update(source="x = 1\n" * 21), "21 lines, at most 20"),
    "stderr": (
        lambda cell: cell.update(outputs=[nbformat.v4.new_output("stream", name="stderr")]),
        "stored stderr",
    ),
    "error": (
        lambda cell: cell.update(outputs=[nbformat.v4.new_output("error", ename="KeyError")]),
        "stored KeyError",
    ),
    "no parameters": (lambda cell: cell.metadata.clear(), "no cell is tagged `parameters`"),
    "timings": (lambda cell: cell.metadata.update(papermill={"duration": 1}), "normal form"),
}


@pytest.mark.parametrize("case", BREAKS)
def test_rules_can_fail(notebook, tmp_path, case):
    spoil, message = BREAKS[case]
    spoil(next(cell for cell in notebook.cells if cell.cell_type == "code"))
    path = tmp_path / "spoiled.ipynb"
    path.write_text(nbformat.writes(notebook, ensure_ascii=False), encoding="utf-8")
    assert any(message in problem for problem in problems(path))


def test_normal_form_is_a_fixed_point(notebook):
    text = normal_form(copy.deepcopy(notebook))
    assert normal_form(nbformat.reads(text, as_version=4)) == text


def test_views_of_widgets_are_not_stored(notebook):
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
    data = {"text/plain": "words", "application/vnd.jupyter.widget-view+json": {"model_id": "1"}}
    cell.outputs = [nbformat.v4.new_output("display_data", data=data)]
    normal_form(notebook)
    assert cell.outputs[0].data == {"text/plain": "words"}


def test_unknown_notebook_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["run", "99_nothing"])
    assert "must be in notebooks/; got 99_nothing.ipynb" in capsys.readouterr().err


def test_links_between_notebooks_lead_somewhere():
    for path in everything():
        for target in re.findall(r"\]\(([\w./]+\.ipynb)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_every_figure_cell_is_in_the_manifest():
    for path in PATHS:
        notebook = nbformat.read(path, as_version=4)
        sources = [cell.source for cell in notebook.cells if "save_figure(" in cell.source]
        labels = [entry["label"] for entry in manifest().values() if entry["notebook"] == path.stem]
        first, *more = labels or [None]
        assert all(source.startswith("# Figure") for source in sources)
        if first:
            assert any(first.removeprefix("Figure ") in source for source in sources), first
        assert len(more) + bool(first) >= len(sources)


def texts(path):
    notebook = nbformat.read(path, as_version=4)
    return "".join(
        output.get("text", "") for c in notebook.cells for output in c.get("outputs", [])
    )


def test_sweep_runs_with_other_parameters(tmp_path):
    copied, _ = execute(
        NOTEBOOKS / "04_beta_sweeps.ipynb",
        output=tmp_path / "iris.ipynb",
        data="iris",
        K=4,
        start_rows=[0, 50, 100, 149],
        betas=[0, 0.5, 5],
    )
    text = texts(copied)
    assert "iris: n = 150, D = 4, K = 4" in text
    assert re.search(r"^ +0\.500 +2\.\d{3}", text, re.MULTILINE), "mean perplexity of 3 competitors"
    assert "all 150 points and all 3 stiffnesses: True" in text


def test_sweep_refuses_parameters_that_disagree(tmp_path):
    with pytest.raises(RuntimeError, match="`start_rows` must name K = 5 points"):
        execute(NOTEBOOKS / "04_beta_sweeps.ipynb", output=tmp_path / "x.ipynb", K=5)
