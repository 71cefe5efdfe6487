"""`python -m utils.evaluation.experiments`: the full experiment of notebook 06, about ten minutes.

Every row of the stored results carries a key, a hash of all that it depends on: the data, the
seed, the code that makes the number (without comments and docstrings), the versions of the
libraries. A row whose key is not the present one is computed again; the others are kept, so an
interrupted run goes on where it stopped.
"""

import argparse
import ast
import hashlib
import warnings
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import torch

from utils.data import load
from utils.evaluation.protocol import DATASETS, measure, methods, problem
from utils.files import ROOT, write_whole

with warnings.catch_warnings():
    # in a notebook without ipywidgets it warns, and captum and shap would import it later
    warnings.simplefilter("ignore")
    from tqdm.auto import tqdm

RESULTS = ROOT / "benchmarks" / "flipping.csv"
CODE = (
    "neon/evaluation/flipping.py",
    "utils/evaluation/protocol.py",
    "utils/evaluation/baselines.py",
)
LIBRARIES = ("numpy", "scikit-learn", "torch")
EXTRA_LIBRARIES = {
    "integrated": "captum", "occlusion": "captum", "SHAP": "shap", "tree": "shap",
}  # fmt: skip


def key(name, seed, method, release=None):
    """Hash of everything that the numbers of one row depend on, 12 hexadecimal digits.

    Args:
        name: of the data set.
        seed: of the split.
        method: its name.
        release: library -> "library==version"; by default what is installed.
    """
    release = release or installed
    first = method.split()[0]
    code = CODE + (reachable("neon/explanation.py") if first == "NEON" else ())
    libraries = [*LIBRARIES, *([EXTRA_LIBRARIES[first]] if first in EXTRA_LIBRARIES else [])]
    parts = [data_hash(name), name, seed, method, *map(code_hash, code), *map(release, libraries)]
    return digest(repr(parts).encode())


def digest(content):
    """First 12 hexadecimal digits of the SHA-256."""
    return hashlib.sha256(content).hexdigest()[:12]


@cache
def data_hash(name):
    """Hash of the values of a data set."""
    return digest(load(name).X.numpy().tobytes())


@cache
def installed(library):
    """Name and version of a library, without the local part, which names a build."""
    return f"{library}=={version(library).split('+')[0]}"


def pinned(library):
    """Name and version of a library in constraints.txt: what the rows are measured with."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith(f"{library}=="))


@cache
def code_hash(path):
    """Hash of what a module does: its syntax tree without docstrings, the same on any Python."""
    return digest(repr(plain(ast.parse((ROOT / path).read_text(encoding="utf-8")))).encode())


def plain(node):
    """Turn a syntax tree into nested lists; empty fields, which differ by version, are dropped."""
    if isinstance(node, ast.AST):
        fields = [(name, plain(value)) for name, value in ast.iter_fields(node)]
        return [type(node).__name__, [field for field in fields if field[1] not in (None, [])]]
    if isinstance(node, list):
        return [plain(child) for child in node if not is_text(child)]
    return node


def is_text(node):
    """Is the statement a docstring?"""
    return isinstance(node, ast.Expr) and isinstance(getattr(node.value, "value", None), str)


@cache
def reachable(path):
    """Modules that a module of a package imports from it, directly or not, itself included."""
    found, waiting = set(), [path]
    while waiting:
        here = waiting.pop()
        if here in found:
            continue
        found.add(here)
        tree = ast.parse((ROOT / here).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level:
                folder = Path(here).parents[node.level - 1]
                names = [node.module] if node.module else [alias.name for alias in node.names]
                for path in (folder.joinpath(*name.split(".")) for name in names):
                    found_at = path / "__init__.py" if (ROOT / path).is_dir() else f"{path}.py"
                    waiting.append(str(found_at))
    return tuple(sorted(found))


def wanted(release=None):
    """Rows of the full experiment: key → (data set, seed, method), each data set in its turn."""
    splits = [(name, seed) for name, (_, seeds) in DATASETS.items() for seed in range(seeds)]
    return {
        key(name, seed, method, release): (name, seed, method)
        for name, seed in sorted(splits, key=lambda split: split[1])
        for method in methods(name)
    }


def measured(splits, chosen=None):
    """Measure methods on splits, without reading or writing stored results.

    Args:
        splits: list of (data set, seed).
        chosen: names of methods; by default all that the data set allows.

    Returns:
        DataFrame, one row a split and method: data, seed, method, the measures, microseconds.
    """
    rows = []
    for name, seed in splits:
        here = problem(name, seed)
        for method in methods(name) if chosen is None else chosen:
            rows.append({"data": name, "seed": seed, "method": method, **measure(here, method)})
    return pd.DataFrame(rows)


def update(path=RESULTS):
    """Measure the rows that are missing or stale, and store the table after each split."""
    rows = {}
    if path.exists():
        rows = {row["key"]: row for row in pd.read_csv(path).to_dict("records")}
    order = wanted()
    todo = {k: row for k, row in order.items() if k not in rows}
    splits = {(name, seed): [] for name, seed, _ in todo.values()}
    for name, seed, method in todo.values():
        splits[name, seed].append(method)
    for split, missing in tqdm(splits.items(), unit="split"):
        for row in measured([split], missing).to_dict("records"):
            k = key(row["data"], row["seed"], row["method"])
            rows[k] = row | {"key": k}
        table = pd.DataFrame([rows[k] for k in order if k in rows])
        write_whole(path, table.to_csv(index=False, float_format="%.4f").encode())
    print(f"{len(todo)} rows measured, {len(order)} are up to date in {path.name}")


def results(path=RESULTS):
    """Read the stored results of the full experiment.

    Rows that were made by other code, data or libraries are shown as they are stored, with a
    warning that says what differs; the tests take it for an error.

    Returns:
        DataFrame, one row a data set, seed and method.
    """
    table, rows = pd.read_csv(path), wanted()
    stale = rows.keys() - set(table["key"])
    if stale:
        name, seed, method = rows[min(stale)]
        warnings.warn(
            f"{len(stale)} of the {len(rows)} rows of `{path.name}` are missing or were measured "
            f"otherwise, such as {method} on {name}, seed {seed}; other here: "
            f"{', '.join(differences(table))}. What is stored is shown. "
            "`make experiments` measures it again.",
            stacklevel=2,
        )
    known = set(rows.values())
    here = [row in known for row in zip(table["data"], table["seed"], table["method"], strict=True)]
    return table[here].reset_index(drop=True)


def differences(table):
    """Say what the rows of a table were not measured with: libraries, or code and data."""
    libraries = dict.fromkeys([*LIBRARIES, *EXTRA_LIBRARIES.values()])
    words = [
        f"{installed(library)} for {pinned(library)}"
        for library in libraries
        if installed(library) != pinned(library)
    ]
    of_code = wanted(pinned).keys() - set(table["key"])
    return words + ["code, data, or rows that are missing"] * bool(of_code)


def main(arguments=None):
    """Run the command line."""
    command = "python -m utils.evaluation.experiments"
    argparse.ArgumentParser(prog=command, description=__doc__).parse_args(arguments)
    torch.set_num_threads(1)
    update()


if __name__ == "__main__":
    main()
