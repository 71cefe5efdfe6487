"""Loops that numba compiles, and threads to run them on, each with a single-threaded BLAS."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial
from threading import Lock

from numba import njit
from numba.core.caching import FunctionCache
from numba.core.compiler_lock import global_compiler_lock

from ..boundary.forking import hold, in_child


class Cache(FunctionCache):
    """Compiled code in a file, which may be damaged or not writable: then it is compiled again."""

    def load_overload(self, *signature):
        """Load compiled code, or nothing."""
        try:
            return super().load_overload(*signature)
        except Exception:
            self.flush()
            return None

    def save_overload(self, *signature):
        """Save compiled code, if that is possible."""
        try:
            super().save_overload(*signature)
        except Exception:
            self.disable()


def compiled(function, **options):
    """Compile a function when it is called; NUMBA_DISABLE_JIT=1 leaves it as it is."""
    function = njit(nogil=True, error_model="numpy", **options)(function)
    with suppress(AttributeError, RuntimeError):  # not compiled at all; no folder to keep it in
        function._cache = Cache(function.py_func)
    return function


# for sums in any order: of use where their last digits are not
reordered = partial(compiled, fastmath={"reassoc", "contract"})
contracted = partial(compiled, fastmath={"contract"})  # with fused multiply-adds


def share(function, tasks, workers):
    """Call function(task) on each of the tasks, on as many threads, and list what it returns."""
    with OneBlasThread():
        if workers <= 1 or len(tasks) <= 1:
            return [function(task) for task in tasks]
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(function, tasks))


@cache
def blas():
    """Find the BLAS libraries that are loaded: once, because it takes milliseconds."""
    import scipy.linalg.cython_blas  # noqa: F401  the one that numba calls
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas").lib_controllers


class OneBlasThread:
    """A context in which BLAS uses one thread, so that blocks of rows may use the others.

    The setting is the whole process's, so contexts may overlap in several threads: the first to
    enter sets it, and the last to leave restores what was.
    """

    lock, users, changed = Lock(), 0, []

    def __enter__(self):
        with self.lock:
            if OneBlasThread.users == 0:
                before = [(library, library.num_threads) for library in blas()]
                OneBlasThread.changed = [pair for pair in before if pair[1] != 1]
                for library, _ in self.changed:
                    library.set_num_threads(1)
            OneBlasThread.users += 1

    def __exit__(self, *error):
        with self.lock:
            OneBlasThread.users -= 1
            if OneBlasThread.users == 0:
                for library, threads in self.changed:
                    library.set_num_threads(threads)

    @classmethod
    def forget(cls):
        """Start anew in a forked child, which is in no context: its other threads are gone."""
        cls.lock, cls.users = Lock(), 0
        for library, threads in cls.changed:
            library.set_num_threads(threads)
        cls.changed = []


hold(global_compiler_lock)
in_child(OneBlasThread.forget)
