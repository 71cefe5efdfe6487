"""The part of `make site` that is ours: a Sphinx extension, which `docs/conf.py` names.

It gives every figure of a notebook its words, marks the shapes in docstrings, puts pages together
from stored data, and takes MathJax along, so that formulas need no network.
"""

import re
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.util.docstrings import prepare_docstring
from sphinx.util.docutils import SphinxDirective, SphinxRole
from sphinx.util.fileutil import copy_asset

from utils.figures import manifest
from utils.files import FIGURES
from utils.site.pages import GENERATED, anchor

from . import pages

SIZE = r"(?:\.{3}|[A-Za-z](?:_\w)?|repeats|clusters)(?: ?[+−-] ?\w+| >= \d)?"
SHAPE = re.compile(rf"(?<![\w`])\({SIZE}(?:,|(?:, (?:{SIZE}|\d))+)\)")
MATHJAX = ("tex-chtml.js", "output/chtml/fonts", "input/tex/extensions")


class Generated(SphinxDirective):
    """A part of a page that is made from stored data: one of `pages.GENERATED`."""

    required_arguments = 1

    def run(self):
        """Parse the Markdown, and build the page again when the data change."""
        make, source = GENERATED[self.arguments[0]]
        for path in (source, pages.__file__):
            self.env.note_dependency(path)
        return self.parse_text_to_nodes(make(), allow_section_headings=True)


class FigureTexts(SphinxTransform):
    """Alternative texts for the pictures that the cells of notebooks made, and anchors to them."""

    default_priority = 300

    def apply(self):
        """Describe the figures of the manifest by it, others by the section they are in."""
        cells = list(self.document.findall(is_code_cell))
        for cell, following in zip_longest(cells, cells[1:]):
            self.env.note_dependency(FIGURES / "manifest.toml")
            images = list(cell.findall(nodes.image))
            entries = (saved_figures(cell.astext()) or saved_after(following))[: len(images)]
            for image, entry in zip_longest(images, entries):
                if entry is None:
                    image["alt"] = f"Plot made by the code above, in “{heading_of(cell)}”"
                else:
                    image["alt"] = f"{entry['label']}: {entry['shows']}"
                    self.add_anchor(image, entry)

    def add_anchor(self, image, entry):
        """Let other pages refer to a figure; a reference to one that is nowhere is an error."""
        label, page = anchor(entry), self.env.docname
        image["ids"].append(label)
        standard = self.env.domains.standard_domain
        standard.anonlabels[label] = page, label
        standard.labels[label] = page, label, entry["label"]


class TrimmedExamples(SphinxTransform):
    """Examples without the empty line at their end, which doctest needs and a reader does not."""

    default_priority = 300

    def apply(self):
        """Trim every block of code."""
        for block in self.document.findall(nodes.literal_block):
            text = block.astext().rstrip()
            block.rawsource, block.children = text, []
            block += nodes.Text(text)


def is_code_cell(node):
    """Is it a code cell of a notebook, with its outputs?"""
    return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"


def saved_figures(code):
    """Entries of the manifest that a cell saves, in their order.

    Example:
        >>> code = 'for i in nine: save_figure(figure, f"03_wine_{i:03d}", save=True)'
        >>> [entry["label"] for entry in saved_figures(code)][:2]
        ['Figure 3.1', 'Figure 3.2']
    """
    found = []
    for name in re.findall(r'save_figure\(.+, f?"(.+?)"', code):
        pattern = re.sub(r"\\{.*?\\}", ".+", re.escape(name))
        found += [entry for key, entry in manifest().items() if re.fullmatch(pattern, key)]
    return found


def saved_after(cell):
    """Entries of the manifest that a cell saves of the one before it: it draws none itself."""
    drawn = cell is None or any(cell.findall(nodes.image))
    return [] if drawn else saved_figures(cell.astext())


def heading_of(node):
    """Heading of the section that a node is in."""
    while not isinstance(node, nodes.section):
        node = node.parent
    return node[0].astext()


class Shape(SphinxRole):
    """A shape such as (n, D) in a docstring, to be set apart from the words."""

    def run(self):
        """Return a literal of its own class."""
        return [nodes.literal(self.rawtext, self.text, classes=["shape"])], []


def mark_shapes(app, what, name, obj, options, lines):
    """Mark the shapes in the prose of a docstring.

    Example:
        >>> lines = ["points (n, D) and a bias (K, K−1), from smin(h, s):", ">>> f(x, y)"]
        >>> mark_shapes(None, "function", "f", None, None, lines)
        >>> lines
        ['points :shape:`(n, D)` and a bias :shape:`(K, K−1)`, from smin(h, s):', '>>> f(x, y)']
    """
    for i, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            lines[i] = SHAPE.sub(r":shape:`\g<0>`", line)


def plain_properties(app, what, name, obj, options, lines):
    """Undo napoleon on a property: it takes what stands before a colon for a type."""
    if what == "property":
        lines[:] = prepare_docstring(obj.__doc__)


def copy_mathjax(app, exception):
    """Take along the parts of MathJax that pages ask for, a twelfth of the package."""
    package = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
    for part in MATHJAX if exception is None else ():
        target = Path(app.outdir, "_static", "mathjax", part)
        copy_asset(package / part, target if (package / part).is_dir() else target.parent)


def setup(app):
    """Register all of it."""
    app.add_directive("generated", Generated)
    app.add_role("shape", Shape())
    app.add_transform(FigureTexts)
    app.add_transform(TrimmedExamples)
    app.connect("autodoc-process-docstring", plain_properties, priority=600)  # napoleon has 500
    app.connect("autodoc-process-docstring", mark_shapes, priority=700)
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True}
