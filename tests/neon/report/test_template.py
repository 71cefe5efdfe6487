"""The template of a report: the course's notebook without lessons, and without the course."""

import ast
import subprocess
import sys

import nbformat

from neon.report.building import SETTINGS, TEMPLATE
from utils.notebooks import REPORT, as_template

CELLS = nbformat.read(TEMPLATE, as_version=4).cells
CODE = [cell for cell in CELLS if cell.cell_type == "code"]


def test_it_is_in_step_with_the_notebook():
    wanted = as_template(nbformat.read(REPORT, as_version=4))
    assert TEMPLATE.read_text(encoding="utf-8") == wanted, "run `make notebooks`"


def test_it_imports_nothing_of_the_course():
    imports = [
        node
        for cell in CODE
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    modules = {node.module for node in imports if isinstance(node, ast.ImportFrom)}
    modules |= {a.name for node in imports if isinstance(node, ast.Import) for a in node.names}
    assert {name.split(".")[0] for name in modules} == {"neon", "pandas", "torch", "matplotlib"}


def test_a_report_sets_every_parameter():
    (cell,) = [c for c in CODE if "parameters" in c.metadata.get("tags", [])]
    names = {target.id for line in ast.parse(cell.source).body for target in line.targets}
    assert names == {*SETTINGS, "data", "output"}


def test_every_picture_has_its_words():
    drawing = [cell for cell in CODE if "write_figure(" in cell.source]
    assert len(drawing) == 3
    assert all(len(cell.metadata["alt"]) > 40 for cell in drawing)


def test_the_look_loads_nothing_that_runs_notebooks():
    code = (
        "import sys, neon.report.style; from neon.report import read_table; "
        "heavy = {'papermill', 'nbformat', 'nbconvert', 'sklearn', 'utils'}; "
        "print(sorted(heavy & {name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
