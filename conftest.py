"""Set what every test and every kernel that a test starts inherits."""

import os

import nbval.kernel

# small matrices: one thread a process is several times faster than a thread a core
# utils.machines asks for more
threads = os.environ.get("NEON_THREADS", "1")
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = threads
# a figure that shows something else than the stored one is an error, and nothing is written
os.environ["NEON_FIGURES"] = "check"

collect_ignore = ["neon/report/template.ipynb"]  # without outputs, and for other tables


def pytest_collection_modifyitems(items):
    """Give outputs of notebooks, for which nbval waits five seconds, ten minutes to arrive."""
    for item in items:
        if hasattr(item, "output_timeout"):
            item.output_timeout = 600


def pytest_configure(config):
    """Start a kernel again, twice at most, that dies at once: its port went to another process."""
    nbval.kernel.start_new_kernel = patiently(nbval.kernel.start_new_kernel)


def patiently(start):
    """Wrap the function of nbval that starts a kernel."""

    def started(*arguments, tries=3, **options):
        try:
            return start(*arguments, **options)
        except RuntimeError:
            if tries == 1:
                raise
            return started(*arguments, tries=tries - 1, **options)

    return started
