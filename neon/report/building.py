"""Make the folder of a report: check the table, run the notebook on it, turn that into a page.

The folder holds report.html (one file, nothing fetched), the executed notebook, the relevances,
the clusters and the figures. It appears whole or not at all.
"""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pandas as pd

from neon.report.clustering import check_model, scaled
from neon.report.page import as_page
from neon.report.preparing import prepare
from neon.report.reading import TableError, read_table

TEMPLATE = Path(__file__).with_name("template.ipynb")
SETTINGS = {  # parameters of the template, as a report sets them unless told otherwise
    "features": None, "exclude": [], "label": None, "n_clusters": [2, 8], "model": "kmeans",
    "scaler": "minmax", "beta": "heuristic", "start_rows": None, "seed": 0, "rows": [],
    "missing": "error", "reading": {},
}  # fmt: skip
THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # quicker for most tables
INLINE = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}  # pictures go into the page


def report(data, output, *, force=False, progress=False, **settings):
    """Explain the clusters of a table and write everything into a new folder.

    Args:
        data: path of the table, or a DataFrame, which is kept in the folder as table.parquet.
        output: the folder to make.
        force: replace a folder that is there.
        progress: show a bar on stderr.
        **settings: parameters of the template's first cell, other than those of `SETTINGS`.

    Returns:
        Path of the folder.

    Raises:
        TableError: the table or a setting is no good, or the folder cannot be written; one line.
    """
    settings, output = SETTINGS | settings, Path(output)
    refuse_to_replace(output, data, force)
    check(data, settings)
    with whole_folder(output) as scratch:
        if isinstance(data, pd.DataFrame):
            read_table(data).to_parquet(scratch / "table.parquet")
            name, settings["data"] = "the table", "table.parquet"
        else:
            name, settings["data"] = Path(data).name, str(Path(data).resolve())
        executed = scratch / "report.ipynb"
        execute(executed, settings | {"output": "."}, progress)
        page = as_page(nbformat.read(executed, as_version=4), name)
        (scratch / "report.html").write_text(page, encoding="utf-8")
    return output


def refuse_to_replace(output, data, force):
    """Raise `TableError` if the folder is there, or holds what must not vanish with it."""
    if not output.exists():
        return
    if not force:
        raise TableError(f"{str(output)!r} exists. Pass --force to replace it, or name another.")
    kept = [Path.cwd()] if isinstance(data, pd.DataFrame) else [Path.cwd(), Path(data).resolve()]
    for path in kept:
        if path.is_relative_to(output.resolve()):
            raise TableError(f"{str(output)!r} holds {path.name!r}. Name another: --output.")


def check(data, settings):
    """Read and check the table as the template will, so that nothing is started in vain."""
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
    """Run the template with papermill in the folder of the report, a bar counting its cells."""
    import papermill
    from nbclient.exceptions import DeadKernelError

    try:
        with environment(THREADS | os.environ | INLINE):
            papermill.execute_notebook(
                TEMPLATE, executed.resolve(), parameters=settings, kernel_name="python3",
                cwd=executed.parent.resolve(), progress_bar=progress,
                extra_arguments=["--log-level=ERROR"],
            )  # fmt: skip
    except papermill.PapermillExecutionError as error:
        why = " ".join(f"{error.ename}: {error.evalue}".split())
        raise TableError(f"The notebook stopped at cell {error.exec_count}: {why[:300]}") from None
    except DeadKernelError:
        raise TableError("The notebook's process died, likely for lack of memory.") from None


@contextmanager
def environment(variables):
    """Set the environment that a kernel inherits, and restore it."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)
