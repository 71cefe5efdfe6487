"""An executed notebook as one HTML page, without code, scripts or anything to fetch."""

import html
import string
from pathlib import Path

PAGE = Path(__file__).with_name("page.html")


def as_page(notebook, name):
    """Turn an executed notebook into a page.

    A picture gets its words from the entry `alt` of the metadata of the cell that drew it.

    Args:
        notebook: `nbformat.NotebookNode`.
        name: of the table, for the title.

    Returns:
        str, HTML.
    """
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(
        template_name="basic", exclude_input=True, exclude_input_prompt=True,
        exclude_output_prompt=True, exclude_anchor_links=True,
    )  # fmt: skip
    body, _ = exporter.from_notebook_node(notebook)
    template = string.Template(PAGE.read_text(encoding="utf-8"))
    return template.substitute(title=html.escape(name), body=body)
