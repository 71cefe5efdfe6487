"""Words coloured by relevance."""

import html
import re

from neon.report.style import AGAINST, FOR


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
