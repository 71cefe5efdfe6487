"""Two torch threads, and every way to start a process after them: nothing hangs.

Each case runs in a process of its own, which is killed after ten minutes: a hang is a failure.
"""

import os
import subprocess
import sys

import pytest

HEAD = """
import multiprocessing, os, signal, sys, threading
import numpy as np
import torch
import neon

MU = np.eye(4, 40)
X = np.random.default_rng(0).random((20_000, 40))

def work(seed):
    points = X + seed
    explanation = neon.explain(MU, points)
    neon.contrast(MU, points, 0, 1)
    neon.counterfactual(MU, points)
    neon.Aggregate.of(explanation, 4)
    return explanation.logit.sum()

def tensors(seed):
    return neon.explain(MU, torch.from_numpy(X + seed)).logit.sum().item()

def kernel(seed):
    return neon.explain(MODEL, X[:500] + seed / 9).logit.sum()

if __name__ == "__main__":
    torch.set_num_threads(2)
    right = [work(seed) for seed in range(4)]
"""
PARALLEL = "    (torch.ones(4000, 400) * 2).sum()\n"  # torch's own threads have started

CASES = {
    way: f"""
    with multiprocessing.get_context({way!r}).Pool(2) as pool:
        assert pool.map(work, range(4)) == right
        assert pool.map(tensors, range(4)) == [tensors(seed) for seed in range(4)]
"""
    for way in ("fork", "spawn", "forkserver")
}
CASES["executor"] = """
    from concurrent.futures import ProcessPoolExecutor
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
        assert list(pool.map(work, range(4))) == right
"""
CASES["joblib"] = """
    from joblib import Parallel, delayed
    for backend in "loky", "multiprocessing", "threading":
        assert Parallel(2, backend=backend)(delayed(work)(seed) for seed in range(4)) == right
"""
CASES["threads"] = """
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == right
"""
CASES["data loader"] = """
    from torch.utils.data import DataLoader
    for way in "fork", "spawn":
        loader = DataLoader(range(4), batch_size=None, num_workers=2, collate_fn=work,
                            multiprocessing_context=way)
        assert list(loader) == right
"""
CASES["kernel"] = """
    MODEL = neon.KernelKMeans.from_labels(X[:500], np.arange(500) % 2, gamma=50.0)
    right = [kernel(seed) for seed in range(4)]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(kernel, range(4)) == right
"""
CASES["fork while another thread explains"] = """
    done = threading.Event()
    def busy():
        while not done.is_set():
            work(0)
    others = [threading.Thread(target=busy) for _ in range(2)]
    [other.start() for other in others]
    for _ in range(12):
        child = os.fork()
        if child == 0:
            os._exit(int(work(1) != right[1]))
        assert os.waitpid(child, 0)[1] == 0
    done.set()
    [other.join() for other in others]
"""


def run(code):
    """Run code with two threads, in a group of processes that end with it."""
    threads = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    with subprocess.Popen(
        [sys.executable, code], env=os.environ | threads, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        try:
            output, _ = process.communicate(timeout=600)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            raise
    assert process.returncode == 0, output


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.parametrize("parallel", [False, True], ids=["neon alone", "after torch"])
@pytest.mark.parametrize("name", CASES)
def test_ends_with_the_right_answer(tmp_path, name, parallel):
    code = tmp_path / "code.py"
    code.write_text(HEAD + PARALLEL * parallel + CASES[name])
    run(code)


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="no list of threads")
def test_numpy_input_starts_no_thread_that_stays(tmp_path):
    code = tmp_path / "code.py"
    count = '    threads = len(os.listdir("/proc/self/task"))\n'
    before, after = HEAD.rsplit("    right", 1)
    # libraries are loaded, and threads of BLAS, which end before a fork, are there from then on
    warm = "    neon.explain(MU, X[:9])\n    np.ones((500, 500)) @ np.ones((500, 500))\n"
    end = '    assert len(os.listdir("/proc/self/task")) == threads\n'
    code.write_text(before + warm + count + "    right" + after + end)
    run(code)
