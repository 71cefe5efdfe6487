"""Run the notebooks, store their outputs in a normal form, and check what is stored.

`python -m utils.notebooks run` executes all notebooks and regenerates every figure;
`refresh` executes them, stores the outputs, renews the template of reports and records the
pictures' hashes; `check` lists what is wrong with those stored. Exercises and solutions draw no
figures: `run` leaves them alone.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nbformat
from tqdm import tqdm

from neon.report.building import TEMPLATE
from utils import claims
from utils.figures import manifest, recorded, stored_state
from utils.files import NOTEBOOKS, ROOT, write_whole

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # several times faster here
WIDGET = "application/vnd.jupyter.widget-view+json"
KEPT_METADATA = {"kernelspec", "language_info"}
KEPT_OF_CELLS = {"alt", "tags", "nbgrader", "editable", "deletable"}
REPORT = NOTEBOOKS / "16_your_own_data.ipynb"  # `neon-report` runs it, too
LESSON = "lesson"  # tag of its cells that are about the wines, and no part of a report
COURSE = ("exercises", "solutions")  # folders of notebooks that go with a lecture
# on a busy machine a kernel may take minutes to start or to hand over its output
PAPERMILL = """
import json, os, sys
from papermill import execute_notebook
notebook, output, parameters = sys.argv[1:]
execute_notebook(
    notebook, output, json.loads(parameters), cwd=os.path.dirname(notebook), kernel_name="python3",
    progress_bar=False, start_timeout=600, iopub_timeout=600,
)
"""
MAX_LINES = 20
MAX_BYTES = 600_000


def execute(notebook, *, output=None, **parameters):
    """Execute a notebook with papermill in a process of its own.

    Args:
        notebook: path of the notebook.
        output: path of the executed copy; in build/ by default.
        **parameters: values for its cell tagged `parameters`.

    Returns:
        (path of the executed copy, seconds).

    Raises:
        RuntimeError: a cell failed; the message ends with its traceback.
    """
    output = output or ROOT / "build" / "notebooks" / notebook.parent.name / notebook.name
    output.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", PAPERMILL, notebook, output, json.dumps(parameters)]
    start = time.perf_counter()
    done = subprocess.run(command, env=os.environ | ONE_THREAD, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{notebook.name} failed:\n{done.stderr[-4000:]}")
    return output, time.perf_counter() - start


def lectures():
    """Paths of the notebooks of the lecture."""
    return sorted(NOTEBOOKS.glob("*.ipynb"))


def everything():
    """Paths of all notebooks: the lecture, the exercises and their solutions."""
    return lectures() + [
        p for folder in COURSE for p in sorted((NOTEBOOKS / folder).glob("*.ipynb"))
    ]


def located(name):
    """Path of a notebook from its name, with or without folders and ending.

    Example:
        >>> [located(name).parent.name for name in ("01_x", "exercises/01_x.ipynb")]
        ['notebooks', 'exercises']
    """
    path = Path(name)
    folder = NOTEBOOKS / path.parent.name if path.parent.name in COURSE else NOTEBOOKS
    return folder / f"{path.stem}.ipynb"


def execute_all(notebooks, **parameters):
    """Execute notebooks, as many at a time as there are cores, and yield (notebook, copy)."""
    workers = min(len(notebooks), os.cpu_count() or 1)
    with ThreadPoolExecutor(workers) as pool, tqdm(total=len(notebooks), unit="notebook") as bar:
        running = {pool.submit(execute, path, **parameters): path for path in notebooks}
        try:
            for future in as_completed(running):
                copy, seconds = future.result()
                bar.write(f"{short(running[future]):<44} {seconds:5.1f} s", file=sys.stderr)
                bar.update()
                yield running[future], copy
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def short(path):
    """Name of a notebook for messages, with its folder if that is not the lecture's."""
    return f"{path.parent.name}/{path.name}" if path.parent.name in COURSE else path.name


def run(notebooks):
    """Regenerate the figures of the notebooks; return a list of those that are not there."""
    before = {name: recorded(name) for name in manifest()}
    names = {path.stem for path, _ in execute_all(notebooks, SAVE_FIGURES=True)}
    figures = [name for name, entry in manifest().items() if entry["notebook"] in names]
    problems = [problem for name in figures for problem in stored_state(name)]
    for name in figures:
        written = before.get(name) != recorded(name)
        label = manifest()[name]["label"]
        print(f"{label:<12} figures/{name}.png  {'written' if written else 'as before'}")
    return problems


def refresh(notebooks):
    """Store fresh outputs in the notebooks, renew the template; return what is wrong with them."""
    for path, copy in execute_all(notebooks):
        write_whole(path, normal_form(nbformat.read(copy, as_version=4)).encode())
    TEMPLATE.write_text(as_template(nbformat.read(REPORT, as_version=4)), encoding="utf-8")
    claims.record()
    return check(notebooks)


def check(notebooks):
    """List what is wrong with the stored notebooks."""
    return [f"{short(path)}: {problem}" for path in notebooks for problem in problems(path)]


def normal_form(notebook):
    """Text of a notebook without what changes from run to run: timings, versions, widget state.

    Args:
        notebook: `nbformat.NotebookNode`, executed.
    """
    notebook.metadata = {k: v for k, v in notebook.metadata.items() if k in KEPT_METADATA}
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata = {
            k: v for k, v in cell.metadata.items() if k in KEPT_OF_CELLS and v not in ([], {})
        }
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
            for output in cell.outputs:
                output.get("data", {}).pop(WIDGET, None)  # a view of what only that kernel held
    return nbformat.writes(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def as_template(notebook):
    """Text of a notebook without its lessons and outputs: what `neon-report` runs.

    Args:
        notebook: `nbformat.NotebookNode`.
    """
    notebook.cells = [c for c in notebook.cells if LESSON not in c.metadata.get("tags", [])]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
    return normal_form(notebook)


def joined(outputs):
    """Join what a cell printed: where a stream was cut into pieces is a matter of timing."""
    whole = []
    for output in outputs:
        last = whole[-1] if whole else {}
        if output.output_type == "stream" and last.get("name") == output.name:
            last.text += output.text
        else:
            whole.append(output)
    return whole


def problems(path):
    """List what is wrong with a stored notebook; empty if it may be committed."""
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found = [
        f"code cell {number}: {problem}"
        for number, cell in enumerate(code, 1)
        for problem in cell_problems(cell, number)
    ]
    has_parameters = path.parent.name not in COURSE
    if has_parameters and not any("parameters" in cell.metadata.get("tags", []) for cell in code):
        found.append("no cell is tagged `parameters`")
    if not notebook.cells[0].source.startswith("# "):
        found.append("the first cell must open with the question as a heading")
    if len(text) > MAX_BYTES:
        found.append(f"{len(text)} bytes stored, at most {MAX_BYTES}")
    if normal_form(notebook) != text:
        found.append("not in normal form: run `make notebooks`")
    return found


def cell_problems(cell, number):
    """List what is wrong with one stored code cell."""
    lines = cell.source.splitlines()
    forbidden = ("%", "!", "sys.path", "plt.show", "import *", "filterwarnings")
    found = [f"contains `{word}`" for line in lines for word in forbidden if
             (line.startswith(word) if len(word) == 1 else word in line)]  # fmt: skip
    if cell.execution_count != number:
        found.append(f"execution count {cell.execution_count}: run the notebook top to bottom")
    if len(lines) > MAX_LINES:
        found.append(f"{len(lines)} lines, at most {MAX_LINES}")
    if cell.source.rstrip().endswith(";"):
        found.append("ends in `;`, which the tests do not honour")
    for output in cell.outputs:
        if output.output_type == "error" or output.get("name") == "stderr":
            found.append(f"stored {output.get('ename', 'stderr')}")
    return found


def main(arguments=None):
    """Run the command line; exit code 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m utils.notebooks", description=__doc__)
    parser.add_argument("command", choices=["run", "refresh", "check"])
    parser.add_argument("notebooks", nargs="*", help="names or paths; all of them by default")
    options = parser.parse_args(arguments)
    chosen = [located(name) for name in options.notebooks]
    notebooks = chosen or (lectures() if options.command == "run" else everything())
    absent = [path.name for path in notebooks if not path.exists()]
    if absent:
        parser.error(f"`notebooks` must be in {NOTEBOOKS.name}/; got {', '.join(absent)}")
    try:
        wrong = {"run": run, "refresh": refresh, "check": check}[options.command](notebooks)
    except RuntimeError as failure:
        wrong = [str(failure)]
    except KeyboardInterrupt:
        wrong = ["Interrupted. What is written is whole; the same command does the rest."]
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
