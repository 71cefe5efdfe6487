"""What a forked process finds: no lock whose holder did not come along, and one torch thread.

The threads of PyTorch do not survive a fork; a child that asks them to work waits for ever. With
one thread it asks nobody, as in the workers of a `DataLoader`.
"""

import os
from functools import partial
from threading import RLock

import torch

IMPORTS = RLock()  # held while modules are imported late, so that no child finds half of one


def hold(lock):
    """Hold a lock while this process is forked: the child gets it free."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release
        )


def in_child(function):
    """Call a function in each forked child."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=function)


hold(IMPORTS)
in_child(partial(torch.set_num_threads, 1))
