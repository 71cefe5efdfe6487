"""Blocks of rows on several cores, each with a single-threaded BLAS."""

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from threading import Lock

import torch


def share(function, tasks, workers):
    """Call function(tasks of one worker) on each of the workers, and list what they return.

    Every worker takes the next task until none is left, so that a slow one holds up nobody. The
    calling thread is one of them.
    """
    workers, tasks = min(workers, len(tasks)), iter(tasks)
    if workers <= 1:
        return [function(tasks)]
    with ThreadPoolExecutor(workers - 1) as pool:
        others = [pool.submit(function, tasks) for _ in range(workers - 1)]
        return [function(tasks), *(other.result() for other in others)]


@cache
def blas():
    """Find the BLAS libraries that are loaded: once, because it takes milliseconds."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas").lib_controllers


class OneBlasThread:
    """A context in which BLAS uses one thread, so that blocks of rows may use the others.

    The interpreter is also handed from thread to thread sooner, because each step on a block is
    shorter than the usual 5 ms: 1.8 times one thread's speed on two cores instead of 1.6.

    Both settings are the whole process's, so contexts may overlap in several threads: the first
    to enter sets them, and the last to leave restores what was.
    """

    lock, users, changed, interval = Lock(), 0, [], None

    def __enter__(self):
        with self.lock:
            if OneBlasThread.users == 0:
                before = [(library, library.num_threads) for library in blas()]
                OneBlasThread.changed = [pair for pair in before if pair[1] != 1]
                for library, _ in self.changed:
                    library.set_num_threads(1)
                OneBlasThread.interval = sys.getswitchinterval()
                sys.setswitchinterval(1e-4)
            OneBlasThread.users += 1

    def __exit__(self, *error):
        with self.lock:
            OneBlasThread.users -= 1
            if OneBlasThread.users == 0:
                for library, threads in self.changed:
                    library.set_num_threads(threads)
                sys.setswitchinterval(self.interval)


@contextmanager
def one_torch_thread():
    """A context in which torch, and with it `explain`, uses one thread of the calling one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
