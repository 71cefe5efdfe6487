"""The site: built with warnings as errors, and then every page read as a browser would."""

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pandas as pd
import pytest

import neon
from neon import distributed
from utils.figures import manifest
from utils.notebooks import NOTEBOOKS
from utils.site.extension import SHAPE, saved_figures
from utils.site.pages import anchor, markdown, ranks

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
# what a browser fetches by itself; `a` is for the reader to follow
FETCHED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}


class Page(HTMLParser):
    """What a page fetches, links to, and calls its places."""

    def __init__(self, path):
        super().__init__()
        self.fetched, self.links, self.ids, self.images, self.language = [], [], set(), [], None
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.ids.add(values.get("id"))
        if tag == "html":
            self.language = values.get("lang")
        if tag in FETCHED and FETCHED[tag] in values:
            self.fetched.append(values[FETCHED[tag]])
        if tag == "a" and values.get("href"):
            self.links.append((values["href"], values.get("rel"), values.get("class") or ""))
        if tag == "img":
            self.images.append(values)


def build(output, **variables):
    """Build the site as `make site` does."""
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", "docs"]
    command += ["-d", output.parent / "doctrees", ".", output]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NEON_REPOSITORY")}
    done = subprocess.run(
        command, cwd=ROOT, env=environment | variables, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return {path.relative_to(output).as_posix(): Page(path) for path in output.rglob("*.html")
            if "_static" not in path.parts}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("build") / "site"


@pytest.fixture(scope="module")
def site(folder):
    return build(folder)


def test_nothing_is_fetched_from_elsewhere(site, folder):
    for name, page in site.items():
        for address in page.fetched:
            parts = urlsplit(address)
            assert not parts.scheme, f"{name} fetches {address}"
            assert not parts.netloc, f"{name} fetches {address}"
            assert (folder / name).parent.joinpath(unquote(parts.path)).exists(), (name, address)
    for path in folder.rglob("*.css"):
        style = path.read_text(encoding="utf-8")
        assert "url(http" not in style, path.name
        assert '@import "http' not in style, path.name
    scripts = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.js"))
    assert "http" not in scripts
    assert (folder / "_static/mathjax/tex-chtml.js").exists()


def test_every_link_leads_somewhere(site, folder):
    for name, page in site.items():
        for address, _, _ in page.links:
            parts = urlsplit(address)
            if parts.scheme in ("http", "https", "mailto"):
                continue
            target = (folder / name).parent.joinpath(unquote(parts.path)).resolve()
            assert not parts.path or target.exists(), f"{name} links to {address}"
            there = page if not parts.path else site.get(target.relative_to(folder).as_posix())
            if parts.fragment and there:
                assert unquote(parts.fragment) in there.ids, f"{name} links to {address}"


def test_every_page_can_be_read_aloud(site):
    for name, page in site.items():
        assert page.language == "en", name
        for image in page.images:
            words = image.get("alt") or ""
            assert len(words) > 20, f"{name}: {image['src']} says nothing"
            assert words != image["src"], f"{name}: {image['src']} says nothing"


def test_notebooks_follow_each_other(site):
    place, visited = "notebooks/00_start_here.html", []
    while place.startswith("notebooks/"):
        visited.append(Path(place).stem)
        following = [href for href, _, kind in site[place].links if kind.startswith("right-next")]
        assert len(following) == 1, place
        place = os.path.normpath(Path(place).parent / following[0])
    assert visited[: len(NAMES)] == NAMES


def test_notebooks_are_downloaded_as_they_are(site, folder):
    for name in NAMES:
        links = [href for href, _, _ in site[f"notebooks/{name}.html"].links]
        assert f"../_sources/notebooks/{name}.ipynb" in links, name
        copy = folder / "_sources" / "notebooks" / f"{name}.ipynb"
        assert copy.read_bytes() == (NOTEBOOKS / f"{name}.ipynb").read_bytes()


def test_every_figure_is_in_the_gallery_and_in_its_notebook(site):
    gallery = {Path(image["src"]).stem: image["alt"] for image in site["docs/gallery.html"].images}
    assert gallery == {name: entry["shows"] for name, entry in manifest().items()}
    for entry in manifest().values():
        page = site[f"notebooks/{entry['notebook']}.html"]
        drawn = {image.get("id"): image["alt"] for image in page.images}
        assert drawn[anchor(entry)] == f"{entry['label']}: {entry['shows']}"


def test_every_public_name_is_documented(site):
    documented = set().union(*(page.ids for page in site.values()))
    names = [f"neon.{name}" for name in neon.__all__]
    names += [f"neon.distributed.{name}" for name in distributed.__all__]
    assert not set(names) - documented
    assert '<code class="shape docutils literal notranslate">' in site["docs/api/explain.html"].text


def test_tables_hold_every_method(site):
    page = site["docs/evaluation.html"].text
    assert page.count("NEON β=1/E[f]") == 4
    assert page.count("|x−μ_c|") == 4, "a name with bars must not be cut into cells"
    assert len(ranks().splitlines()) == 2 + 19


def test_no_trace_of_this_machine_or_of_now(site, folder):
    for path in folder.rglob("*"):
        if path.suffix in (".html", ".js", ".css", ".ipynb", ".md", ".inv"):
            content = path.read_bytes()
            assert str(ROOT).encode() not in content, path.name
            assert str(folder).encode() not in content, path.name


def test_binder_opens_the_notebook_of_the_repository_that_is_named(site, folder):
    assert not any("mybinder" in page.text for page in site.values()), "no URL, no button"
    again = build(folder, NEON_REPOSITORY_URL="https://github.com/someone/neon")
    links = [href for href, _, _ in again["notebooks/04_beta_sweeps.html"].links]
    address = "https://mybinder.org/v2/gh/someone/neon/main?urlpath=lab/tree/"
    assert f"{address}notebooks/04_beta_sweeps.ipynb" in links
    assert "mybinder" not in again["docs/gallery.html"].text


def test_figures_of_a_cell():
    assert [e["label"] for e in saved_figures('save_figure(plot(a, "b"), "05_clusters")')] == [
        "Figure 5.2"
    ]
    assert saved_figures("plt.plot(x)") == []


@pytest.mark.parametrize(
    "shape", ["(n,)", "(n, D)", "(..., n, D+1)", "(K, K−1, D)", "(K >= 2, D)", "(n, m − n_c)"]
)
def test_shapes_are_found(shape):
    assert SHAPE.fullmatch(shape)


@pytest.mark.parametrize("words", ["(n)", "(a word)", "f(x, y)", "(one, another)", "(0, 1)"])
def test_words_are_no_shapes(words):
    assert not SHAPE.search(words)


def test_markdown_escapes_bars():
    assert r"\|x\|" in markdown(pd.DataFrame({"a": ["1"]}, index=["|x|"]))
