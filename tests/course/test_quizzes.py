"""Every notebook ends in a quiz; every question has a folded answer that explains itself."""

import re

import nbformat
import pytest

from utils.notebooks import NOTEBOOKS

PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
QUESTION = re.compile(
    r"\*\*(?P<number>\d)\.\*\* (?P<question>.+)\n\n"
    r"(?P<options>(?:- \(\w\) .+\n)+)\n"
    r"<details><summary><b>Answer</b></summary>\n\n"  # a blank line: markdown and maths go on
    r"\*\*\((?P<right>\w)\)\*\* (?P<why>.+)\n\n</details>"
)


def questions(text):
    """Questions of a quiz as dicts; everything but the heading must belong to one."""
    found = [match.groupdict() for match in QUESTION.finditer(text)]
    assert " ".join(QUESTION.sub("", text).split()) == "## Quiz Choose before you unfold."
    return found


def quiz(path):
    cells = nbformat.read(path, as_version=4).cells
    (place,) = [i for i, cell in enumerate(cells) if cell.source.startswith("## Quiz")]
    assert "## Take-aways" in cells[place - 1].source
    assert cells[place + 1].source.startswith("## Exercises")
    assert cells[place].metadata == cells[place - 1].metadata, "a report leaves lessons out"
    return cells[place].source


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_answer_explains_itself(path):
    asked = questions(quiz(path))
    assert [question["number"] for question in asked] == list("1234"[: len(asked)])
    assert len(asked) in (3, 4)
    for question in asked:
        letters = re.findall(r"^- \((\w)\)", question["options"], re.MULTILINE)
        assert letters == list("abc")
        why = question["why"]
        assert len(why) > 150
        wrong = set(letters) - {question["right"]}
        assert set(re.findall(r"(?i:not) \((\w)\)", why)) == wrong, "why the others are wrong"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_numbers_are_those_that_the_notebook_prints(path):
    cells = nbformat.read(path, as_version=4).cells
    printed = "\n".join(
        output.get("text", "") for cell in cells for output in cell.get("outputs", [])
    )
    known = set(re.findall(r"\d+\.\d+", printed))
    assert set(re.findall(r"\d+\.\d+", quiz(path))) <= known


def test_guessing_one_letter_does_not_help():
    letters = [question["right"] for path in PATHS for question in questions(quiz(path))]
    assert max(map(letters.count, "abc")) < 0.4 * len(letters)


@pytest.mark.parametrize("spoil", ["<details>", "</details>", "**(", "- (b)"])
def test_a_broken_question_is_noticed(spoil):
    with pytest.raises(AssertionError):
        questions(quiz(PATHS[0]).replace(spoil, "", 1))
