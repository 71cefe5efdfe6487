"""`python -m utils.machines`: do the notebooks say the same on every machine?

Numerical libraries choose their kernels by the processor, and each kernel rounds in its own way.
Environment variables make them run those of other processors. Under each of these machines, the
notebooks and the tests of the figures and of the published numbers must pass; so they must with
two threads, without numba's compiler, in another order, and on data moved in the eleventh digit,
where whatever hangs on rounding hangs by a much thicker thread. Output goes to build/machines/.
"""

import argparse
import functools
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sklearn import datasets

from utils.notebooks import ROOT, lectures

BUILD = ROOT / "build" / "machines"
TESTS = {
    path.stem.removeprefix("test_"): path for path in sorted((ROOT / "tests").rglob("test_*.py"))
}
NUMBERS = ("figures", "published", "published_iris")
ENGINE = ("explain", "rules", "models")
SLOW = ("course", "distributed", "grading", "notebooks", "site", "wheel")
SLOW_ROOMS = ("browser", "report")
# every variable that a machine may set; what the surroundings say of them is left out
VARIABLES = (
    "OPENBLAS_CORETYPE", "MKL_CBWR", "ATEN_CPU_CAPABILITY", "NPY_DISABLE_CPU_FEATURES",
    "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "NUMBA_DISABLE_JIT", "NEON_THREADS",
    "OMP_NUM_THREADS", "OMP_WAIT_POLICY", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
    "PYTHONHASHSEED", "IPYTHONDIR",
)  # fmt: skip
PROBE = """
import os
import numpy, numba, scipy.linalg, threadpoolctl, torch
numba.njit(lambda x: x + 1.5)(numpy.ones(99))
libraries = threadpoolctl.threadpool_info()
blas = sorted({library["architecture"] for library in libraries if library.get("architecture")})
features = numpy.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
print("OpenBLAS", *blas, "| ATen", torch.backends.cpu.get_cpu_capability(), "| numpy",
      *features or ["baseline"], "| numba", numba.core.config.CPU_NAME or "of this processor",
      "| MKL", os.environ["MKL_CBWR"] if torch.backends.mkl.is_available() else "none")
"""
EPSILON = 1e-11
# what these say of the data holds to the last digit: values printed in full, the hash of a table,
# evidence that is exactly 0 between pixels of 17 grey values
BY_THE_DIGIT = ("iris_by_hand", "faithful", "nineteen", "kernel", "deep")
# these explain thousands of points: in plain Python the loops of the engine take too long
LARGE = ("faithful", "nineteen", "clever", "mixtures", "kernel", "outliers", "deep", "words", "own")


@dataclass(frozen=True)
class Machine:
    """What is set, and which tests run there.

    Attributes:
        settings: environment variables.
        tests: names in `TESTS`, beside the notebooks.
        processor: are the settings those of a processor, which this one may refuse?
        backwards: run the files in the opposite order.
        without: words in the names of notebooks that do not run there.
    """

    settings: dict = field(default_factory=dict)
    tests: tuple = NUMBERS
    processor: bool = False
    backwards: bool = False
    without: tuple = ("scaling_out",)

    def paths(self):
        """Files that run there: notebooks, then tests."""
        notebooks = [p for p in lectures() if not any(word in p.stem for word in self.without)]
        return notebooks + [TESTS[name] for name in self.tests]


def processor(openblas, mkl, aten, numpy, numba):
    """Machine whose libraries run the kernels of another processor."""
    values = openblas, mkl, aten, numpy, numba
    return Machine(dict(zip(VARIABLES[:5], values, strict=True)), processor=True)


def quick():
    """Names of the tests that take seconds."""
    paths = {name: path for name, path in TESTS.items() if path.parent.name not in SLOW_ROOMS}
    return tuple(name for name in paths if name not in SLOW)


NO_AVX512 = "X86_V4 AVX512_ICL AVX512_SPR"
MACHINES = {
    "another order": Machine(
        {"PYTHONHASHSEED": "4711"}, tests=quick(), backwards=True
    ),  # the longest
    "Prescott": processor("Prescott", "COMPATIBLE", "default", f"X86_V3 {NO_AVX512}", "generic"),
    "Sandybridge": processor("Sandybridge", "AVX", "default", f"X86_V3 {NO_AVX512}", "sandybridge"),
    "Haswell": processor("Haswell", "AVX2", "avx2", NO_AVX512, "haswell"),
    "Zen": processor("Zen", "AUTO", "avx2", NO_AVX512, "znver2"),
    "SkylakeX": processor("SkylakeX", "AVX512", "avx512", "AVX512_SPR", "skylake-avx512"),
    "two threads": Machine({"NEON_THREADS": "2", "OMP_WAIT_POLICY": "PASSIVE"}),  # shares its cores
    "without a compiler": Machine(
        {"NUMBA_DISABLE_JIT": "1"}, tests=NUMBERS + ENGINE, without=("scaling_out", *LARGE)
    ),
    "moved data": Machine(
        {"IPYTHONDIR": str(BUILD / "ipython")}, tests=(), without=("scaling_out", *BY_THE_DIGIT)
    ),
}


def surroundings(machine):
    """Environment of a machine: its settings, and nothing else of their kind."""
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return kept | {"PYTHONPATH": str(ROOT)} | machine.settings


def probe(machine):
    """Say in a line which kernels the libraries run there; None if this processor cannot."""
    command = [sys.executable, "-W", "ignore", "-c", PROBE]
    done = subprocess.run(command, env=surroundings(machine), capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def skipped(machines, probes):
    """Machines that tell nothing here, with the reason.

    Example:
        >>> skipped(["a", "b", "c"], {"a": "OpenBLAS x", "b": "OpenBLAS x", "c": None})
        {'b': 'the libraries run the same as for a', 'c': 'this processor cannot run it'}
    """
    first, reasons = {}, {}
    for name in machines:
        if name not in probes:
            continue
        if probes[name] is None:
            reasons[name] = "this processor cannot run it"
        elif first.setdefault(probes[name], name) != name:
            reasons[name] = f"the libraries run the same as for {first[probes[name]]}"
    return reasons


def run(name, machine, paths=None):
    """Run notebooks and tests on a machine.

    Args:
        name: of the machine.
        machine: `Machine`.
        paths: files to run there; by default the notebooks and the tests of the machine.

    Returns:
        (whether all passed, path of the output).
    """
    paths = paths or machine.paths()
    log = BUILD / f"{name.replace(' ', '_')}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider"]
    command += map(str, paths[::-1] if machine.backwards else paths)
    with log.open("w", encoding="utf-8") as output:
        done = subprocess.run(
            command, cwd=ROOT, env=surroundings(machine), stdout=output, stderr=subprocess.STDOUT
        )
    return done.returncode == 0, log


def write_startup():
    """Write what the kernels of the notebooks on moved data run first."""
    path = BUILD / "ipython" / "profile_default" / "startup" / "move.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("from utils.machines import move_data\nmove_data()\n", encoding="utf-8")


def move_data():
    """Make the loaders of scikit-learn return data that are moved in the eleventh digit."""
    for name in ("load_wine", "load_iris", "load_breast_cancer", "load_digits"):
        setattr(datasets, name, moving(getattr(datasets, name)))


def moving(loader):
    """Wrap a loader so that its data are `moved`."""

    @functools.wraps(loader)
    def load(**options):
        bunch = loader(**options)
        bunch.data = moved(bunch.data)
        return bunch

    return load


def moved(values):
    """Values a little nearer to 0: equal ones stay equal, sums that agree by chance do not.

    Example:
        >>> a, b, c = moved(np.array([0.0, 5.1, 5.1]))
        >>> bool(a == 0), bool(b == c < 5.1), bool(b > 5.1 - 1e-10)
        (True, True, True)
    """
    return values * (1 - EPSILON * np.sin(1e3 * values) ** 2)


def tail(log, lines=40):
    """The last lines of an output."""
    return "\n".join(Path(log).read_text(encoding="utf-8").splitlines()[-lines:])


def main(arguments=None):
    """Run the command line; exit code 1 if a machine differs."""
    parser = argparse.ArgumentParser(prog="python -m utils.machines", description=__doc__)
    parser.add_argument("machines", nargs="*", help=f"of {', '.join(MACHINES)}; all by default")
    parser.add_argument("--only", nargs="+", help="files to run instead of all")
    options = parser.parse_args(arguments)
    chosen = {name: MACHINES[name] for name in options.machines or MACHINES}
    write_startup()
    failed = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        processors = [name for name, machine in chosen.items() if machine.processor]
        probes = dict(zip(processors, pool.map(probe, map(chosen.get, processors)), strict=True))
        reasons = skipped(chosen, probes)
        for name, reason in reasons.items():
            print(f"{name}: skipped, {reason}", flush=True)
        running = {
            pool.submit(run, name, machine, options.only): name
            for name, machine in chosen.items()
            if name not in reasons
        }
        for future in as_completed(running):
            name, (passed, log) = running[future], future.result()
            known = f" ({probes[name]})" if name in probes else ""
            print(
                f"{name}{known}: {'the same' if passed else 'DIFFERS, see ' + str(log)}", flush=True
            )
            if not passed:
                failed.append(name)
                print(tail(log), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
