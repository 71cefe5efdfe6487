"""The slides of the lectures: made of what is stored, readable, and in need of no network."""

import html
import re

import pytest

from utils.course import slides
from utils.figures import manifest

LECTURES = sorted(slides.LECTURES.glob("*.md"))
PARTS = [
    pytest.param(part, id=f"{path.stem}-{number}")
    for path in LECTURES
    for number, part in enumerate(re.split(r"^---$", path.read_text(encoding="utf-8"), flags=re.M))
]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    return [path.read_text() for path in slides.build(tmp_path_factory.mktemp("slides"))]


def shown(page):
    """The slides alone, without what shows them."""
    return page.partition('<div class="slides">')[2].partition("<script>")[0]


def test_two_lectures_of_about_45_minutes(pages):
    assert len(LECTURES) == len(pages) == 2
    for page in pages:
        assert 25 <= page.count("<section") <= 35
        titles = re.findall(r'<section aria-label="(.*?)">', page)
        assert len(set(titles)) == len(titles)
        assert page.count('<aside class="notes"><p>') == len(titles), "every slide has notes"


def test_nothing_is_fetched(pages):
    for page in pages:
        assert not re.findall(r"<link(?! rel=\"icon\" href=\"data:,\")", page)
        sources = re.findall(r"(?:src|href)\s*=\s*[\"']?([^\"' >]*)", shown(page))
        assert sources
        assert all(source.startswith("data:image/svg+xml;") for source in sources)
        styles = "".join(re.findall(r"<style>(.*?)</style>", page, flags=re.S))
        assert "@import" not in styles
        assert not re.findall(r"url\((?!data:)", styles)
        assert not re.findall(r"<script[^>]", page), "scripts are inside the page"
        policy = re.search(r'Content-Security-Policy" content="(.*?)"', page)[1]
        assert policy.startswith("default-src 'none'; ")
        assert "http" not in policy, "the browser itself refuses the network"


def test_figures_are_whole_and_described(pages):
    described = {html.escape(entry["shows"]) for entry in manifest().values()}
    for page in pages:
        texts = re.findall(r'<img [^>]*alt="(.*?)"', shown(page))
        assert len(texts) == shown(page).count("<img ") >= 10
        assert set(texts) <= described


@pytest.mark.parametrize("text", PARTS)
def test_numbers_are_pulled_not_typed(text):
    text = slides.RESULT.sub("", slides.DIRECTIVE.sub("", text)).replace("arXiv:1906.07633", "")
    assert re.findall(r"\d\.\d", re.sub(r"Figure \d+\.\d+", "", text)) == []


REFUSED = {
    "many lines": ("one\n\n" * 7, "7 lines of text, at most 6"),
    "much beside a figure": (
        "@figure 04_path\n\n" + "- a line\n" * 4,
        "4 lines of text, at most 3",
    ),
    "no such figure": ("@figure 99_nothing", "got '99_nothing'"),
    "no such code": ('@code 02 "import antigravity"', "02 does not contain 'import antigravity'"),
    "no such output": ('@output 02 "a lie"', "02 does not contain 'a lie'"),
    "too much output": ('@output 01 "feature  smallest" 9', "more than 8 lines"),
    "text and output": (
        '@output 01 "feature  smallest" 8\n\none\n\ntwo',
        "more than 9 lines of text, code and output",
    ),
    "formulas": ("$$a$$\n\n" * 4, "8 lines of text, at most 6"),
    "wide output": ('@output 07 "best for kde"', "93 letters, at most 72"),
    "no such directive": ("@video cat", "`@video` must be one of @figure"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_shown_is_refused(case):
    text, message = REFUSED[case]
    with pytest.raises(ValueError, match=f"slide 'Title': .*{re.escape(message)}"):
        slides.slide(f"## Title\n\n{text}")


def test_a_number_that_is_no_longer_printed_is_refused():
    with pytest.raises(ValueError, match="notebook 00 prints nothing like 'inertia = 47"):
        slides.slide("## Title\n\n{{00 inertia = 47(.*)}}")


def test_a_part_of_a_figure():
    size = slides.SIZE.search('<svg width="800pt" height="200pt" viewBox="0 0 800 200">')
    shown = slides.part(size, 0.5, 0.25, 1, 1)
    assert shown == 'width="400.0pt" height="150.0pt" viewBox="400.0 50.0 400.0 150.0"'


def test_command(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(slides, "LECTURES", tmp_path)
    (tmp_path / "bad.md").write_text("# Bad\n\n@figure 99_nothing\n\nNote:\nNone.")
    assert slides.main(["--output", str(tmp_path)]) == 1
    assert "slide 'Bad': `@figure` must name one of" in capsys.readouterr().err
