"""Make what students and lecturers get from the notebooks with solutions.

`python -m utils.course.release` generates the student notebooks in notebooks/exercises/, and in
build/course/ the solutions as pages and a course folder for nbgrader.
"""

import re
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import nbformat

from utils.files import NOTEBOOKS, ROOT, write_whole
from utils.notebooks import normal_form, refresh

SOLUTIONS = NOTEBOOKS / "solutions"
STUDENTS = NOTEBOOKS / "exercises"
COURSE = ROOT / "build" / "course"
MARKER = re.compile(r"^ *### (BEGIN|END) (SOLUTION|HIDDEN TESTS)\n?", re.MULTILINE)
FETCHED = re.compile(
    r'<script src="https://[^>]*require[^>]*></script>|'
    r"<!-- Load mathjax -->.*?<!-- End of mathjax configuration -->", re.DOTALL,
)  # fmt: skip
MATHJAX = """<script>MathJax = {tex: {inlineMath: [["$", "$"]]}}</script>
<script src="mathjax.js"></script>
</head>"""

NBGRADER = {
    "CourseDirectory": {"course_id": "neon"},
    "ClearSolutions": {"code_stub": {"python": "# your code here"}},
    "Execute": {"timeout": 60, "iopub_timeout": 60},
    "LimitOutput": {"max_lines": 200, "max_traceback": 30},
}


def sources():
    """Paths of the notebooks with solutions."""
    return sorted(SOLUTIONS.glob("*.ipynb"))


def student_copy(notebook):
    """Take solutions and hidden tests out of a notebook, as nbgrader does when it releases one.

    Args:
        notebook: `nbformat.NotebookNode` with nbgrader's markers and metadata.

    Returns:
        Another `NotebookNode`, not executed, with the checksums by which nbgrader knows its cells.
    """
    from nbgrader import preprocessors
    from traitlets.config import Config

    config = Config(NBGRADER)
    released = nbformat.from_dict(notebook)
    for name in ("LockCells", "ClearSolutions", "ClearOutput", "ClearHiddenTests",
                 "ComputeChecksums", "CheckCellMetadata"):  # fmt: skip
        step = getattr(preprocessors, name)(config=config)
        released, _ = step.preprocess(released, {})
    return released


def readable(notebook):
    """Take nbgrader's markers out of a notebook with solutions, and mend links to lectures."""
    plain = nbformat.from_dict(notebook)
    for cell in plain.cells:
        cell.source = MARKER.sub("", cell.source).rstrip().replace("](../", "](../../../notebooks/")
    return plain


def write_students():
    """Generate and execute the student notebooks; return a list of what is wrong with them."""
    STUDENTS.mkdir(exist_ok=True)
    for path in sources():
        released = student_copy(nbformat.read(path, as_version=4))
        write_whole(STUDENTS / path.name, normal_form(released).encode())
    return refresh(sorted(STUDENTS.glob("*.ipynb")))


def write_pages():
    """Write the solutions as pages that fetch nothing, and as notebooks without markers."""
    from nbconvert import HTMLExporter

    folder = COURSE / "solutions"
    folder.mkdir(parents=True, exist_ok=True)
    package = Path(find_spec("sphinx-mathjax-offline").origin).parent
    shutil.copy(package / "static" / "mathjax" / "tex-svg.js", folder / "mathjax.js")
    for path in sources():
        notebook = readable(nbformat.read(path, as_version=4))
        nbformat.write(notebook, folder / path.name)
        page, _ = HTMLExporter().from_notebook_node(notebook, {"metadata": {"name": path.stem}})
        page = FETCHED.sub("", page).replace("</head>", MATHJAX, 1)
        (folder / f"{path.stem}.html").write_text(page, encoding="utf-8")


def write_assignments(course=COURSE / "nbgrader"):
    """Write a course folder for nbgrader: its settings, and one assignment a notebook.

    What a lecturer's nbgrader has put there since (gradebook, submissions) stays.
    """
    for path in sources():
        folder = course / "source" / path.stem
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder)
    lines = [f"c.{name}.{key} = {value!r}" for name, values in NBGRADER.items()
             for key, value in values.items()]  # fmt: skip
    text = "\n".join(['"""Settings of nbgrader."""', "", "c = get_config()", *lines, ""])
    (course / "nbgrader_config.py").write_text(text, encoding="utf-8")


def main():
    """Run the command line; exit code 1 if anything is wrong."""
    wrong = write_students()
    write_pages()
    write_assignments()
    print(f"{len(sources())} student notebooks in {STUDENTS.relative_to(ROOT)}/")
    print(f"solutions and assignments in {COURSE.relative_to(ROOT)}/")
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
