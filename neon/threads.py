"""Blocks of rows on several cores, each with a single-threaded BLAS."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from threading import Lock

import torch


def share(function, tasks, workers):
    """Call function(tasks of one worker) on each of the workers, and list what they return.

    Every worker takes the next task until none is left, so that a slow one holds up nobody.
    """
    workers, tasks = min(workers, len(tasks)), iter(tasks)
    if workers <= 1:
        return [function(tasks)]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda _: function(tasks), range(workers)))


@cache
def blas():
    """Find the BLAS libraries that are loaded: once, because it takes milliseconds."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


class OneBlasThread:
    """A context in which BLAS uses one thread.

    The setting is the whole process's, so contexts may overlap in several threads: the first to
    enter sets it, and the last to leave restores what was.
    """

    lock, users, limit = Lock(), 0, None

    def __enter__(self):
        with self.lock:
            if OneBlasThread.users == 0:
                OneBlasThread.limit = blas().limit(limits=1, user_api="blas")
            OneBlasThread.users += 1

    def __exit__(self, *error):
        with self.lock:
            OneBlasThread.users -= 1
            if OneBlasThread.users == 0:
                OneBlasThread.limit.restore_original_limits()


@contextmanager
def one_torch_thread():
    """A context in which torch, and with it `explain`, uses one thread of the calling one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
