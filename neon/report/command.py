"""From a table to a folder that explains its clusters: `neon-report my.csv --clusters 4`.

The folder holds report.html (one file, nothing fetched), the executed notebook, the relevances,
the clusters and the figures. It appears whole or not at all.
"""

import argparse
import html
import os
import re
import shutil
import string
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path

import nbformat

from neon.report.portrait import MODELS, SCALERS, check_model, scaled
from neon.report.preparing import MISSING, prepare
from neon.report.reading import TableError, read_table
from utils.figures import manifest
from utils.notebooks import NOTEBOOKS, ONE_THREAD

NOTEBOOK = NOTEBOOKS / "11_your_own_data.ipynb"
PAGE = Path(__file__).with_name("page.html")
LESSON = "lesson"  # tag of the cells that are about the wines, and not part of a report
SETTINGS = {  # parameters of the notebook, as a report sets them unless told otherwise
    "features": None, "exclude": [], "label": None, "n_clusters": [2, 8], "model": "kmeans",
    "scaler": "minmax", "beta": "heuristic", "start_rows": None, "seed": 0, "rows": [],
    "missing": "error", "reading": {},
}  # fmt: skip


def report(data, output, *, force=False, progress=False, **settings):
    """Explain the clusters of a table and write everything into a new folder.

    Args:
        data: path of the table.
        output: the folder to make.
        force: replace a folder that is there.
        progress: show a bar on stderr.
        **settings: parameters of notebook 11, other than those of `SETTINGS`.

    Returns:
        Path of the folder.

    Raises:
        TableError: the table or a setting is no good, or the folder cannot be written; one line.
    """
    settings, output = SETTINGS | settings, Path(output)
    if output.exists() and not force:
        raise TableError(f"{str(output)!r} exists. Pass --force to replace it, or name another.")
    check(data, settings)
    path = Path(data)
    settings["data"] = str(path.resolve()) if path.exists() else str(data)
    with whole_folder(output) as scratch:
        executed = scratch / "report.ipynb"
        execute(executed, settings | {"output": str(scratch.resolve())}, progress)
        page = as_page(nbformat.read(executed, as_version=4), path.name)
        (scratch / "report.html").write_text(page, encoding="utf-8")
    return output


def check(data, settings):
    """Read and check the table as the notebook will, so that nothing is started in vain."""
    table = prepare(
        read_table(data, **settings["reading"]),
        **{name: settings[name] for name in ("features", "exclude", "label", "missing")},
    )
    X, _ = scaled(table.X, settings["scaler"])
    check_model(X.numpy(), settings["model"], settings["n_clusters"], settings["start_rows"])
    for row in [*settings["rows"], *(settings["start_rows"] or [])]:
        if row not in table.X.index:
            raise TableError(f"Row {row} is not among those clustered; rows count from 0.")
    beta = settings["beta"]
    if beta != "heuristic" and not (isinstance(beta, int | float) and beta >= 0):
        raise TableError(f"`beta` must be 0 or more, or heuristic; got {beta!r}.")


@contextmanager
def whole_folder(output):
    """Give a scratch folder that becomes `output` if all goes well, and vanishes if not.

    Raises:
        TableError: the folder cannot be written.
    """
    scratch = output.with_name(f".{output.name}.{os.getpid()}.unfinished")
    try:
        scratch.mkdir(parents=True)
        yield scratch
        if output.exists():  # --force: only now is there something to replace it by
            old = output.with_name(f".{output.name}.{os.getpid()}.old")
            output.rename(old)
            scratch.rename(output)
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        else:
            scratch.rename(output)
    except OSError as error:
        raise TableError(
            f"{str(output)!r} cannot be written: {error.strerror or error}. "
            "Check its permissions and free space, or name another: --output."
        ) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def execute(executed, settings, progress):
    """Run the notebook but for the lesson with papermill, a bar counting its cells."""
    import papermill
    from nbclient.exceptions import DeadKernelError

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    notebook.cells = [c for c in notebook.cells if LESSON not in c.metadata.get("tags", [])]
    nbformat.write(notebook, executed)
    for name in ONE_THREAD:
        os.environ.setdefault(name, ONE_THREAD[name])
    try:
        papermill.execute_notebook(
            executed, executed, parameters=settings, kernel_name="python3",
            cwd=NOTEBOOKS, progress_bar=progress, extra_arguments=["--log-level=ERROR"],
        )  # fmt: skip
    except papermill.PapermillExecutionError as error:
        why = " ".join(f"{error.ename}: {error.evalue}".split())
        raise TableError(f"The notebook stopped at cell {error.exec_count}: {why[:300]}") from None
    except DeadKernelError:
        raise TableError("The notebook's process died, likely for lack of memory.") from None


def as_page(notebook, name):
    """Turn an executed notebook into one HTML page without code, scripts or anything to fetch.

    Args:
        notebook: `nbformat.NotebookNode`.
        name: of the table, for the title.
    """
    from nbconvert import HTMLExporter

    shown = {entry: figure["shows"] for entry, figure in manifest().items()}
    for cell in notebook.cells:
        figure = re.search(r'save_figure\(figure, "(\w+)"', cell.source)
        if figure:
            cell.metadata["alt"] = shown[figure[1]]
    exporter = HTMLExporter(
        template_name="basic", exclude_input=True, exclude_input_prompt=True,
        exclude_output_prompt=True, exclude_anchor_links=True,
    )  # fmt: skip
    body, _ = exporter.from_notebook_node(notebook)
    template = string.Template(PAGE.read_text(encoding="utf-8"))
    return template.substitute(title=html.escape(name), body=body)


def parser():
    """Command line of `neon-report`."""
    made = argparse.ArgumentParser(
        prog="neon-report",
        description="Cluster a table, explain every assignment, and write a report of it.",
        epilog="example: neon-report wine.csv --label cultivar --clusters 2-6 --output wine_report",
    )
    add = made.add_argument
    add("data", help="the table: .csv, .tsv, .parquet, or .xlsx if openpyxl is installed")
    add("--clusters", default="2-8", metavar="K", dest="n_clusters", type=clusters,
        help="how many: 4, or 2-8 to choose by silhouette (default: 2-8)")  # fmt: skip
    add("--output", metavar="FOLDER", help="folder to make (default: the table's name + _report)")
    add("--force", action="store_true", help="replace that folder if it exists")
    what = made.add_argument_group("what of the table").add_argument
    what("--features", nargs="+", metavar="NAME", help="columns to use (default: all numeric)")
    what("--exclude", nargs="+", metavar="NAME", default=[], help="columns to leave out")
    what("--label", metavar="NAME", help="column to compare the clusters with afterwards")
    what("--missing", choices=MISSING, default="error",
         help="rows with missing values: stop, drop them, or fill in the median")  # fmt: skip
    what("--sep", help="what separates columns (default: guessed from the header)")
    what("--decimal", choices=[".", ","], default=".", help="the decimal mark (default: .)")
    what("--encoding", default="utf-8-sig", help="of the text (default: utf-8)")
    how = made.add_argument_group("how to cluster and explain").add_argument
    how("--model", choices=MODELS, default="kmeans", help="default: kmeans")
    how("--scaler", choices=SCALERS, default="minmax", help="default: minmax, to [0, 1]")
    how("--beta", type=stiffness, default="heuristic",
        help="how little the competitors other than the nearest count: 0 to inf "
        "(default: 1 / mean logit)")  # fmt: skip
    how("--seed", type=int, default=0, help="of the random starts (default: 0)")
    how("--start-rows", type=int, nargs="+", metavar="ROW",
        help="rows to start k-means from instead; the first row is 0")  # fmt: skip
    how("--rows", type=int, nargs="+", metavar="ROW", default=[],
        help="rows to look at closely (default: those nearest to a border)")  # fmt: skip
    return made


def clusters(text):
    """Read 4 as 4 and 2-8 as [2, 8].

    Example:
        >>> clusters("4"), clusters("2-8")
        (4, [2, 8])
    """
    low, dash, high = text.partition("-")
    numbers = [int(low), int(high)] if dash else [int(low)]
    if min(numbers) < 2 or numbers != sorted(numbers):
        raise ValueError(text)
    return numbers if dash else numbers[0]


def stiffness(text):
    """Read a number, or the word heuristic."""
    return text if text == "heuristic" else float(text)


def main(arguments=None):
    """Run the command line; exit code 2 if something is wrong with the input."""
    settings = vars(parser().parse_args(arguments))
    data, output = settings.pop("data"), settings.pop("output")
    settings["reading"] = {name: settings.pop(name) for name in ("sep", "decimal", "encoding")}
    output = output or f"{Path(data).stem}_report"
    try:
        # what papermill and its libraries think of each other is no business of the reader
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            folder = report(data, output, progress=True, **settings)
    except (TableError, MemoryError) as error:
        print(f"neon-report: {error or 'not enough memory'}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("neon-report: interrupted, nothing written", file=sys.stderr)
        return 130
    print(f"{folder / 'report.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
