"""From a table to a report that explains its clusters. Needs the extra `report`.

`report` makes the report, `read_table` reads a table as it does, and `TableError` says in one line
why a table cannot be explained. The command `neon-report` is the same, from a shell.
"""

from .reading import TableError, read_table

__all__ = ["TableError", "read_table", "report"]


def __getattr__(name):
    """Load what runs notebooks only when it is asked for."""
    if name == "report":
        from .building import report

        return report
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
