"""What `neon.validation` is made of: tables of any kind, names of columns, memory for results.

Foreign memory is read, or refused in words; numpy arrays are read by numpy alone, because PyTorch's
threads do not survive a fork.
"""

from .arrays import as_tensor, is_sparse, joined, on_cpu
from .counts import as_count, as_positive, as_seed
from .names import carry_names, check_names, names_of
from .output import as_output, fill
from .sparse import SparseRows

__all__ = [
    "SparseRows",
    "as_count",
    "as_output",
    "as_positive",
    "as_seed",
    "as_tensor",
    "carry_names",
    "check_names",
    "fill",
    "is_sparse",
    "joined",
    "names_of",
    "on_cpu",
]
