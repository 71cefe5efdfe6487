"""300 news stories, read from the installed gensim, and words coloured by relevance."""

import html
import re
from importlib.metadata import PackageNotFoundError, files

from neon.report.style import AGAINST, FOR

CORPUS = "gensim/test/test_data/lee_background.cor"


def load_stories():
    """Load the Lee background corpus: news of the Australian Broadcasting Corporation, 2000-2002.

    It is read from the files that the package gensim installs; gensim itself is not imported.

    Returns:
        list of str, one story each.

    Raises:
        FileNotFoundError: gensim is not installed, or came without its test data.

    Example:
        >>> len(load_stories())
        300
    """
    try:
        found = [file for file in files("gensim") or () if str(file) == CORPUS]
    except PackageNotFoundError:
        found = []
    if not found or not found[0].locate().exists():
        raise FileNotFoundError(
            f"{CORPUS} must be installed; it is not there. The stories come with the package "
            "gensim: pip install -c constraints.txt -e '.[text]'"
        )
    return found[0].read_text(encoding="utf-8").splitlines()


def coloured(text, relevance, *, limit):
    """HTML of a text whose words are coloured by relevance, red for and blue against.

    Args:
        text: a short text.
        relevance: word in lower case → relevance; words that are not there stay plain.
        limit: relevance of the full colour.

    Returns:
        str, one paragraph; the relevance of a word is shown when the pointer rests on it.

    Example:
        >>> coloured("Rain fell.", {"rain": 0.5}, limit=0.5)
        '<p><span style="background:#B2182B96" title="+0.5000">Rain</span> fell.</p>'
    """

    def colour(word):
        value = relevance.get(word.lower())
        if value is None:
            return html.escape(word)
        value = round(value, 4) + 0.0
        opacity = round(150 * min(abs(value) / limit, 1))  # of 255: black text stays readable
        fill = f"{FOR if value > 0 else AGAINST}{opacity:02X}"
        return f'<span style="background:{fill}" title="{value:+.4f}">{html.escape(word)}</span>'

    return "<p>" + "".join(colour(part) for part in re.split(r"(\W+)", text)) + "</p>"
