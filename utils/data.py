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
    "breast_cancer": (
        datasets.load_breast_cancer,
        "UCI Breast Cancer Wisconsin (Diagnostic): 569 tumours, 2 diagnoses; in scikit-learn",
    ),
    "digits": (
        datasets.load_digits,
        "UCI Optical Recognition of Handwritten Digits: 1797 images of 8 x 8; in scikit-learn",
    ),
}


def load(name, *, scaled=True):
    """Load "wine", "iris", "breast_cancer" or "digits" from scikit-learn; no network is used.

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
    bunch = loader()
    X = MinMaxScaler().fit_transform(bunch.data) if scaled else bunch.data
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
    return WINE_NAMES.get(feature, feature).replace("_", " ")
