"""Time and memory of one explanation of kernel k-means; writes benchmarks/results/kernel.md.

Run it by `make bench-kernel`, on one thread: python benchmarks/kernel.py
"""

import math
import time
from pathlib import Path

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from neon import NeuralizedKernelKMeans, explain

D = 20
SIZES = [1250, 2500, 5000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000]
FIRST = 1250, 20_000  # growth is fitted over all sizes, and from where arrays leave the caches
DENSE = 5000  # the literal rule holds 6 million pairs there
RESULTS = Path(__file__).parent / "results" / "kernel.md"
PAGE = """\
# Kernel k-means: the cost of one explanation

One point, D = {D} features, float64, {threads} thread; the fastest of 30 (literal rule: of 5).
Made by `make bench-kernel`.

| support vectors n | K = 2 (ms) | K = 10 (ms) | literal rule, K = 2 (ms) | largest array |
|---:|---:|---:|---:|---:|
{rows}

Growth exponent in n, over all sizes: {two[0]:.2f} (K = 2), {ten[0]:.2f} (K = 10); from 20000 on,
where arrays leave the caches: {two[1]:.2f}, {ten[1]:.2f}. The literal rule is not run beyond
{DENSE}. The largest array that an explanation (positive rule) makes is given in units
of n D numbers, the size of the support set; a matrix of {top} × {top} would take {matrix:.0f} GB.
"""


def network(n, K, rule="positive"):
    """K Gaussian clouds of n / K support vectors each, γ = 1 / median squared distance."""
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(n, D, generator=generator, dtype=torch.float64)
    labels = torch.arange(n) % K
    X[:, 0] += 3 * labels
    return NeuralizedKernelKMeans(X, labels, 1 / (2 * D), torch.zeros(K).double(), rule=rule)


def milliseconds(model, repeats=30):
    """Time of one explanation, one point at a time: the fastest, as other work only delays."""
    times = []
    for x in model.support[:repeats].split(1):
        start = time.perf_counter()
        explain(model, x + 0.1, beta=1)
        times.append(1e3 * (time.perf_counter() - start))
    return min(times)


class Largest(TorchDispatchMode):
    """Watch torch and remember the largest tensor that it made."""

    numbers = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        """Run the function and look at what it returns."""
        result = function(*args, **(kwargs or {}))
        tensors = (leaf for leaf in tree_leaves(result) if torch.is_tensor(leaf))
        self.numbers = max([self.numbers, *(tensor.numel() for tensor in tensors)])
        return result


def largest_array(model):
    """Numbers in the largest tensor that one explanation makes, in units of n D."""
    with Largest() as watch:
        explain(model, model.support[:1] + 0.1, beta=1)
    return watch.numbers / model.support.numel()


def exponent(times, first):
    """Slope of log time over log n by least squares, from `first` support vectors on."""
    x, y = torch.tensor([(math.log(n), math.log(t)) for n, t in times.items() if n >= first]).T
    x = x - x.mean()
    return (x @ y / (x @ x)).item()


def report():
    """Measure everything and return the page as text."""
    milliseconds(network(1000, 2))  # the first call loads libraries
    two = {n: milliseconds(network(n, 2)) for n in SIZES}
    ten = {n: milliseconds(network(n, 10)) for n in SIZES}
    literal = {n: milliseconds(network(n, 2, "literal"), 5) for n in SIZES if n <= DENSE}
    rows = [
        f"| {n} | {two[n]:.2f} | {ten[n]:.2f} | "
        f"{f'{literal[n]:.1f}' if n in literal else '–'} | {largest_array(network(n, 2)):.1f} |"
        for n in SIZES
    ]
    top = SIZES[-1]
    return PAGE.format(
        D=D, DENSE=DENSE, threads=torch.get_num_threads(), rows="\n".join(rows), top=top,
        two=[exponent(two, n) for n in FIRST], ten=[exponent(ten, n) for n in FIRST],
        matrix=8e-9 * top**2,
    )  # fmt: skip


if __name__ == "__main__":
    torch.set_num_threads(1)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(report(), encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))
