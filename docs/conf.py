"""Settings of the site that `make site` builds.

The source folder is the repository itself: pages and notebooks are read where they lie, so that
nothing is copied and a link that works on GitHub or in JupyterLab works on the site too.
"""

import os
from pathlib import Path

import yaml

import neon

ROOT = Path(__file__).resolve().parent.parent
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
# where the repository is public, for the buttons that launch a notebook on Binder; none without it
REPOSITORY = os.environ.get("NEON_REPOSITORY_URL", CITATION.get("repository-code", ""))

project, author, release = "NEON", "the NEON authors", neon.__version__
language = "en"
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "utils.explorable.page",
    "utils.site.extension",
]
include_patterns = [
    "index.md",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "docs/**.md",
    "benchmarks/results/*.md",
    "notebooks/*.ipynb",
    "notebooks/exercises/*.ipynb",
]
exclude_patterns = [".*", "build", "**.egg-info", "**/.ipynb_checkpoints"]

# strictness: with -W, a reference that leads nowhere fails the build
nitpicky = True
nitpick_ignore_regex = [
    ("py:exc", r".*"),  # Python's own, and their documentation is not at hand offline
    ("py:obj", r".*"),  # `words` in docstrings, which link where they can
]

# Markdown and notebooks, which are executed and stored already
highlight_language = "none"  # of a block that names none
nb_execution_mode = "off"
nb_ipywidgets_js = {}  # else fetched from elsewhere
myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath"]
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True

# docstrings
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # shapes are in the text
autosummary_generate = False
napoleon_attr_annotations = False
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Attributes", "params_style")]  # else under "Variables"

# looks
html_theme = "sphinx_book_theme"
html_title = "NEON: cluster explanations"
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_context = {"default_mode": "auto"}
html_use_index = html_domain_indices = False  # nothing links to them; there is the search
html_last_updated_fmt = None
html_show_sphinx = False
html_theme_options = {
    "navbar_persistent": [],  # the search is in the sidebar
    "use_fullscreen_button": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
if REPOSITORY:
    html_theme_options |= {
        "repository_url": REPOSITORY,
        "repository_branch": os.environ.get("NEON_REPOSITORY_BRANCH", "main"),
        "repository_provider": "gitlab" if "gitlab" in REPOSITORY else "github",
        "use_repository_button": True,
        "launch_buttons": {
            "binderhub_url": "https://mybinder.org",
            "notebook_interface": "jupyterlab",
        },
    }

mathjax_path = "mathjax/tex-chtml.js"  # utils.site puts it there
mathjax3_config = {"options": {"enableMenu": False}}  # its menu would be a tab stop a formula
