"""Sparse points: dense where they are worked on, a block of rows at a time."""

import torch

from .arrays import check_size

BLOCK = 2**22  # numbers of a dense block: 32 megabytes


class SparseRows:
    """Rows of a sparse matrix, of scipy or torch, which are checked and dense when they are cut.

    Attributes:
        shape, dtype: of the dense points.
        step: rows to cut at a time.
    """

    device = torch.device("cpu")

    def __init__(self, X, check):
        """Take X (n, D), and check(rows) -> tensor, which the first row has to pass at once."""
        check_size(X, "X")
        if torch.is_tensor(X):
            self.device = X.device
            self.X = X.detach().to_sparse_coo().coalesce()
        else:
            self.X = X.tocsr()
        self.check, self.shape = check, tuple(X.shape)
        if len(self.shape) != 2 or 0 in self.shape:
            check(X)  # says what is wrong
        self.step = max(1, BLOCK // self.shape[1])
        self.dtype = self[:1].dtype

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        start, stop, _ = rows.indices(len(self))
        if torch.is_tensor(self.X):
            chosen = torch.arange(start, stop, device=self.device)
            return self.check(self.X.index_select(0, chosen))
        return self.check(self.X[start:stop])
