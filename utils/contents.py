"""The table of contents: one list, from which README, the map in notebook 00 and all links follow.

`python -m utils.contents` writes them after a change to notebooks/contents.toml, and names the
files that it wrote; the tests see that nothing is left to write.
"""

import re
import sys
import tomllib
from dataclasses import dataclass

import nbformat

from utils.files import NOTEBOOKS, ROOT, write_whole

LIST = NOTEBOOKS / "contents.toml"
BEGIN, END = "<!-- contents: begin -->\n", "<!-- contents: end -->\n"
MAP = re.compile(r"(?<=## The map\n\n).*?(?=\n\n## |\Z)", re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """A notebook of the course.

    Attributes:
        name: of the file, without its ending; it begins with the number.
        question: its title.
        seconds: that it runs for, about.
        part: of the course.
    """

    name: str
    question: str
    seconds: int
    part: str

    @property
    def number(self):
        """Two digits."""
        return self.name[:2]

    @property
    def title(self):
        """Number and question, as links show them."""
        return f"{self.number} · {self.question}"


def entries():
    """Notebooks of the course, in its order.

    Example:
        >>> entries()[2].title
        '02 · How can k-means be a neural network?'
    """
    parts = tomllib.loads(LIST.read_text(encoding="utf-8"))["part"]
    return [Entry(part=part["title"], **entry) for part in parts for entry in part["notebooks"]]


def table(folder=""):
    """Markdown table of the course, with links into a folder.

    Example:
        >>> table("notebooks/").splitlines()[3]
        '| [00](notebooks/00_start_here.ipynb) | Why is this point in that cluster? | 5 s |'
    """
    lines, part = ["| | question | runs in |", "|---|---|---|"], None
    for entry in entries():
        if entry.part != part:
            part = entry.part
            lines.append(f"| | **{part}** | |")
        link = f"[{entry.number}]({folder}{entry.name}.ipynb)"
        lines.append(f"| {link} | {entry.question} | {entry.seconds} s |")
    return "\n".join(lines) + "\n"


def neighbours(name):
    """Line of links to the notebooks before and after one.

    Example:
        >>> neighbours("00_start_here")
        'next: [01 · Does k-means find the three cultivars?](01_wine_and_kmeans.ipynb)'
    """
    course = entries()
    place = [entry.name for entry in course].index(name)
    around = {"previous": course[place - 1 : place], "next": course[place + 1 : place + 2]}
    links = [f"{word}: [{e.title}]({e.name}.ipynb)" for word, near in around.items() for e in near]
    return " · ".join(links)


def readme(text):
    """README with the table of the course."""
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + table("notebooks/") + END + rest.partition(END)[2]


def notebook(path, node):
    """Bring titles, run time, map and links of a notebook up to date, in place."""
    course = {entry.name: entry for entry in entries()}
    own = course.get(path.stem) if path.parent == NOTEBOOKS else None
    for cell in node.cells:
        if cell.cell_type != "markdown":
            continue
        for name, entry in course.items():
            link = rf"\[\d\d · [^\]]*\](?=\((?:\.\./)?{name}\.ipynb\))"
            if own or f"../{name}" in cell.source:
                cell.source = re.sub(link, f"[{entry.title}]", cell.source)
        if own:
            cell.source = re.sub(
                r"^(?:previous|next): \[.*$", neighbours(own.name), cell.source, flags=re.MULTILINE
            )
        cell.source = MAP.sub(lambda found: table().rstrip("\n"), cell.source)
    if own:
        first = node.cells[0]
        lines = first.source.split("\n")
        lines[0] = f"# {own.question}"
        first.source = re.sub(r"Runs in \d+ s", f"Runs in {own.seconds} s", "\n".join(lines))


def outdated():
    """Files that do not follow the list: path → what they should hold."""
    found = {}
    path = ROOT / "README.md"
    text = path.read_text(encoding="utf-8")
    if readme(text) != text:
        found[path] = readme(text)
    for path in sorted(NOTEBOOKS.rglob("*.ipynb")):
        node = nbformat.read(path, as_version=4)
        before = [cell.source for cell in node.cells]
        notebook(path, node)
        if [cell.source for cell in node.cells] != before:
            written = nbformat.writes(node, indent=1, ensure_ascii=False, sort_keys=True)
            found[path] = written + "\n"
    return found


def main():
    """Write what does not follow the list."""
    for path, text in outdated().items():
        write_whole(path, text.encode())
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
