r"""Slides of the lectures: `python -m utils.course.slides` writes them to build/course/slides/.

A lecture is a Markdown file in slides/: `---` between two slides, `Note:` before what only the
speaker sees. It holds no figure, no code and no result, but says where they are stored:

    @figure 04_path           a figure, with its text for those who cannot see it
    @figure 04_path .5 0 1 1  its right half: left, top, right, bottom
    @code 02 "w = 2 *"        the paragraph of a code cell that contains this
    @output 04 "beta x" 11    what was printed: from the line that contains this, 11 lines
    {{01 accuracy (\S+);}}     within a sentence: what this regular expression finds printed

A page is one file that fetches nothing, which its own content security policy enforces. What it
shows with, reveal.js and MathJax, comes with the packages sphinx-revealjs, sphinx-mathjax-offline.
"""

import argparse
import base64
import html
import re
import shlex
import string
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import nbformat
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from utils.figures import manifest
from utils.files import FIGURES, NOTEBOOKS, ROOT

LECTURES = ROOT / "slides"
OUTPUT = ROOT / "build" / "course" / "slides"
PAGE = Path(__file__).with_name("slides_page.html")
MAX_LINES, LINES_BY_A_FIGURE, MAX_CODE, MAX_IN_ALL, MAX_WIDTH = 6, 3, 8, 9, 72
WIDE = 60  # letters in a line of text, about
DIRECTIVE = re.compile(r"^@(\w+) (.*)$", re.MULTILINE)
SIZE = re.compile(r'width="([\d.]+)pt" height="([\d.]+)pt" viewBox="[^"]+"')
RESULT = re.compile(r"\{\{(\d\d) (.+?)\}\}")


@cache
def notebook(number):
    """Sources of the code cells of a notebook, and all that it printed.

    Example:
        >>> sources, printed = notebook("00")
        >>> printed.splitlines()[0]
        'n = 178, D = 13, K = 3, inertia = 48.960517'
    """
    (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    outputs = [output.get("text", "") for cell in cells for output in cell.outputs]
    return [cell.source for cell in cells], "".join(outputs)


def result(match):
    """Group 1 of what a regular expression finds in the printed outputs of a notebook."""
    number, pattern = match.groups()
    found = re.search(pattern, notebook(number)[1], re.MULTILINE)
    if not found:
        raise ValueError(f"notebook {number} prints nothing like {pattern!r}. Look at its outputs.")
    return found[1].replace("-", "−")


def figure(name, *box):
    """A stored figure, or a part of it, with its alternative text and where it is from."""
    if name not in manifest():
        raise ValueError(f"`@figure` must name one of figures/manifest.toml; got {name!r}.")
    entry = manifest()[name]
    picture = (FIGURES / f"{name}.svg").read_text(encoding="utf-8")
    if box:
        picture = SIZE.sub(lambda size: part(size, *map(float, box)), picture, count=1)
    source = f"data:image/svg+xml;base64,{base64.b64encode(picture.encode()).decode()}"
    return (
        f'<figure><img src="{source}" alt="{html.escape(entry["shows"])}"></figure>\n'
        f"<footer>{entry['label']}, notebook {entry['notebook'][:2]}</footer>"
    )


def part(size, left, top, right, bottom):
    """Attributes of an SVG that show a part of it, given in fractions of its width and height."""
    width, height = map(float, size.groups())
    w, h = (right - left) * width, (bottom - top) * height
    return f'width="{w}pt" height="{h}pt" viewBox="{left * width} {top * height} {w} {h}"'


def code(number, text):
    """The paragraph of code that contains a text, with its comments moved near."""
    paragraphs = [p for source in notebook(number)[0] for p in source.split("\n\n")]
    chosen = re.sub(r" {3,}#", "  #", only(paragraphs, text, number).strip("\n"))
    return highlight(chosen, PythonLexer(), HtmlFormatter(noclasses=True, nobackground=True))


def output(number, text, count="1"):
    """Printed lines, from the first that contains a text."""
    lines = notebook(number)[1].splitlines()
    start = lines.index(only(lines, text, number))
    chosen = "\n".join(lines[start : start + int(count)])
    return f'<pre class="output">{html.escape(chosen, quote=False)}</pre>'


def only(candidates, text, number):
    """The first candidate that contains a text."""
    found = [candidate for candidate in candidates if text in candidate]
    if not found:
        raise ValueError(f"notebook {number} does not contain {text!r}. Look for what it became.")
    return found[0]


def slide(text):
    r"""HTML of one slide.

    Raises:
        ValueError: there is more on it than can be read from the last row, or a directive is
            unknown or finds nothing.

    Example:
        >>> print(slide("## One wine\n\nIts logit is {{00 logit (.*)}}.\n\nNote: Wait."))
        <section aria-label="One wine"><div class="slide">
        <h2>One wine</h2>
        <p>Its logit is 0.0772.</p>
        <aside class="notes"><p>Wait.</p></aside>
        </div></section>
    """
    visible, _, notes = RESULT.sub(result, text).partition("\nNote:")
    title = re.match(r"#+ (.*)", visible.strip())[1]
    try:
        text_parts, names, arguments = (DIRECTIVE.split(visible)[i::3] for i in range(3))
        pulled = [*map(pull, names, arguments), ""]
        check(text_parts, names, pulled)
    except ValueError as error:
        raise ValueError(f"slide {title!r}: {error}") from error
    body = "".join(f"{rendered(t)}{p}\n" for t, p in zip(text_parts, pulled, strict=True)).strip()
    kind = "slide title" if visible.strip().startswith("# ") else "slide"
    return (
        f'<section aria-label="{html.escape(title)}"><div class="{kind}">\n{body}\n'
        f'<aside class="notes">{rendered(notes)}</aside>\n</div></section>'
    ).replace("</p>\n</aside>", "</p></aside>")


def pull(name, arguments):
    """HTML of what a line that starts with @ asks for."""
    directives = {"figure": figure, "code": code, "output": output}
    if name not in directives:
        raise ValueError(f"`@{name}` must be one of @{', @'.join(directives)}.")
    return directives[name](*shlex.split(arguments))


def rendered(text):
    """HTML of Markdown with formulas."""
    renderer = IPythonRenderer(escape=False, exclude_anchor_links=True)
    return MarkdownWithMath(renderer=renderer).render(text.strip()) if text.strip() else ""


def check(texts, names, pulled):
    """Refuse what cannot be read from the last row."""
    lines = [line for line in "\n".join(texts).splitlines() if line and line[0] != "#"]
    count = sum(2 if line.startswith("$$") else -(-len(line) // WIDE) for line in lines)
    most = LINES_BY_A_FIGURE if "figure" in names else MAX_LINES
    if count > most:
        raise ValueError(f"{count} lines of text, at most {most}. Move some to the notes.")
    typed = [re.sub(r"<.*?>", "", p).strip("\n").splitlines() for p in pulled if "<pre" in p]
    long = [line for block in typed for line in map(html.unescape, block) if len(line) > MAX_WIDTH]
    if long:
        raise ValueError(f"a line of {len(long[0])} letters, at most {MAX_WIDTH}: {long[0]}")
    if any(len(block) > MAX_CODE for block in typed):
        raise ValueError(f"a block of more than {MAX_CODE} lines. Choose a shorter one.")
    if count + sum(map(len, typed)) > MAX_IN_ALL:
        raise ValueError(f"more than {MAX_IN_ALL} lines of text, code and output. Divide it.")


def page(text):
    """HTML of a whole lecture, with all that it needs inside."""
    reveal = Path(find_spec("sphinx_revealjs").origin).parent / "_static" / "revealjs"
    mathjax = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
    styles = [reveal / "dist" / "reset.css", reveal / "dist" / "reveal.css"]
    plugins = [reveal / "plugin" / name / f"{name}.js" for name in ("notes", "zoom")]
    slides = [slide(part) for part in re.split(r"^---$", text, flags=re.MULTILINE)]
    return string.Template(PAGE.read_text(encoding="utf-8")).substitute(
        title=re.match(r"# (.*)", text)[1],
        licence=(reveal / "LICENSE").read_text(encoding="utf-8").strip(),
        slides="\n".join(slides),
        styles="\n".join(path.read_text(encoding="utf-8") for path in styles),
        scripts="\n".join(
            f"<script>{path.read_text(encoding='utf-8')}</script>"
            for path in [reveal / "dist" / "reveal.js", *plugins, mathjax / "tex-svg.js"]
        ),
    )


def build(output=OUTPUT):
    """Write all lectures as HTML files; return their paths."""
    output.mkdir(parents=True, exist_ok=True)
    written = []
    for path in sorted(LECTURES.glob("*.md")):
        written.append(output / f"{path.stem}.html")
        written[-1].write_text(page(path.read_text(encoding="utf-8")), encoding="utf-8")
    return written


def main(arguments=None):
    """Run the command line; exit code 1 if a slide cannot be made."""
    parser = argparse.ArgumentParser(prog="python -m utils.course.slides", description=__doc__)
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder for the pages")
    options = parser.parse_args(arguments)
    try:
        print(*build(options.output), sep="\n")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
