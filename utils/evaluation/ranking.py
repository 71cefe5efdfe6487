"""Many seeds, methods and data sets on one page: means, standard errors, ranks, paired tests."""

import pandas as pd
from scipy.stats import wilcoxon


def means(results, measure):
    """Mean over the seeds of a measure: one row a method, one column a data set."""
    return results.pivot_table(measure, "method", "data", sort=False)


def errors(results, measure):
    """Standard error of `means`: of the mean over seeds, which share one data set."""
    return results.pivot_table(measure, "method", "data", aggfunc="sem", sort=False)


def mean_ranks(results, measure):
    """Rank of each method by its mean, 1 is lowest, averaged over the data sets that have it.

    Example:
        >>> rows = [("a", "m", 0.1), ("a", "n", 0.2), ("b", "m", 0.4), ("b", "n", 0.3)]
        >>> mean_ranks(pd.DataFrame(rows, columns=["data", "method", "area"]), "area").to_dict()
        {'m': 1.5, 'n': 1.5}
    """
    return means(results, measure).rank().mean(axis=1)


def paired(results, measure, method):
    """Compare a method with all others, split by split.

    Returns:
        DataFrame, one row a rival and data set: `rival`, `data`, the mean `difference` of the
        measure (negative: the method is better) and the `p` of Wilcoxon's signed-rank test.
    """
    rows = []
    for name, part in results.groupby("data", sort=False):
        table = part.pivot(index="seed", columns="method", values=measure)
        for rival in [column for column in table if column != method]:
            difference = table[method] - table[rival]
            p = wilcoxon(difference).pvalue if difference.any() else 1.0
            rows.append(
                {"rival": rival, "data": name, "difference": difference.mean(), "p": float(p)}
            )
    return pd.DataFrame(rows)
