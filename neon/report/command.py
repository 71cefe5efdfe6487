"""Command line: from a table to a folder that explains its clusters, `neon-report my.csv`."""

import argparse
import sys
import warnings
from pathlib import Path

from neon.report.building import report
from neon.report.clustering import MODELS, SCALERS
from neon.report.preparing import MISSING
from neon.report.reading import TableError


def parser():
    """Command line of `neon-report`."""
    made = argparse.ArgumentParser(
        prog="neon-report",
        description="Cluster a table, explain every assignment, and write a report of it.",
        epilog="example: neon-report wine.csv --label cultivar --clusters 2-6 --output wine_report",
    )
    add = made.add_argument
    add("data", help="the table: .csv, .tsv, .parquet, or .xlsx if openpyxl is installed")
    add("--clusters", default="2-8", metavar="K", dest="n_clusters", type=clusters,
        help="how many: 4, or 2-8 to choose by silhouette (default: 2-8)")  # fmt: skip
    add("--output", metavar="FOLDER", help="folder to make (default: the table's name + _report)")
    add("--force", action="store_true", help="replace that folder if it exists")
    what = made.add_argument_group("what of the table").add_argument
    what("--features", nargs="+", metavar="NAME", help="columns to use (default: all numeric)")
    what("--exclude", nargs="+", metavar="NAME", default=[], help="columns to leave out")
    what("--label", metavar="NAME", help="column to compare the clusters with afterwards")
    what("--missing", choices=MISSING, default="error",
         help="rows with missing values: stop, drop them, or fill in the median")  # fmt: skip
    what("--sep", help="what separates columns (default: guessed from the header)")
    what("--decimal", choices=[".", ","], default=".", help="the decimal mark (default: .)")
    what("--encoding", default="utf-8-sig", help="of the text (default: utf-8)")
    how = made.add_argument_group("how to cluster and explain").add_argument
    how("--model", choices=MODELS, default="kmeans", help="default: kmeans")
    how("--scaler", choices=SCALERS, default="minmax", help="default: minmax, to [0, 1]")
    how("--beta", type=stiffness, default="heuristic",
        help="how little the competitors other than the nearest count: 0 to inf "
        "(default: 1 / mean logit)")  # fmt: skip
    how("--seed", type=int, default=0, help="of the random starts (default: 0)")
    how("--start-rows", type=int, nargs="+", metavar="ROW",
        help="rows to start k-means from instead; the first row is 0")  # fmt: skip
    how("--rows", type=int, nargs="+", metavar="ROW", default=[],
        help="rows to look at closely (default: those nearest to a border)")  # fmt: skip
    return made


def clusters(text):
    """Read 4 as 4 and 2-8 as [2, 8].

    Example:
        >>> clusters("4"), clusters("2-8")
        (4, [2, 8])
    """
    low, dash, high = text.partition("-")
    numbers = [int(low), int(high)] if dash else [int(low)]
    if min(numbers) < 2 or numbers != sorted(numbers):
        raise ValueError(text)
    return numbers if dash else numbers[0]


def stiffness(text):
    """Read a number, or the word heuristic."""
    return text if text == "heuristic" else float(text)


def main(arguments=None):
    """Run the command line; exit code 2 if something is wrong with the input."""
    settings = vars(parser().parse_args(arguments))
    data, output = settings.pop("data"), settings.pop("output")
    settings["reading"] = {name: settings.pop(name) for name in ("sep", "decimal", "encoding")}
    output = output or f"{Path(data).stem}_report"
    try:
        # what papermill and its libraries think of each other is no business of the reader
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            folder = report(data, output, progress=True, **settings)
    except (TableError, MemoryError) as error:
        print(f"neon-report: {error or 'not enough memory'}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("neon-report: interrupted, nothing written", file=sys.stderr)
        return 130
    print(f"{folder / 'report.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
