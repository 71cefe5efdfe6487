"""The page of a report: fetches nothing, runs nothing, shows names as text and no lesson."""

import re
from html.parser import HTMLParser

import pandas as pd


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.links, self.text, self.attributes = set(), [], "", []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += [name for name, _ in attributes]
        self.links += [value for name, value in attributes if name in ("src", "href", "srcset")]
        if tag == "img":
            assert len(dict(attributes)["alt"]) > 40

    def handle_data(self, data):
        self.text += data


def test_page_fetches_and_runs_nothing(folder):
    page = Page(folder / "report.html")
    assert page.tags.isdisjoint({"script", "iframe", "object", "embed", "video", "audio", "base"})
    assert not [name for name in page.attributes if name.startswith("on")]
    assert len(page.links) == 4
    assert all(link.startswith("data:") for link in page.links)
    assert not re.search(r"url\(|@import", page.source)
    assert "default-src 'none'" in page.source


def test_names_are_shown_as_text(folder, nasty):
    page = Page(folder / "report.html")
    for name in ("<script>alert(1)</script>", "price $a$ & <img src=x", "=cmd|'/C calc'!A0"):
        assert name in page.text
    header = (folder / "relevance.csv").read_text(encoding="utf-8")
    assert not re.search(r'(^|,)"?[=@]', header[: header.index("relevance of malic")])
    parquet = pd.read_parquet(folder / "relevance.parquet")
    assert "relevance of " + nasty["hue"] in parquet


def test_page_shows_no_code_and_no_lesson(folder):
    text = Page(folder / "report.html").text
    assert "The clusters in words" in text
    assert "import" not in text
    assert "Take-aways" not in text
