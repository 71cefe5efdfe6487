"""Blocks of rows, cut into tiles: what the blocks of one call of `closed_form` share."""

import math
from functools import lru_cache
from itertools import accumulate
from typing import ClassVar

import numpy as np
import torch

TILE = 192  # rows of one matrix product: a multiple of the tiles of common BLAS kernels
CACHE = 2**18  # numbers in one (rows, K + D) temporary: a few of them stay in the cache
SHARE = CACHE // 2  # numbers in such a temporary for which a thread is worth its start
KEPT = 4 * CACHE  # numbers in the memory that a worker leaves to the next call
F32, F64 = torch.float32, torch.float64
LIMITS = {dtype: torch.finfo(dtype) for dtype in (F32, F64)}
# estimated error of R, relative to its largest entry, above which a row is done again, by dtype of
# the arithmetic, then of X; at D < 8 a few rows in a million were found to be wrong by six times it
TOLERANCE = {F64: {F64: 1e-13, F32: 1e-8}, F32: {F32: 8e-6}}


def sees_numpy(X):
    """Tell whether the arithmetic on X is to be numpy's."""
    return X.device.type == "cpu"


class Model:
    """Centred centroids, the block size, constants of the error bound: numpy's or torch's."""

    def __init__(self, centroids, beta, X, threads):
        (K, D), n, on_cpu = centroids.shape, X.shape[0], sees_numpy(X)
        work = F32 if X.device.type == "mps" else F64  # MPS has no float64
        self.in_numpy = on_cpu
        self.K, self.D, self.dtype, self.device = K, D, work, X.device
        self.xp, self.vecdot = (np, np.vecdot) if on_cpu else (torch, torch.linalg.vecdot)
        self.amin = np.minimum.reduce if on_cpu else torch.amin
        self.centroids = centroids.cpu().double().numpy()
        self.workers, self.tiles = plan(n, K + D, threads, on_cpu)
        self.rows = self.tiles * TILE

        limits = LIMITS[work]
        with np.errstate(all="ignore"):
            M = self.centroids
            origin, norms = np.add.reduce(M) / K, np.vecdot(M, M)
            largest = float(norms.max())
            around_0 = 4 * float(origin @ origin) < largest  # no digits are lost there
            self.in_place = around_0 and X.dtype == work and X.is_contiguous()
            if not around_0:
                M = M - origin
                norms = np.vecdot(M, M)
                largest = float(norms.max())
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
        self.radius = math.sqrt(largest)
        self.eps, self.eps_h = limits.eps, (0.5 + 4 / D) * limits.eps
        if not limits.tiny < largest * limits.eps**2:
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


def plan(n, width, threads, on_cpu):
    """Workers for n rows of a width, and tiles in a block, so that all get as many blocks."""
    numbers, most, threads = (CACHE, 64, threads) if on_cpu else (2**25, 1024, 1)
    largest = max(1, min(numbers // width // TILE, most))
    workers = max(1, min(threads, n * width // SHARE))
    tiles = max(1, -(-n // TILE))
    rounds = -(-tiles // (workers * largest))
    return workers, -(-tiles // (workers * rounds))


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

    They are kept for the next call, because to fetch fresh pages takes as long as the arithmetic
    of a thousand rows.
    """

    spare: ClassVar = []  # (memory, sizes, arrays) of workers that are done

    def __init__(self, model):
        tiles, K, D, in_place = sizes = model.tiles, model.K, model.D, model.in_place
        numbers = TILE * (tiles * (2 * K + (2 if in_place else 3) * D) + D)
        self.kept = model.in_numpy and numbers <= KEPT
        memory, cut, arrays = self.taken() if self.kept else (model.empty(numbers), None, None)
        if cut != sizes:
            shapes = [(tiles, TILE, D)] * 2 + [(tiles, K, TILE)] * 2 + [(TILE, D)]
            shapes += [] if in_place else [(model.rows, D)]
            ends = list(accumulate(math.prod(shape) for shape in shapes))
            parts = zip([0, *ends], ends, shapes, strict=False)
            arrays = [memory[start:end].reshape(shape) for start, end, shape in parts]
            arrays[4][:] = 0
        self.state = memory, sizes, arrays
        self.rest, self.x = arrays[4], arrays[-1]

    def taken(self):
        """Take what another worker left, or else new memory."""
        try:
            return self.spare.pop()
        except IndexError:
            return np.empty(KEPT), None, None

    def first(self, tiles):
        """Return the first tiles of P, Q, G, E."""
        arrays = self.state[2][:4]
        return arrays if tiles == len(arrays[0]) else [array[:tiles] for array in arrays]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.kept:
            self.spare.append(self.state)
