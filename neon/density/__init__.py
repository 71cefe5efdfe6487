"""How unusual is a point, and why: soft distances to reference points, densities, neighbours."""

from .outliers import Outliers, contrast_densities, explain_outliers, neighbours
from .soft_distance import SoftDistance

__all__ = [
    "OutlierExplainer",
    "Outliers",
    "SoftDistance",
    "contrast_densities",
    "explain_outliers",
    "neighbours",
]


def __getattr__(name):
    """Load the estimator when it is asked for: scikit-learn's base classes take a while."""
    if name == "OutlierExplainer":
        from .estimator import OutlierExplainer

        return OutlierExplainer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
