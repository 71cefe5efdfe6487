"""How fast are the models of `neon.additive`, beside k-means and the matrix products they need?

`make bench` prints the table and writes it to benchmarks/results/additive.md. All take turns, and
the fastest of several turns counts. The products are those of the closed form, in the same blocks
of rows and with nothing between them: 3 with the (M, D) centres for groups, 5 for diagonal
mixtures, whose squares of x do not cancel.
"""

import argparse
from datetime import date
from functools import partial

import torch
from engine import RESULTS, blobs, take_turns

from neon import NeuralizedCodebook, NeuralizedKMeans
from neon.additive.codebook import NeuralizedCandidates
from neon.additive.energies import Quadratics, Squares

SIZES = [(100_000, 10, 32), (20_000, 20, 64), (20_000, 50, 128), (5_000, 100, 512)]


def models(mu):
    """Models with the same centres, and the number of products that each needs; None: others."""
    K, D = mu.shape
    generator = torch.Generator().manual_seed(0)
    weight = torch.rand(K, D, generator=generator, dtype=mu.dtype) + 0.5
    return {
        "k-means": (NeuralizedKMeans(mu), 3),
        "groups of two codewords": (NeuralizedCodebook(mu, torch.arange(K) // 2), 3),
        "diagonal mixture": (NeuralizedCandidates(Squares(mu, weight, -weight.log())), 5),
        "tied mixture": (NeuralizedCandidates(Quadratics(mu, torch.eye(D, dtype=mu.dtype))), None),
    }


def products(X, mu, rows, number):
    """The matrix products alone, into memory of their own."""
    first, R = number // 2, torch.empty_like(X)

    def run():
        for x, r in zip(X.split(rows), R.split(rows), strict=True):
            for _ in range(first):
                e = mu @ x.T
            for _ in range(number - first):
                torch.mm(e.T, mu, out=r)

    return run


def report(seconds):
    """Lines of the Markdown report."""
    torch.set_num_threads(1)
    lines = ["# Speed of additive evidence", "", f"{date.today()}, one thread, float64.", ""]
    lines += ["| N, K, D | | µs a point | over k-means | over its products |"]
    lines += ["|---|---|--:|--:|--:|"]
    for n, K, D in SIZES:
        X, mu = blobs(n, K, D)
        kinds, R = models(mu), torch.empty_like(X)
        rows = kinds["groups of two codewords"][0].rows
        runs = {name: partial(m.propagate, X, 0.1, out=R) for name, (m, _) in kinds.items()}
        runs |= {number: products(X, mu, rows, number) for number in (3, 5)}
        best = take_turns(runs, seconds)
        for name, (_, number) in kinds.items():
            each, over = best[name] / n * 1e6, best[name] / best["k-means"]
            needed = f"{best[name] / best[number]:.2f}" if number else ""
            lines.append(f"| {n}, {K}, {D} | {name} | {each:.3g} | {over:.2f} | {needed} |")
    return lines


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="for the turns of one size")
    lines = report(parser.parse_args().seconds)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "additive.md").write_text("\n".join([*lines, ""]), encoding="utf-8")
    print("\n".join(lines))
