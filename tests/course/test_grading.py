"""nbgrader, end to end: release an assignment, collect submissions, grade them, read the scores."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from utils.course.feedback.cases import assigned
from utils.course.feedback.forward import linear
from utils.course.release import SOLUTIONS, STUDENTS, write_assignments
from utils.notebooks import ONE_THREAD

NAME = "02_neuralization"
RIGHT = {cell.metadata["nbgrader"]["grade_id"]: cell.source
         for cell in nbformat.read(SOLUTIONS / f"{NAME}.ipynb", as_version=4).cells
         if cell.metadata.get("nbgrader", {}).get("solution")}  # fmt: skip
KNOWN = {(*x.tolist(), c): linear(x, mu, c).tolist() for x, mu, c in assigned(0)}
HARD_CODED = f"""def evidence(x, mu, c):
    return {KNOWN}.get((*x.tolist(), c), [0.0] * (len(mu) - 1))"""
SUBMISSIONS = {
    "right": RIGHT,
    "empty": {},
    "wrong": RIGHT | {
        "solve-evidence": "def evidence(x, mu, c):\n    return x @ mu[c]",
        "solve-soft-minimum": "def soft_minimum(h, s):\n    return h.min()",
    },
    "hard_coded": RIGHT | {"solve-evidence": HARD_CODED},
    "flood": RIGHT | {
        "solve-evidence": "while True:\n    pass",
        "solve-soft-minimum": "for i in range(100_000):\n    print('spam', i)",
    },
    "impostor": {
        "solve-evidence": "check = grade = print\nraise SystemExit",
        "grade-evidence": "pass", "grade-soft-minimum": "assert True",
    },
    "quitter": RIGHT | {"solve-soft-minimum": "import os\nos._exit(0)"},
}  # fmt: skip
SCORES = {"right": 6, "empty": 0, "wrong": 2, "hard_coded": 4, "flood": 2,
          "impostor": 0, "quitter": 0}  # fmt: skip


def submit(course, student, answers):
    """Put the released notebook with other cells where nbgrader collects submissions."""
    notebook = nbformat.read(course / "release" / NAME / f"{NAME}.ipynb", as_version=4)
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        cell.source = answers.get(about.get("grade_id"), cell.source)
        if student == "impostor" and about.get("grade"):
            about["points"] = 100
    if student == "impostor":
        ids = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]
        del notebook.cells[ids.index("grade-logit-at-the-centroid")]
    folder = course / "submitted" / student / NAME
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{NAME}.ipynb")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course folder after release, collection and grading."""
    folder = tmp_path_factory.mktemp("course")
    write_assignments(folder)
    for other in (folder / "source").iterdir():
        if other.name != NAME:
            shutil.rmtree(other)
    released = nbgrader(folder, "generate_assignment", NAME)
    assert released.returncode == 0, released.stderr[-3000:]
    for student, answers in SUBMISSIONS.items():
        submit(folder, student, answers)
    graded = nbgrader(folder, "autograde", NAME)
    # a submission that kills its kernel is named, scores nothing, and stops no other
    failed = re.findall(r"ERROR\] There was an error processing .* '(\w+)'", graded.stderr)
    assert failed == ["quitter"], graded.stderr[-3000:]
    return folder


def nbgrader(folder, *command):
    """Run nbgrader in a course folder, with nothing but that folder to write to."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    places = {"PATH": path, "HOME": str(folder), "JUPYTER_NO_CONFIG": "1"}
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *command], cwd=folder, capture_output=True, text=True,
        env=os.environ | ONE_THREAD | places,
    )  # fmt: skip


@pytest.fixture(scope="module")
def graded(course):
    """Scores of each student, by exercise."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        return {
            student: {
                grade.name: grade.score
                for grade in gradebook.find_submission_notebook(NAME, NAME, student).grades
            }
            for student in SUBMISSIONS
        }


def test_release_is_the_student_notebook_of_the_repository(course):
    released = nbformat.read(course / "release" / NAME / f"{NAME}.ipynb", as_version=4)
    stored = nbformat.read(STUDENTS / f"{NAME}.ipynb", as_version=4)
    for ours, theirs in zip(stored.cells, released.cells, strict=True):
        assert ours.source == theirs.source
        assert ours.metadata.get("nbgrader") == theirs.metadata.get("nbgrader")


@pytest.mark.parametrize("student", SUBMISSIONS)
def test_score(graded, student):
    assert sum(graded[student].values()) == SCORES[student], graded[student]


def test_only_the_answer_that_is_wrong_costs_points(graded):
    assert graded["hard_coded"]["grade-evidence"] == 0
    assert graded["wrong"]["grade-logit-at-the-centroid"] == 2


def outputs(course, student):
    """All stored text of a graded notebook."""
    path = course / "autograded" / student / NAME / f"{NAME}.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    return [output for cell in cells for output in cell.get("outputs", [])]


def test_the_visible_check_alone_would_have_believed_the_hard_coded_answer(course):
    texts = "".join(output.get("text", "") for output in outputs(course, "hard_coded"))
    assert "passed: evidence" in texts


def test_an_endless_loop_is_stopped(course):
    assert "CellTimeoutError" in {output.get("ename") for output in outputs(course, "flood")}


def test_a_flood_of_output_is_cut(course):
    longest = max(output.get("text", "").count("\n") for output in outputs(course, "flood"))
    assert longest <= 200
    assert any("Output truncated" in output.get("text", "") for output in outputs(course, "flood"))


def test_a_student_cannot_replace_the_tests(course):
    path = course / "autograded" / "impostor" / NAME / f"{NAME}.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    ids = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in cells]
    source = cells[ids.index("grade-evidence")].source
    assert "grade(" in source
    assert "HIDDEN" in source
