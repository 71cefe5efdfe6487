"""The student notebooks are made from those with solutions, and what else a lecturer gets."""

import ast
import re

import nbformat
import pytest

from utils.course import release as course
from utils.course.feedback import EXERCISES

SOURCES = course.sources()
IDS = [path.stem for path in SOURCES]


def cells(path):
    return nbformat.read(path, as_version=4).cells


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_student_notebook_is_up_to_date(path):
    fresh = course.student_copy(nbformat.read(path, as_version=4)).cells
    stored = cells(course.STUDENTS / path.name)
    for ours, theirs in zip(fresh, stored, strict=True):
        assert ours.source == theirs.source, "run `make course`"
        assert (ours.id, ours.metadata) == (theirs.id, theirs.metadata), "run `make course`"


def test_no_student_notebook_without_a_source():
    assert {path.name for path in course.STUDENTS.glob("*.ipynb")} == {p.name for p in SOURCES}
    lectures = {path.name for path in course.NOTEBOOKS.glob("*.ipynb")}
    assert {path.name for path in SOURCES} <= lectures


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_unsolved_every_check_says_what_is_asked(path):
    checks = [c for c in cells(course.STUDENTS / path.name) if "check(" in c.source and c.outputs]
    assert len(checks) >= 2
    for cell in checks:
        assert cell.outputs[0].text.startswith("not attempted yet: ")
        assert len(cell.outputs) == 1


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_solved_every_check_says_passed(path):
    checks = [c for c in cells(path) if "check(" in c.source and c.outputs]
    assert [c.outputs[0].text[:8] for c in checks] == ["passed: "] * len(checks)


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_students_get_neither_solutions_nor_hidden_tests(path):
    released = "\n".join(cell.source for cell in cells(course.STUDENTS / path.name))
    for word in ("SOLUTION", "HIDDEN", "grade("):
        assert word not in released


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_every_exercise_has_a_place_for_the_answer_and_a_hidden_test(path):
    kinds = [cell.metadata["nbgrader"] for cell in cells(path) if "nbgrader" in cell.metadata]
    answers = [kind["grade_id"].removeprefix("solve-") for kind in kinds if kind["solution"]]
    tests = [kind["grade_id"].removeprefix("grade-") for kind in kinds if kind["grade"]]
    assert answers == tests
    for cell in cells(path):
        if cell.metadata.get("nbgrader", {}).get("grade"):
            judged = {name: names_of(cell, name) for name in ("check", "grade")}
            assert judged["check"] == judged["grade"], "the visible and the hidden test agree"
            assert len(judged["check"]) == 1


def names_of(cell, function):
    """Names of the exercises that a cell hands to `check` or `grade`."""
    calls = (node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call))
    return [c.args[0].value for c in calls if getattr(c.func, "id", "") == function]


def test_every_exercise_is_set_once():
    code = [cell for path in SOURCES for cell in cells(path) if cell.cell_type == "code"]
    used = [name for cell in code for name in names_of(cell, "check")]
    assert sorted(used) == sorted(EXERCISES)


def test_lecturers_get_pages_without_markers_and_a_course_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "COURSE", tmp_path)
    monkeypatch.setattr(course, "sources", lambda: SOURCES[:1])
    course.write_pages()
    course.write_assignments(tmp_path / "nbgrader")
    page = (tmp_path / "solutions" / f"{IDS[0]}.html").read_text(encoding="utf-8")
    assert "passed: " in page
    assert "BEGIN" not in page
    assert not re.search(r"<script[^>]*src=.http", page), "works without a network"
    assert (tmp_path / "solutions" / "mathjax.js").stat().st_size > 1_000_000
    assert "### " not in "\n".join(
        c.source for c in cells(tmp_path / "solutions" / SOURCES[0].name)
    )
    assert (tmp_path / "nbgrader" / "source" / IDS[0] / SOURCES[0].name).exists()
    settings = (tmp_path / "nbgrader" / "nbgrader_config.py").read_text(encoding="utf-8")
    assert "c.Execute.timeout = 60" in settings
    assert str(tmp_path) not in settings
