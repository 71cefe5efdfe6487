"""`python -m utils.evaluation.experiments`: what notebooks 06 and 07 read, measured in full.

Three experiments: flipping (all methods, data sets and splits), noise (how much each method moves
when the points tremble), robustness (the exact rivals when scaler, K or bandwidth change). Every
row of the stored results carries a key, a hash of all that it depends on: the data, the setting,
the code that makes the number, the versions of the libraries. A row whose key is not the present
one is computed again; the others are kept, so an interrupted run goes on where it stopped.
"""

import argparse
import warnings
from collections.abc import Callable
from dataclasses import asdict, astuple, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import torch
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from utils.data import load
from utils.evaluation import protocol
from utils.evaluation.baselines import METHODS
from utils.evaluation.meaning import digest, meaning
from utils.evaluation.protocol import DATASETS, methods, split
from utils.files import ROOT, write_whole

with warnings.catch_warnings():
    # in a notebook without ipywidgets it warns, and captum and shap would import it later
    warnings.simplefilter("ignore")
    from tqdm.auto import tqdm

STORE = ROOT / "benchmarks"
LIBRARIES = ("numpy", "scikit-learn", "torch")
EXTRA_LIBRARIES = {
    "integrated": "captum", "occlusion": "captum", "SHAP": "shap", "tree": "shap",
}  # fmt: skip
SCALERS = {"minmax": MinMaxScaler, "standard": StandardScaler, "robust": RobustScaler, "none": None}
SWEPT = (
    "NEON β=0",
    "NEON β=1/E[f]",
    "exact Shapley, marginal",
    "exact Shapley, kde logit",
    "exact Shapley, kde survival",
)


@dataclass(frozen=True)
class Setting:
    """What is explained, before any method is chosen.

    Attributes:
        data: name of a data set.
        seed: of the split, of k-means and of the methods that sample.
        clusters: K.
        scaler: one of `SCALERS`.
        stretch: factor of the bandwidth that the kde test uses.
    """

    data: str
    seed: int
    clusters: int
    scaler: str = "minmax"
    stretch: float = 1.0

    def problem(self):
        """Split the scaled data and fit k-means."""
        raw, scaler = load(self.data).raw, SCALERS[self.scaler]
        X = raw if scaler is None else torch.from_numpy(scaler().fit_transform(raw))
        return split(X, self.clusters, self.seed, self.stretch)


@dataclass(frozen=True)
class Experiment:
    """Rows of results, and how one of them is measured.

    Attributes:
        path: where they are stored.
        measure: name of the function of `protocol` that measures a problem and a method.
        settings: callable () -> list of (`Setting`, names of methods).
        columns: attributes of a setting that are stored.
    """

    path: Path
    measure: str
    settings: Callable
    columns: tuple = ("data", "seed")

    def key(self, setting, method, release=None):
        """Hash of everything that the numbers of a row depend on, 12 hexadecimal digits.

        Args:
            setting: what is explained.
            method: its name.
            release: library -> "library==version"; by default what is installed.
        """
        first = method.split()[0]
        libraries = [*LIBRARIES, *([EXTRA_LIBRARIES[first]] if first in EXTRA_LIBRARIES else [])]
        code = [
            meaning("utils.evaluation.protocol", self.measure),
            meaning("utils.evaluation.protocol", "split"),
            meaning("utils.evaluation.baselines", "METHODS", method),
        ]
        parts = [data_hash(setting.data), astuple(setting), method, code]
        return digest(repr([*parts, *map(release or installed, libraries)]).encode())

    def wanted(self, release=None):
        """Rows of the full experiment: key → (setting, method)."""
        return {
            self.key(setting, method, release): (setting, method)
            for setting, chosen in self.settings()
            for method in chosen
        }

    def measured(self, settings):
        """Measure methods on settings, without reading or writing stored results.

        Args:
            settings: list of (`Setting`, names of methods).

        Returns:
            DataFrame, one row a setting and method.
        """
        measure, rows = getattr(protocol, self.measure), []
        for setting, chosen in settings:
            here = setting.problem()
            stored = {name: asdict(setting)[name] for name in self.columns}
            for method in chosen:
                rows.append(stored | {"method": method} | measure(here, METHODS[method]))
        return pd.DataFrame(rows)

    def update(self):
        """Measure the rows that are missing or stale, and store the table after each setting."""
        rows = {}
        if self.path.exists():
            rows = {row["key"]: row for row in pd.read_csv(self.path).to_dict("records")}
        order = self.wanted()
        todo = {}
        for key, (setting, method) in order.items():
            if key not in rows:
                todo.setdefault(setting, []).append(method)
        for setting, missing in tqdm(todo.items(), unit="split", desc=self.path.stem):
            for method, row in zip(
                missing, self.measured([(setting, missing)]).to_dict("records"), strict=True
            ):
                key = self.key(setting, method)
                rows[key] = row | {"key": key}
            table = pd.DataFrame([rows[key] for key in order if key in rows])
            write_whole(self.path, table.to_csv(index=False, float_format="%.4f").encode())
        count = sum(map(len, todo.values()))
        print(f"{count} rows measured, {len(order)} are up to date in {self.path.name}")

    def results(self):
        """Read the stored results.

        Rows that were made by other code, data or libraries are shown as they are stored, with a
        warning that says what differs; the tests take it for an error.

        Returns:
            DataFrame, one row a setting and method.
        """
        table, order = pd.read_csv(self.path), self.wanted()
        stale = order.keys() - set(table["key"])
        if stale:
            setting, method = order[min(stale)]
            warnings.warn(
                f"{len(stale)} of the {len(order)} rows of `{self.path.name}` are missing or were "
                f"measured otherwise, such as {method} on {setting}; other here: "
                f"{', '.join(self.differences(table))}. What is stored is shown. "
                "`make experiments` measures it again.",
                stacklevel=2,
            )
        return table

    def differences(self, table):
        """Say what the rows of a table were not measured with: libraries, or code and data."""
        libraries = dict.fromkeys([*LIBRARIES, *EXTRA_LIBRARIES.values()])
        words = [
            f"{installed(library)} for {pinned(library)}"
            for library in libraries
            if installed(library) != pinned(library)
        ]
        of_code = self.wanted(pinned).keys() - set(table["key"])
        return words + ["code, data, or rows that are missing"] * bool(of_code)


@cache
def data_hash(name):
    """Hash of the values of a data set in their original units."""
    return digest(load(name).raw.numpy().tobytes())


@cache
def installed(library):
    """Name and version of a library, without the local part, which names a build."""
    return f"{library}=={version(library).split('+')[0]}"


@cache
def pinned(library):
    """Name and version of a library in constraints.txt: what the rows are measured with."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith(f"{library}=="))


def splits(seeds=None):
    """All splits of all data sets in their turn, or the first ones, with the methods they allow."""
    found = [
        (Setting(name, seed, clusters), methods(name))
        for name, (clusters, count) in DATASETS.items()
        for seed in range(count if seeds is None else seeds)
    ]
    return sorted(found, key=lambda pair: pair[0].seed)


def sweep(seeds=3):
    """One thing changed at a time on the tables where the exact rivals can be counted."""
    changes = [{}]
    changes += [{"scaler": scaler} for scaler in SCALERS if scaler != "minmax"]
    changes += [{"stretch": stretch} for stretch in (0.01, 0.1, 10.0, 100.0)]
    found = []
    for name in ("iris", "penguins", "diabetes", "wine"):
        usual = DATASETS[name][0]
        here = changes + [{"clusters": K} for K in (2, 3, 4, 6, 8) if usual != K]
        found += [
            (Setting(**({"data": name, "seed": seed, "clusters": usual} | change)), SWEPT)
            for change in here
            for seed in range(seeds)
        ]
    return found


FLIPPING = Experiment(STORE / "flipping.csv", "faithfulness", splits)
NOISE = Experiment(STORE / "noise.csv", "noise", lambda: splits(4))
ROBUSTNESS = Experiment(
    STORE / "robustness.csv",
    "conditional",
    sweep,
    ("data", "seed", "clusters", "scaler", "stretch"),
)


def main(arguments=None):
    """Run the command line."""
    command = "python -m utils.evaluation.experiments"
    argparse.ArgumentParser(prog=command, description=__doc__).parse_args(arguments)
    torch.set_num_threads(1)
    for experiment in (FLIPPING, NOISE, ROBUSTNESS):
        experiment.update()


if __name__ == "__main__":
    main()
