"""How fast and how exact is `neon.explain`? All peers on the same data, in one run.

`make bench` prints the tables and writes them, with a figure, to benchmarks/results/. Contenders
take turns, and the fastest of several turns counts, so that a busy neighbour slows all alike.
Slow peers explain fewer points, and the table says how many.
"""

import argparse
import os
import platform
import runpy
import time
from datetime import date
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import peers
import torch
from threadpoolctl import threadpool_info, threadpool_limits
from tqdm import tqdm

from neon import beta_heuristic, explain
from neon.report.style import use_style

TESTS = Path(__file__).resolve().parent.parent / "tests" / "neon"
explain_one = runpy.run_path(str(TESTS / "reference.py"))["explain_one"]  # in exact fractions
RESULTS = Path(__file__).resolve().parent / "results"
SIZES = [
    (178, 3, 13),
    (1797, 10, 64),
    (10_000, 20, 64),
    (100_000, 100, 512),
    (1_000_000, 3, 13),
    (1_000_000, 10, 32),
]
FAST = {
    "neon.explain": peers.neon_explain,
    "neon.explain, no out=": peers.neon_new_memory,
    "neon.explain, default β, no out=": peers.neon_default,
    "naive torch": peers.naive,
    "limit: 3 products, torch": peers.three_products,
    "limit: 3 products, numpy": peers.three_products_numpy,
    "limit: copy X to R": peers.copy,
}
UNIFORM = "neon.explain, uniform points and centroids"
SLOW = {  # name: function, and how many (point, competitor, feature) triples it is given
    "textbook tensors": (peers.textbook, 5e7),
    "one-point loop": (peers.one_point_loop, 3e6),
    "captum IntegratedGradients": (peers.integrated_gradients, 1e6),
    "captum FeatureAblation": (peers.feature_ablation, 1e6),
    "captum KernelShap": (peers.captum_kernel_shap, 5e3),
    "shap KernelExplainer": (peers.kernel_explainer, 5e3),
    "shap PermutationExplainer": (peers.permutation_explainer, 5e3),
}

EXACT = [
    "neon.explain",
    "naive torch",
    "textbook tensors",
    "one-point loop",
]  # all that give NEON's relevances


def blobs(n, K, D, dtype=torch.float64, *, offset=0.0, groups=0.0):
    """Points around K centroids, and the centroids; the same for everyone."""
    generator = np.random.default_rng(0)
    mu = generator.normal(size=(K, D)) + offset
    mu[::2] += groups
    mu[1::2] -= groups
    X = mu[generator.integers(0, K, n)] + 0.7 * generator.normal(size=(n, D))
    return torch.from_numpy(X).to(dtype), torch.from_numpy(mu)


def uniform(n, K, D, dtype):
    """Points and centroids without structure, so that many points lie near a boundary."""
    generator = np.random.default_rng(1)
    X, mu = generator.random((n, D)), generator.random((K, D))
    return torch.from_numpy(X).to(dtype), torch.from_numpy(mu).to(dtype)


def take_turns(contenders, seconds):
    """Fastest time of each contender, {name: function without arguments}, in turns.

    A short call is repeated within its turn, as by timeit, so that all are measured warm.
    """
    best = dict.fromkeys(contenders, np.inf)
    stop = time.perf_counter() + seconds
    for turn in range(15 if seconds else 1):
        for name, run in contenders.items():
            time.sleep(0.2)  # the threads of the one before spin for a while; let them fall asleep
            end = time.perf_counter() + 0.02
            while (start := time.perf_counter()) < end:
                run()
                best[name] = min(best[name], time.perf_counter() - start)
        if turn >= 2 and time.perf_counter() > stop:
            break
    return best


def peak_memory(run):
    """Peak of resident memory during a call, beyond what was there before, in bytes; Linux only."""
    status, clear = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not clear.exists():
        return float("nan")

    def read(field):
        line = next(line for line in status.read_text().splitlines() if line.startswith(field))
        return int(line.split()[1]) * 1024

    clear.write_text("5")
    before = read("VmRSS")
    run()
    return read("VmHWM") - before


def measure(n, K, D, dtype, threads, seconds):
    """Rows of the table for one size: name, points, seconds a point, extra memory."""
    X, mu = blobs(n, K, D, dtype)
    like = mu.to(dtype)
    beta = beta_heuristic(mu, X[:10_000])
    torch.set_num_threads(threads)
    points = dict.fromkeys(FAST, n)
    R = torch.zeros_like(X)
    runs = {name: lambda f=f: f(X, like, beta, R) for name, f in FAST.items()}
    U, nu = uniform(n, K, D, dtype)
    runs[UNIFORM] = lambda: peers.neon_explain(U, nu, beta, R)
    points[UNIFORM] = n
    if threads == 1 and dtype == torch.float64:
        for name, (function, budget) in SLOW.items():
            points[name] = max(2, min(n, int(budget / (K * D))))
            few = X[: points[name]]
            runs[name] = lambda f=function, few=few: f(few, like, beta)
    with threadpool_limits(threads):
        memory = {name: peak_memory(run) for name, run in runs.items()}
        quick = {name: run for name, run in runs.items() if name not in SLOW}
        best = take_turns(quick, seconds)
        best |= {name: take_turns({name: runs[name]}, 0)[name] for name in runs if name in SLOW}
    return [(name, points[name], best[name] / points[name], memory[name]) for name in runs]


def errors(dtype, **where):
    """Largest error of each in `EXACT`, relative to the largest |R|, against exact fractions."""
    X, mu = blobs(20, 10, 32, dtype, **where)
    like, found = mu.to(dtype), []
    beta = beta_heuristic(like, X)
    right = np.array([explain_one(x, like.tolist(), beta)[0] for x in X.tolist()])
    for name in EXACT:
        if name in FAST:
            FAST[name](X, like, beta, R := torch.zeros_like(X))
        else:
            R = SLOW[name][0](X, like, beta)
        found.append(np.abs(R.numpy() - right).max() / np.abs(right).max())
    return found


def explain_into(X, mu):
    """Make a call of `explain` that writes into memory of its own."""
    R = torch.zeros_like(X)
    return lambda: explain(mu, X, beta=0.1, out=R)


def exponents():
    """Growth exponents of the time of `explain` in N, K and D, one thread, float64."""
    torch.set_num_threads(1)
    found = {}
    for name, sizes in {
        "N": [(n, 10, 32) for n in (50_000, 100_000, 200_000, 400_000)],
        "K": [(20_000, k, 64) for k in (25, 50, 100, 200)],
        "D": [(20_000, 20, d) for d in (64, 128, 256, 512)],
    }.items():
        runs = {size: explain_into(*blobs(*size)) for size in sizes}
        best = take_turns(runs, 5)
        axis = [size["NKD".index(name)] for size in sizes]
        found[name] = np.polyfit(np.log(axis), np.log([best[size] for size in sizes]), 1)[0]
    return found


def report(seconds):
    """Measure everything; return the lines of the Markdown report and the rows behind them."""
    blas = [i for i in threadpool_info() if i["user_api"] == "blas"]
    kernels = ", ".join(f"{i['internal_api']} {i['version']} ({i['architecture']})" for i in blas)
    lines = [
        "# Speed and exactness of `neon.explain`",
        "",
        f"{date.today()}, {platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
        f"{platform.system()}, Python {platform.python_version()}, torch {torch.__version__}, "
        f"numpy {np.__version__}; BLAS of numpy: {kernels}; "
        f"of torch: {'MKL' if torch.backends.mkl.is_available() else 'other'}, "
        f"{torch.backends.cpu.get_cpu_capability()}.",
        "",
        "Ratio: time a point over that of `neon.explain` in the same run; above 1 is slower. "
        "Memory: peak beyond X and R.",
    ]
    for dtype in (torch.float64, torch.float32):
        explain_into(*blobs(200, 3, 13, dtype))()  # numba is loaded once, and is not counted
    rows = []
    settings = [(d, t) for d in (torch.float64, torch.float32) for t in (1, 2)]
    for (n, K, D), (dtype, threads) in tqdm([(s, o) for s in SIZES for o in settings]):
        kind = str(dtype).removeprefix("torch.")
        lines += ["", f"## N = {n}, K = {K}, D = {D}, {kind}, {threads} thread(s)", ""]
        lines += ["| | points | µs a point | ratio | memory, MiB |", "|---|--:|--:|--:|--:|"]
        measured = measure(n, K, D, dtype, threads, seconds)
        own = measured[0][2]
        for name, points, each, memory in measured:
            rows.append((n, K, D, kind, threads, name, points, each, memory))
            numbers = f"{each * 1e6:.3g} | {each / own:.3g} | {memory / 2**20:.0f}"
            lines.append(f"| {name} | {points} | {numbers} |")
    lines += ["", "## Error relative to the largest |R|, against exact fractions", ""]
    lines += ["| | " + " | ".join(EXACT) + " |", "|---|" + "--:|" * len(EXACT)]
    for dtype, offset in ((torch.float64, 1e6), (torch.float32, 1e3)):
        for place, where in [
            ("around the origin", {}),
            (f"offset {offset:.0e}", {"offset": offset}),
            ("two groups of clusters at ±1e3", {"groups": 1e3}),
        ]:
            found = " | ".join(f"{error:.1e}" for error in errors(dtype, **where))
            lines.append(f"| {str(dtype).removeprefix('torch.')}, {place} | {found} |")
    growth = ", ".join(f"{value:.2f} in {name}" for name, value in exponents().items())
    lines += ["", f"Growth exponents of the time, one thread, float64: {growth}.", ""]
    return lines, rows


def draw(rows):
    """One panel: time a point of every contender over the sizes, one thread, float64."""
    use_style()
    figure, axes = plt.subplots(figsize=(9, 5))
    chosen = [row for row in rows if row[3:5] == ("float64", 1)]
    names = list(dict.fromkeys(row[5] for row in chosen))
    markers = "os8D^v<>PXph*dH"
    for name, marker in zip(names, markers, strict=False):
        each = [row[7] * 1e6 for row in chosen if row[5] == name]
        own = name == "neon.explain"
        axes.plot(
            each, marker=marker, label=name, lw=3 if own else 1.2,
            ls="--" if name.startswith("limit") else "-", color="black" if own else None,
        )  # fmt: skip
    axes.set_yscale("log")
    axes.set_xticks(range(len(SIZES)), [f"N {n:g}\nK {K}\nD {D}" for n, K, D in SIZES])
    axes.set_ylabel("µs a point, one thread, float64")
    axes.legend(bbox_to_anchor=(1, 1))
    figure.savefig(RESULTS / "engine.png")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="for the turns of one size")
    lines, rows = report(parser.parse_args().seconds)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "engine.md").write_text("\n".join(lines), encoding="utf-8")
    draw(rows)
    print("\n".join(lines))
