"""300 short texts: the first words of docstrings of SciPy, scikit-learn and pandas.

`python -m utils.data.docstrings` writes docstrings.json anew, from the packages that are installed.
"""

import importlib
import inspect
import json
import re
from importlib.metadata import version
from pathlib import Path

STORED = Path(__file__).with_suffix(".json")
PACKAGES = ("scipy", "scikit-learn", "pandas")
SUBJECTS = (
    ("scipy.ndimage",),
    ("scipy.signal",),
    ("scipy.cluster.hierarchy", "sklearn.cluster"),
    ("sklearn.linear_model",),
    ("sklearn.metrics",),
    ("pandas.Timestamp", "pandas.tseries.offsets"),
    ("pandas.Series.str",),
    ("scipy.stats",),
    ("scipy.special",),
    ("scipy.linalg",),
)
PER_SUBJECT, SHORTEST, LONGEST = 30, 20, 80  # texts; words of a text
SECTION = re.compile(r"^(.+)\n[-=]{3,} *$", re.MULTILINE)
# signatures, directives, examples, lists, tables, formulas: what a paragraph of prose does not open
NOT_PROSE = re.compile(r"\s+|\.\. |>>>|[-*|+=]|[\w\[\], ]+\(\w+.*\)$")
ROLE = re.compile(r":\w+(?::\w+)?:`~?([^`<]*?)(?:\s*<[^>]*>)?`")


def load_docstrings():
    """Load the texts as they are stored beside this module, under the licence of their authors.

    Returns:
        dict: qualified name → text, 30 of each subject.

    Example:
        >>> texts = load_docstrings()
        >>> len(texts)
        300
        >>> texts["scipy.ndimage.median"][:40]
        'Calculate the median of the values of an'
    """
    return json.loads(STORED.read_text(encoding="utf-8"))["texts"]


def collect():
    """Collect the texts from the packages that are installed.

    Of each subject, the public names whose text is long enough and not that of another name, and
    of these, in alphabetical order, thirty at equal distances.
    """
    chosen = {}
    for modules in SUBJECTS:
        texts = {}
        for name, text in documented(modules):
            if len(text.split()) >= SHORTEST and text not in [*chosen.values(), *texts.values()]:
                texts[name] = text
        names = list(texts)
        step = len(names) / PER_SUBJECT
        kept = [names[int((i + 0.5) * step)] for i in range(PER_SUBJECT)]
        chosen |= {name: texts[name] for name in kept}
    return chosen


def documented(modules):
    """Yield the qualified name and the text of what modules, or classes, show in public."""
    for module in modules:
        package, *path = module.split(".")
        home = importlib.import_module(package)
        for part in path:
            home = getattr(home, part, None) or importlib.import_module(f"{home.__name__}.{part}")
        for name in sorted(getattr(home, "__all__", None) or dir(home)):
            thing = getattr(home, name)
            if not name.startswith("_") and not inspect.ismodule(thing) and thing.__doc__:
                yield f"{module}.{name}", " ".join(prose(thing.__doc__).split()[:LONGEST])


def prose(doc):
    r"""Return the sentences of a docstring: its head and its notes, without markup.

    Example:
        >>> prose("f(x, y)\n\nAdd `x` to :math:`y^2`.\n\nNotes\n-----\nSee [1]_.")
        'Add x to . See .'
    """
    head, *sections = SECTION.split(inspect.cleandoc(doc))
    titled = zip(sections[::2], sections[1::2], strict=True)
    notes = [body for title, body in titled if title.strip() == "Notes"]
    paragraphs = re.split(r"\n\s*\n", "\n\n".join([head, *notes]))
    text = " ".join(" ".join(p.split()) for p in paragraphs if not NOT_PROSE.match(p.strip("\n")))
    text = ROLE.sub(r"\1", re.sub(r":math:`[^`]*`", "", text))
    return re.sub(r"[`*]|\[\d+\]_?", "", text).replace("::", ":")


def store():
    """Write docstrings.json: the texts, and the versions of the packages that they come from."""
    from .figures import write_whole

    about = "Docstrings of SciPy, scikit-learn and pandas; their licences: docstrings-LICENSE.txt"
    versions = {package: version(package) for package in PACKAGES}
    stored = {"about": about, "versions": versions, "texts": collect()}
    write_whole(STORED, (json.dumps(stored, indent=1, ensure_ascii=False) + "\n").encode())


if __name__ == "__main__":
    store()
