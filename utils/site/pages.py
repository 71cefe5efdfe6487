"""Parts of the site that are made from stored data when it is built, as Markdown."""

import nbformat
import pandas as pd
import yaml

from utils.evaluation.experiments import FLIPPING, NOISE
from utils.evaluation.protocol import REPLACEMENTS
from utils.evaluation.ranking import errors, mean_ranks, means
from utils.figures import manifest
from utils.files import FIGURES, NOTEBOOKS, ROOT

SCALING = ROOT / "benchmarks" / "results" / "scaling_out.csv"
CITATION = ROOT / "CITATION.cff"
FIGURE = """\
:::{{figure}} /figures/{name}.png
:alt: {shows}
:figclass: gallery

{{ref}}`{label} <{anchor}>` ([SVG](/figures/{name}.svg)). {shows}
:::
"""
SECTION = """\
## {question}

[Notebook {number}](/notebooks/{notebook}.ipynb) draws them:

```
.venv/bin/python -m utils.notebooks run {notebook}
```
"""
BIBTEX = """\
```bibtex
@article{{{key},
  title   = {{{title}}},
  author  = {{{author}}},
  journal = {{{journal}}},
  volume  = {{{volume}}},
  number  = {{{issue}}},
  year    = {{{year}}},
  doi     = {{{doi}}},
  note    = {{{note}}},
}}
```
"""


def gallery():
    """All figures, notebook by notebook: picture, caption, where it is drawn, how to redraw it."""
    parts, notebook = [], None
    for entry in manifest().values():
        if entry["notebook"] != notebook:
            notebook = entry["notebook"]
            cells = nbformat.read(NOTEBOOKS / f"{notebook}.ipynb", as_version=4).cells
            question = cells[0].source.splitlines()[0].removeprefix("# ")
            parts.append(SECTION.format(question=question, number=notebook[:2], notebook=notebook))
        parts.append(FIGURE.format(**entry, anchor=anchor(entry)))
    return "\n".join(parts)


def anchor(entry):
    """Label of the place in a notebook where a figure of the manifest is drawn.

    Example:
        >>> anchor({"label": "Figure 3.10"})
        'figure-3-10'
    """
    return entry["label"].lower().replace(" ", "-").replace(".", "-")


def ranks():
    """Mean rank of each method over the data sets by survival, a column a replacement."""
    results = pd.read_csv(FLIPPING.path)
    table = pd.DataFrame({how: mean_ranks(results, f"survival {how}") for how in REPLACEMENTS})
    return markdown(table.sort_values("kde", kind="stable").map("{:.1f}".format))


def survival():
    """Area under the survival curve for the conditional replacement, and the cost."""
    cost = pd.read_csv(FLIPPING.path).groupby("method")["microseconds"].median()
    return markdown(areas("survival kde").assign(**{"µs a point": cost.map("{:,.0f}".format)}))


def logit():
    """Area under the curve of the logit for the conditional replacement."""
    return markdown(areas("logit kde"))


def areas(measure):
    """Mean of a measure ± its standard error, best mean rank first."""
    results = pd.read_csv(FLIPPING.path)
    mean, error = (f(results, measure).map("{:.3f}".format) for f in (means, errors))
    order = mean_ranks(results, measure).sort_values(kind="stable").index
    return (mean + " ± " + error).loc[order].replace("nan ± nan", "–")


def noise():
    """Relative change of the relevances under noise, the calmest first."""
    change = means(pd.read_csv(NOISE.path), "change")
    order = change.mean(axis=1).sort_values(kind="stable").index
    return markdown(change.loc[order].map("{:.3f}".format).replace("nan", "–"))


def scaling():
    """Measurements of explanations on Dask, a column a size of the table."""
    table = pd.read_csv(SCALING)
    texts = {
        name: values.map(("{:,.0f}" if values.max() > 1000 else "{:,.4g}").format)
        for name, values in table.items()
    }
    return markdown(pd.DataFrame(texts).set_index("points").T)


def citation():
    """The paper as BibTeX, and this work in a sentence, both from CITATION.cff."""
    cff = yaml.safe_load(CITATION.read_text(encoding="utf-8"))
    paper = cff["preferred-citation"]
    names = [f"{who['family-names']}, {who['given-names']}" for who in paper["authors"]]
    bibtex = BIBTEX.format(
        **paper,
        key=f"{paper['authors'][0]['family-names'].lower()}{paper['year']}",
        author=f" and\n{' ' * 13}".join(names),
        note=paper["identifiers"][0]["value"],
    )
    return f"{bibtex}\n{cff['authors'][0]['name']}: *{cff['title']}*, version {cff['version']}.\n"


def markdown(table):
    """Write a DataFrame of texts as a Markdown table, its first column to the left.

    Example:
        >>> print(markdown(pd.DataFrame({"rank": ["1.0"]}, index=["NEON"])))
        |      |   rank |
        |:-----|-------:|
        | NEON |    1.0 |
    """
    align = ["left"] + ["right"] * table.shape[1]
    table = table.rename(index=lambda name: name.replace("|", r"\|"))
    return table.to_markdown(disable_numparse=True, colalign=align)


GENERATED = {
    "gallery": (gallery, FIGURES / "manifest.toml"),
    "ranks": (ranks, FLIPPING.path),
    "survival": (survival, FLIPPING.path),
    "logit": (logit, FLIPPING.path),
    "noise": (noise, NOISE.path),
    "scaling": (scaling, SCALING),
    "citation": (citation, CITATION),
}
