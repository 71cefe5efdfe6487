"""Does every decimal number in prose stand in something that was computed?

`python -m utils.claims` lists the sentences of notebooks, pages, slides and captions with a decimal
number that no output, benchmark or figure contains, rounded or in per cent; then it compares the
README's table of speeds, CITATION.cff and the hashes of stored pictures and results with what was
recorded. `python -m utils.claims record` records those hashes again, after a fresh run.
"""

import argparse
import base64
import bisect
import json
import re
import sys
import tomllib
from functools import cache

import nbformat
import yaml

from utils.files import ROOT, digest, write_whole

RECORD = ROOT / "utils" / "claims.toml"  # exemptions and the reference of the paper
HASHES = ROOT / "benchmarks" / "SHA256SUMS"  # of results, and of pictures inside notebooks
PAGES = ("README.md", "docs/*.md", "slides/*.md")
DECIMAL = re.compile(r"(?<![\w.:/])(\d+\.\d+)(?![\w]|\.\d)(\s?\\?%)?")
NOT_PROSE = re.compile(
    r"```.*?```|\{\{.*?\}\}|`[^`]*`|\]\([^)]*\)|https?://\S+|arXiv:\S+"
    r"|(?:Python|glibc) [\d.]+(?:, [\d.]+)*(?: or [\d.]+)?",  # versions
    re.DOTALL,
)
LITERAL = re.compile(r"(?<![\w.])(\d+\.?\d*(?:e[-+]?\d+)?)")
COLUMNS = ("neon.explain", "limit: 3 products, torch", "naive torch", "textbook tensors",
           "one-point loop")  # fmt: skip


def literals(text):
    """Numbers in a text, without their signs."""
    return [float(number) for number in LITERAL.findall(text)]


def sentences(text):
    """Sentences with a decimal number: (sentence, [(number, whether per cent)]).

    Example:
        >>> list(sentences("Two wines. One has 0.52, or `x = 0.7`."))
        [('One has 0.52, or .', [('0.52', False)])]
    """
    for sentence in re.split(r"(?<=[.!?])\s+|\n", NOT_PROSE.sub("", text)):
        found = [(number, bool(percent)) for number, percent in DECIMAL.findall(sentence)]
        if found:
            yield sentence.strip(), found


def contains(values, number, percent):
    """Whether a sorted list has a value that rounds to the number, or to it in per cent."""
    half = 0.5 * 10.0 ** -len(number.split(".")[1]) * (1 + 1e-9)
    for scale in (1, 100) if percent else (1,):
        low = bisect.bisect_left(values, (float(number) - half) / scale)
        if low < len(values) and values[low] <= (float(number) + half) / scale:
            return True
    return False


def computed(notebook):
    """Numbers that a notebook printed, and those that its code sets."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            found += literals(cell.source)
            for output in cell.outputs:
                found += literals(output.get("text", ""))
                found += literals(output.get("data", {}).get("text/plain", ""))
    return found


@cache
def stored(root=ROOT):
    """Numbers of each notebook, of each figure, and of the tables of benchmarks."""
    paths = sorted((root / "notebooks").glob("*.ipynb"))
    notebooks = {p.stem: computed(nbformat.read(p, as_version=4)) for p in paths}
    shown = {
        path.stem: literals(json.dumps(json.loads(path.read_text(encoding="utf-8"))["shows"]))
        for path in (root / "figures").glob("*.json")
    }
    results = sorted((root / "benchmarks/results").glob("*.[cm]*"))
    return notebooks, shown, literals("\n".join(p.read_text(encoding="utf-8") for p in results))


def texts(root=ROOT):
    """Texts to check: (where, text, the numbers that it may quote)."""
    notebooks, figures, results = stored(root)
    for name, values in notebooks.items():
        known = sorted(values)
        for cell in nbformat.read(root / "notebooks" / f"{name}.ipynb", as_version=4).cells:
            text = cell.source if cell.cell_type == "markdown" else ""
            yield f"notebooks/{name}.ipynb", f"{text}\n{cell.metadata.get('alt', '')}", known
    everything = sum(notebooks.values(), results)
    for path in sorted(path for pattern in PAGES for path in root.glob(pattern)):
        text = path.read_text(encoding="utf-8")
        code = literals("\n".join(re.findall(r"```.*?```", text, re.DOTALL)))
        yield str(path.relative_to(root)), text, sorted(everything + code)
    manifest = tomllib.loads((root / "figures/manifest.toml").read_text(encoding="utf-8"))
    for entry in manifest["figure"]:
        known = sorted(notebooks[entry["notebook"]] + figures[entry["name"]])
        yield "figures/manifest.toml", entry["shows"], known


def unsupported(given, exempt):
    """Sentences with a number that nothing contains, and exemptions that nothing needs.

    Args:
        given: iterable of (where, text, sorted numbers).
        exempt: list of dicts with `where`, `number` and `reason`.

    Returns:
        list of str, one for each sentence.
    """
    allowed, used, found = {(entry["where"], entry["number"]) for entry in exempt}, set(), []
    for where, text, known in given:
        for sentence, numbers in sentences(text):
            missing = [n for n, percent in numbers if not contains(known, n, percent)]
            used |= {(where, n) for n in missing} & allowed
            missing = [n for n in missing if (where, n) not in allowed]
            if missing:
                found.append(f"{where}: {', '.join(missing)} was never computed: {sentence}")
    return found + [f"utils/claims.toml: {w} does not need {n}" for w, n in sorted(allowed - used)]


def speeds(readme, engine):
    """Cells of the README's table of speeds that the benchmark's file does not bear out."""
    measured, section = {}, ""
    for line in engine.splitlines():
        if line.startswith("## "):
            section = line
        elif line.startswith("| ") and line.count("|") == 6:
            name, _, value, *_ = (cell.strip() for cell in line.strip("|").split("|"))
            measured[section, name] = value
    found = []
    for row in re.findall(r"^\| (\d[\d ]*, \d+, \d+) \|(.*)\|$", readme, re.MULTILINE):
        n, k, d = row[0].replace(" ", "").split(",")
        section = f"## N = {n}, K = {k}, D = {d}, float64, 1 thread(s)"
        for name, cell in zip(COLUMNS, row[1].split("|"), strict=True):
            shown = cell.replace(" ", "")
            digits = max(len(shown.replace(".", "").strip("0")), 2)
            value = float(measured.get((section, name), "nan"))
            if float(shown) != float(f"{value:.{digits - 1}e}"):
                found.append(f"README.md: {row[0]}, {name}: {shown}; measured {value:g}")
    return found


def citation(cff, reference):
    """Entries of CITATION.cff that differ from the recorded reference of the paper."""
    paper = yaml.safe_load(cff)["preferred-citation"]
    paper["authors"] = [author["family-names"] for author in paper["authors"]]
    return [
        f"CITATION.cff: {key} is {paper.get(key)!r}, recorded {value!r}"
        for key, value in reference.items()
        if paper.get(key) != value
    ]


def hashes(root=ROOT):
    """SHA-256 of stored results and of every picture inside a notebook: name → hash."""
    files = [root / "benchmarks" / "flipping.csv", *(root / "benchmarks/results").glob("*.csv")]
    found = {str(path.relative_to(root)): digest(path.read_bytes()) for path in files}
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            pictures = [o.get("data", {}).get("image/png") for o in cell.get("outputs", [])]
            for number, picture in enumerate(filter(None, pictures)):
                name = f"notebooks/{path.name}#{cell.id}.{number}"
                found[name] = digest(base64.b64decode(picture))
    return found


def record():
    """Record the hashes of what is stored now."""
    lines = [f"{value}  {name}\n" for name, value in sorted(hashes().items())]
    write_whole(HASHES, "".join(lines).encode())


def changed(recorded, now):
    """Results and pictures that are not those recorded."""
    before = dict(reversed(line.split("  ", 1)) for line in recorded.splitlines())
    return [
        f"{name} is not what was recorded: make it again, then `python -m utils.claims record`"
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    ]


def settings():
    """The recorded reference of the paper, and the exemptions."""
    return tomllib.loads(RECORD.read_text(encoding="utf-8"))


def check(root=ROOT):
    """List every claim that nothing stored bears out; empty if all is well."""
    read = {name: (root / name).read_text(encoding="utf-8") for name in (
        "README.md", "CITATION.cff", "benchmarks/results/engine.md")}  # fmt: skip
    return [
        *unsupported(texts(root), settings()["exempt"]),
        *speeds(read["README.md"], read["benchmarks/results/engine.md"]),
        *citation(read["CITATION.cff"], settings()["reference"]),
        *changed(HASHES.read_text(encoding="utf-8"), hashes(root)),
    ]


def main(arguments=None):
    """Run the command line; exit code 1 if a claim is not borne out."""
    parser = argparse.ArgumentParser(prog="python -m utils.claims", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["check", "record"], default="check")
    if parser.parse_args(arguments).command == "record":
        record()
    wrong = check()
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
