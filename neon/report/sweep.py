"""Several reports at once: `python -m neon.report.sweep plan.yaml`, with a table and a figure.

    data: my.csv              # beside the YAML file
    output: my_sweep          # folder, likewise
    settings: {label: class}  # the same in all runs
    vary:                     # all combinations
      n_clusters: [3, 4, 5]
      seed: [0, 1, 2]

A run that is there already is not done again, so the same command goes on after an interruption.
"""

import argparse
import hashlib
import itertools
import json
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import yaml
from tqdm import tqdm

from neon.report.building import SETTINGS, report
from neon.report.reading import TableError
from neon.report.style import CLUSTERS, MARKERS, use_style

MEASURES = {"silhouette": "silhouette", "agreement": "share of refits that agree",
            "mean_logit": "mean logit"}  # fmt: skip


def read_plan(path):
    """Read the YAML file of a sweep.

    Returns:
        data, output (paths), list of (name of the run, what varies, all its settings).

    Raises:
        TableError: the file is no such plan.
    """
    path = Path(path)
    try:
        plan = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise TableError(f"{path.name!r} is no plan: {' '.join(str(error).split())}") from None
    if not isinstance(plan, dict) or not {"data", "output", "vary"} <= plan.keys():
        raise TableError(f"{path.name!r} must name `data`, `output` and what to `vary`.")
    common, vary = plan.get("settings") or {}, plan["vary"]
    if not isinstance(common, dict) or not isinstance(vary, dict):
        raise TableError("`settings` and `vary` must be names with values.")
    for name in [*common, *vary]:
        if name not in SETTINGS:
            raise TableError(f"There is no setting {name!r}; there are {', '.join(SETTINGS)}.")
    for name, values in vary.items():
        if not isinstance(values, list) or not values:
            raise TableError(f"`vary` {name} must be a list of values; got {values!r}.")
    runs = []
    for values in itertools.product(*vary.values()):
        varied = dict(zip(vary, values, strict=True))
        name = "_".join(f"{key}={plain(value)}" for key, value in varied.items())
        runs.append((name, varied, common | varied))
    data = path.parent / plan["data"]
    return data if data.exists() else plan["data"], path.parent / plan["output"], runs


def plain(value):
    """Write a value so that it can be part of a file name.

    Example:
        >>> plain(0.5), plain([2, 8]), plain("a/b")
        ('0.5', '2-8', 'a-b')
    """
    text = "-".join(map(str, value)) if isinstance(value, list) else str(value)
    return "".join(c if c.isalnum() or c in ".-" else "-" for c in text)


def sweep(path, *, progress=False):
    """Do the runs of a sweep that are not there yet; write summary.csv and summary.png.

    Args:
        path: of the YAML file.
        progress: show a bar on stderr.

    Returns:
        DataFrame, a row a run: what varies, and the numbers of the report.

    Raises:
        TableError: from the plan, or from the first run that fails; those before it are kept.
    """
    data, output, runs = read_plan(path)
    lines = []
    for name, varied, settings in tqdm(runs, unit="report", disable=not progress):
        folder = output / f"{name}_{fingerprint(data, settings)}"
        if not folder.exists():  # folders of reports appear whole
            report(data, folder, **settings)
        numbers = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        lines.append({**{key: str(value) for key, value in varied.items()}, **{
            key: value for key, value in numbers.items() if key not in varied}})  # fmt: skip
    frame = pd.DataFrame(lines)
    frame.to_csv(output / "summary.csv", index=False)
    plot_sweep(frame, list(runs[0][1])).savefig(output / "summary.png")
    return frame


def fingerprint(data, settings):
    """Eight digits that change if the table or the settings of a run do."""
    content = Path(data).read_bytes() if Path(data).exists() else str(data).encode()
    return hashlib.sha256(content + json.dumps(settings, sort_keys=True).encode()).hexdigest()[:8]


def plot_sweep(frame, varied):
    """Draw silhouette, stability and mean logit over the first thing that varies.

    Args:
        frame: from `sweep`.
        varied: names of what varies; the others make a line each.
    """
    use_style()
    first, *others = varied
    figure, panels = plt.subplots(1, len(MEASURES), figsize=(4 * len(MEASURES), 3.4))
    groups = frame.groupby(others, sort=False) if others else [((), frame)]
    for number, (values, group) in enumerate(groups):
        label = ", ".join(f"{k} = {v}" for k, v in zip(others, values, strict=True))
        for axes, (measure, words) in zip(panels, MEASURES.items(), strict=True):
            axes.plot(group[first], group[measure], label=label or None, alpha=0.8,
                      marker=MARKERS[number % len(MARKERS)],
                      color=CLUSTERS[number % len(CLUSTERS)])  # fmt: skip
            axes.set(xlabel=first, title=words)
    if others:
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right center")
    return figure


def main(arguments=None):
    """Run the command line; exit code 2 if something is wrong with the input."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("python -m neon.report.sweep", description=__doc__,
                                     formatter_class=raw)  # fmt: skip
    parser.add_argument("plan", help="YAML file")
    try:
        frame = sweep(parser.parse_args(arguments).plan, progress=True)
    except (TableError, OSError) as error:
        print(f"sweep: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("sweep: interrupted; the same command does the rest", file=sys.stderr)
        return 130
    print(frame.to_string(index=False, float_format="{:.4g}".format))
    return 0


if __name__ == "__main__":
    sys.exit(main())
