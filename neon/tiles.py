"""Blocks of rows, cut into tiles: what the blocks of one call of `closed_form` share."""

import math
from functools import lru_cache
from itertools import accumulate
from typing import ClassVar

import numpy as np
import torch

TILE = 192  # rows of one matrix product: a multiple of the tiles of common BLAS kernels
CACHE = 2**18  # numbers in one (rows, K + D) temporary: a few of them stay in the cache
KEPT = 4 * CACHE  # numbers in the memory that a worker leaves to the next call
F32, F64 = torch.float32, torch.float64
LIMITS = {dtype: torch.finfo(dtype) for dtype in (F32, F64)}
# largest error of R, relative to its largest entry, that a row may have: by dtype of the
# arithmetic, then of X
TOLERANCE = {F64: {F64: 1e-13, F32: 1e-8}, F32: {F32: 8e-6}}


def sees_numpy(X):
    """Tell whether the arithmetic on X is to be numpy's."""
    return X.device.type == "cpu"


class Model:
    """Centred centroids, the block size, constants of the error bound: numpy's or torch's."""

    def __init__(self, centroids, beta, X, threads):
        (K, D), on_cpu = centroids.shape, sees_numpy(X)
        work = F32 if X.device.type == "mps" else F64  # MPS has no float64
        self.in_numpy, self.workers = on_cpu, threads if on_cpu else 1
        self.K, self.D, self.dtype, self.device = K, D, work, X.device
        self.xp, self.vecdot = (np, np.vecdot) if on_cpu else (torch, torch.linalg.vecdot)
        self.amin = np.minimum.reduce if on_cpu else torch.amin
        self.centroids = centroids.cpu().double().numpy()
        in_cache = (CACHE if on_cpu else 2**25) // (K + D) // TILE
        each = -(-len(X) // (self.workers * TILE))
        self.tiles = max(1, min(in_cache, 64 if on_cpu else 1024, each))
        self.rows = self.tiles * TILE

        limits = LIMITS[work]
        with np.errstate(all="ignore"):
            M = self.centroids
            origin, norms = np.add.reduce(M) / K, np.vecdot(M, M)
            around_0 = 4 * float(origin @ origin) < float(norms.max())  # no digits are lost there
            self.in_place = around_0 and X.dtype == work and X.is_contiguous()
            if not around_0:
                M = M - origin
                norms = np.vecdot(M, M)
            twice = -2 * M
            tables = {
                "twice": twice,
                "turned": np.asfortranarray(twice),  # the same for BLAS, and faster
                "squares": M * M,
                "offset": norms[:, None],
                "beta": max(float(beta), limits.tiny),  # exp(−tiny h) is 1, and tiny · inf is inf
                "lowest": math.log(limits.tiny) + 1,  # exp is slow where its result underflows
            }
            if not self.in_place:
                tables["origin"] = np.empty((self.rows, D))
                tables["origin"][:] = 0 if around_0 else origin
        tables |= constants(K, self.tiles)
        if not on_cpu:
            tables = {name: self.moved(values) for name, values in tables.items()}
        self.__dict__ |= tables

        # the error of h was measured to reach (0.5 + 4/D) eps (2‖x‖ + ‖μ‖) ‖μ‖, as long as
        # squares do not underflow: no row is certain then
        self.radius = math.sqrt(norms.max())
        self.eps, self.eps_h = limits.eps, (0.5 + 4 / D) * limits.eps
        if not limits.tiny < self.radius**2 * limits.eps**2:
            self.eps_h = math.inf
        self.greatest = LIMITS[X.dtype].max * limits.eps**2
        self.tolerance = TOLERANCE[work][X.dtype]

    def moved(self, values):
        """Return a table on the device; integers stay integers."""
        values = torch.from_numpy(np.asarray(values))
        return values.to(self.device, self.dtype if values.is_floating_point() else None)

    def empty(self, size):
        """Make memory for temporaries."""
        if self.in_numpy:
            return np.empty(size)
        return torch.empty(size, dtype=self.dtype, device=self.device)


@lru_cache(maxsize=16)
def constants(K, tiles):
    """Tables that follow from the sizes alone."""
    row = np.arange(tiles * TILE)
    return {
        "row": row,
        "start": row + row // TILE * ((K - 1) * TILE),  # of (tile, 0, row) in (tiles, K, TILE)
        "index": np.arange(float(K))[None],
        "last": float(K - 1),
        "ones": np.ones((1, K)),
    }


class Scratch:
    """The large temporaries of one worker: tiles of P, Q, G, E as in `expanded`, and rows x.

    Their memory is kept for the next call, because to fetch fresh pages takes as long as the
    arithmetic of a thousand rows.
    """

    spare: ClassVar = []

    def __init__(self, model):
        tiles, K, D = model.tiles, model.K, model.D
        shapes = [(tiles, TILE, D)] * 2 + [(tiles, K, TILE)] * 2 + [(TILE, D)]
        shapes += [] if model.in_place else [(model.rows, D)]
        sizes = [math.prod(shape) for shape in shapes]
        self.kept = model.in_numpy and sum(sizes) <= KEPT
        try:
            self.memory = self.spare.pop() if self.kept else model.empty(sum(sizes))
        except IndexError:
            self.memory = model.empty(KEPT)
        ends = list(accumulate(sizes))
        self.arrays = [
            self.memory[end - size : end].reshape(shape)
            for end, size, shape in zip(ends, sizes, shapes, strict=True)
        ]
        self.rest, self.x = self.arrays[4], self.arrays[-1]
        self.rest[:] = 0

    def first(self, tiles):
        """Return the first tiles of P, Q, G, E."""
        return [array[:tiles] for array in self.arrays[:4]]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.kept:
            self.spare.append(self.memory)
