"""The data sets of the course: scaled, named, and with their provenance."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn import datasets
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils import Bunch

PENGUINS = Path(__file__).with_name("penguins.csv")


@dataclass(frozen=True)
class Dataset:
    """A table of points with names for everything.

    Attributes:
        X: (n, D) float64, the features that are clustered.
        y: (n,) classes 0, 1, ..., never shown to the clustering.
        raw: (n, D) float64, the features in their original units.
        feature_names: D names.
        class_names: one name a class.
        source: where the data come from.
    """

    X: torch.Tensor
    y: torch.Tensor
    raw: torch.Tensor
    feature_names: list[str]
    class_names: list[str]
    source: str


WINE_NAMES = {
    "od280/od315_of_diluted_wines": "OD280/OD315",
    "nonflavanoid_phenols": "nonflav. phenols",
}


def load_penguins():
    """Read the penguins of which all four measurements are known, from the file beside this one."""
    table = pd.read_csv(PENGUINS).dropna(subset="bill_length_mm")
    species = sorted(table["species"].unique())
    measured = [name for name in table if name.endswith(("_mm", "_g"))]
    return Bunch(
        data=table[measured].to_numpy(float),
        target=np.array([species.index(name) for name in table["species"]]),
        feature_names=[name.rsplit("_", 1)[0] for name in measured],
        target_names=species,
    )


def load_diabetes():
    """Diabetes in its original units; the classes are the halves of the disease's progression."""
    bunch = datasets.load_diabetes(scaled=False)
    target = (bunch.target > np.median(bunch.target)).astype(int)
    return bunch | {"target": target, "target_names": ["slower half", "faster half"]}


LOADERS = {
    "wine": (datasets.load_wine, "UCI Wine: 178 wines of one region, 3 cultivars; in scikit-learn"),
    "iris": (datasets.load_iris, "Fisher's iris: 150 flowers, 3 species; in scikit-learn"),
    "breast_cancer": (
        datasets.load_breast_cancer,
        "UCI Breast Cancer Wisconsin (Diagnostic): 569 tumours, 2 diagnoses; in scikit-learn",
    ),
    "digits": (
        datasets.load_digits,
        "UCI Optical Recognition of Handwritten Digits: 1797 images of 8 x 8; in scikit-learn",
    ),
    "penguins": (
        load_penguins,
        "Palmer penguins: 342 birds, 3 species; Gorman, Williams and Fraser, PLOS ONE 2014, "
        "CC0; the file of the Python package palmerpenguins 0.1.6",
    ),
    "diabetes": (
        load_diabetes,
        "Efron et al., Annals of Statistics 2004: 442 patients, 10 measurements; in scikit-learn",
    ),
}


def load(name, *, scaled=True):
    """Load one of `LOADERS`, from scikit-learn or from beside this file; no network is used.

    Args:
        name: the data set.
        scaled: map every feature to [0, 1] (min-max), so that no unit dominates the distances.

    Raises:
        ValueError: a name that is not known.

    Example:
        >>> wine = load("wine")
        >>> tuple(wine.X.shape), wine.feature_names[:2], wine.X.max().item()
        ((178, 13), ['alcohol', 'malic acid'], 1.0)
    """
    if name not in LOADERS:
        raise ValueError(f"`name` must be one of {sorted(LOADERS)}; got {name!r}.")
    loader, source = LOADERS[name]
    bunch = Bunch(**loader())
    X = MinMaxScaler().fit_transform(bunch.data) if scaled else bunch.data
    return Dataset(
        X=torch.from_numpy(X).double(),
        y=torch.from_numpy(bunch.target).long(),
        raw=torch.from_numpy(bunch.data).double(),
        feature_names=[readable(feature) for feature in bunch.feature_names],
        class_names=[str(c).replace("class_", "cultivar ") for c in bunch.target_names],
        source=source,
    )


def as_table(name):
    """A data set as a file would hold it: original units, and the class in words as `label`.

    Args:
        name: of a data set that `load` knows.

    Returns:
        (n, D + 1) DataFrame.

    Example:
        >>> as_table("wine")[["alcohol", "label"]].head(1)
           alcohol       label
        0    14.23  cultivar 0
    """
    data = load(name)
    frame = pd.DataFrame(data.raw.numpy(), columns=data.feature_names)
    return frame.assign(label=[data.class_names[c] for c in data.y])


def penguin_table():
    """Table of all 344 penguins as published: measures, island, sex, species, with its gaps.

    Gorman, Williams and Fraser, PLOS ONE 2014, collected at Palmer Station, Antarctica, by the
    LTER programme; CC0; the file is that of the Python package palmerpenguins 0.1.6.

    Example:
        >>> table = penguin_table()
        >>> table.shape, int(table.isna().sum().sum()), list(table.columns[:2])
        ((344, 8), 19, ['species', 'island'])
    """
    return pd.read_csv(Path(__file__).with_name("penguins.csv"))


def penguins():
    """Table of 342 penguins: 4 measures, the island, the sex ("unknown" for 9), the species.

    Gorman, Williams and Fraser, PLOS ONE 2014, collected at Palmer Station, Antarctica, by the
    LTER programme; CC0; the file is that of the package palmerpenguins 0.1.6, with 344 rows. Two
    penguins that were not measured are left out.

    Example:
        >>> penguins().shape, penguins()["species"].value_counts().tolist()
        ((342, 8), [151, 123, 68])
    """
    table = penguin_table().dropna(subset="bill_length_mm").fillna({"sex": "unknown"})
    return table.reset_index(drop=True)


def readable(feature):
    """Turn a column name into a label."""
    if feature.startswith("pixel_"):
        return "pixel {},{}".format(*feature.split("_")[1:])
    return WINE_NAMES.get(feature, feature).replace("_", " ")


def rings(n=300, *, radii=(1.0, 3.0), width=0.3):
    """Two rings, one around the other: shapes that no straight line separates.

    The angles follow a low-discrepancy sequence, and one fixed generator of random numbers sets
    the radii, so that the points are the same everywhere.

    Args:
        n: points, half of them on each ring.
        radii: radius of the inner and of the outer ring.
        width: largest deviation from the radius.

    Example:
        >>> inner = rings().X[rings().y == 0].norm(dim=-1)
        >>> bool(inner.min() > 0.7), bool(inner.max() < 1.3)
        (True, True)
    """
    turn, jitter, y = scatter(n)
    angle, radius = 2 * np.pi * turn, np.asarray(radii)[y] + width * (2 * jitter - 1)
    X = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    return plane(X, y, ["inner ring", "outer ring"], f"two rings of radius {radii}, by formula")


def moons(n=300, *, width=0.15):
    """Two half moons, each with an end in the hollow of the other; see `rings`.

    Example:
        >>> tuple(moons().X.shape), moons().y.bincount().tolist()
        ((300, 2), [150, 150])
    """
    turn, jitter, y = scatter(n)
    angle, radius = np.pi * turn, 1 + width * (2 * jitter - 1)
    x, z = radius * np.cos(angle), radius * np.sin(angle)
    X = np.where(y[:, None] == 0, np.column_stack([x, z]), np.column_stack([1 - x, 0.5 - z]))
    return plane(X, y, ["upper moon", "lower moon"], "two half moons of radius 1, by formula")


def scatter(n):
    """Two columns of numbers in [0, 1), the first spread evenly, and alternating classes."""
    turn = (np.arange(n) // 2 + 0.5) * 2 / (1 + 5**0.5) % 1  # the golden ratio fills evenly
    return turn, np.random.default_rng(0).random(n), np.arange(n) % 2


def plane(X, y, class_names, source):
    """Data set of points in the plane."""
    X = torch.from_numpy(X)
    return Dataset(X, torch.from_numpy(y), X, ["$x_1$", "$x_2$"], class_names, source)
