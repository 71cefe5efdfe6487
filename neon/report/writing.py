"""Files of a report: figures, relevances, clusters, what was left out, numbers for a sweep."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from neon.report.reading import neutral
from neon.report.style import render


def write_figure(figure, name, output):
    """Write a figure as PNG and SVG into the folder `figures` of a report.

    Args:
        figure: matplotlib Figure.
        name: of the files.
        output: folder of the report; None writes nothing.
    """
    if output is None:
        return
    folder = Path(output) / "figures"
    folder.mkdir(exist_ok=True)
    for suffix in ("png", "svg"):
        (folder / f"{name}.{suffix}").write_bytes(render(figure, suffix))


def relevance_table(table, explanation):
    """One row a point: row in the file, cluster, logit, probability, relevance of each feature.

    Args:
        table: `preparing.Table`.
        explanation: `Explanation` of its rows.
    """
    names = [f"relevance of {name}" for name in table.X]  # so that a join with the input is clear
    R = pd.DataFrame(np.asarray(explanation.relevance), columns=names)
    numbers = {
        "row": table.X.index.to_numpy(),
        "cluster": np.asarray(explanation.cluster),
        "logit": np.asarray(explanation.logit),
        "probability": np.asarray(explanation.probability),
    }
    return pd.concat([pd.DataFrame(numbers), R], axis=1)


def cluster_table(table, explanation, names, members):
    """One row a cluster: size, name, members, means of the features and of their relevances."""
    cluster, X = np.asarray(explanation.cluster), table.X
    sizes = np.bincount(cluster, minlength=len(names))
    R = pd.DataFrame(np.asarray(explanation.relevance), columns=X.columns)
    logit = pd.Series(np.asarray(explanation.logit)).groupby(cluster).mean()
    frame = pd.DataFrame({"cluster": range(len(names)), "size": sizes, "name": names})
    frame["mean logit"] = logit.reindex(range(len(names)))
    for kind in members:
        frame[f"{kind} rows"] = [
            " ".join(str(X.index[i]) for i in places) for places in members[kind]
        ]
    means = X.groupby(cluster).mean().reindex(range(len(names))).add_prefix("mean of ")
    shares = R.groupby(cluster).mean().reindex(range(len(names))).add_prefix("mean relevance of ")
    return pd.concat([frame, means, shares], axis=1)


def write_results(output, table, explanation, names, members, summary):
    """Write relevance.parquet and .csv, clusters.csv, left_out.csv and summary.json.

    Names and texts that a spreadsheet would run as formulas are neutralised in the CSV files by
    an apostrophe; Parquet keeps them as they are.

    Args:
        output: folder.
        table: `preparing.Table`.
        explanation: `Explanation` of its rows.
        names: K names of the clusters.
        members: DataFrame from `describing.members`.
        summary: dict of numbers and words for a sweep to compare.
    """
    import pyarrow as pa
    from pyarrow import csv, parquet

    output = Path(output)
    relevance = relevance_table(table, explanation)
    arrow = pa.Table.from_pandas(relevance, preserve_index=False)
    parquet.write_table(arrow, output / "relevance.parquet")
    csv.write_csv(arrow.rename_columns(list(neutral(relevance.head(0)))), output / "relevance.csv")
    clusters = neutral(cluster_table(table, explanation, names, members))
    clusters.to_csv(output / "clusters.csv", index=False)
    left = [("column", name, why) for name, why in table.columns_left.items()]
    left += [("row", row, why) for row, why in table.rows_left.items()]
    neutral(pd.DataFrame(left, columns=["what", "which", "why"])).to_csv(
        output / "left_out.csv", index=False
    )
    text = json.dumps(summary, indent=1, ensure_ascii=False)
    (output / "summary.json").write_text(text + "\n", encoding="utf-8")
