"""The data sets of the course: scaled, named, and with their provenance."""

from dataclasses import dataclass

import torch
from sklearn import datasets
from sklearn.preprocessing import MinMaxScaler


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
LOADERS = {
    "wine": (datasets.load_wine, "UCI Wine: 178 wines of one region, 3 cultivars; in scikit-learn"),
    "iris": (datasets.load_iris, "Fisher's iris: 150 flowers, 3 species; in scikit-learn"),
    "digits": (datasets.load_digits, "UCI Digits: 1797 handwritten digits, 8 x 8; in scikit-learn"),
}


def load(name, *, scaled=True):
    """Load "wine", "iris" or "digits" from scikit-learn; no network is used.

    Args:
        name: the data set.
        scaled: map every feature to [0, 1] (min-max), so that no unit dominates the distances.
            Pixels have one unit, and are divided by their common maximum, 16.

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
    bunch = loader()
    X = bunch.data
    if scaled:
        X = X / 16 if name == "digits" else MinMaxScaler().fit_transform(X)
    return Dataset(
        X=torch.from_numpy(X).double(),
        y=torch.from_numpy(bunch.target).long(),
        raw=torch.from_numpy(bunch.data).double(),
        feature_names=[readable(feature) for feature in bunch.feature_names],
        class_names=[str(c).replace("class_", "cultivar ") for c in bunch.target_names],
        source=source,
    )


def readable(feature):
    """Turn a column name into a label."""
    if feature.startswith("pixel_"):
        return "pixel {},{}".format(*feature.split("_")[1:])
    return WINE_NAMES.get(feature, feature).replace("_", " ")
