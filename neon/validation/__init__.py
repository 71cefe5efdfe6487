"""One boundary: points, labels, β, names of columns and memory for results are met here, once.

Foreign memory is read, or refused with an error that says what to do next; numpy arrays are read by
numpy alone, because PyTorch's threads do not survive a fork.
"""

from .arrays import as_tensor, is_sparse, joined, on_cpu
from .counts import as_count, as_positive, as_seed
from .names import carry_names, check_names, names_of
from .output import as_output, fill
from .points import (
    as_beta,
    as_centroids,
    as_integers,
    as_labels,
    as_points,
    centroids_of,
    is_heuristic,
    like,
)
from .sparse import SparseRows

__all__ = [
    "SparseRows",
    "as_beta",
    "as_centroids",
    "as_count",
    "as_integers",
    "as_labels",
    "as_output",
    "as_points",
    "as_positive",
    "as_seed",
    "as_tensor",
    "carry_names",
    "centroids_of",
    "check_names",
    "fill",
    "is_heuristic",
    "is_sparse",
    "joined",
    "like",
    "names_of",
    "on_cpu",
]
