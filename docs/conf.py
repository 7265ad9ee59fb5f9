"""How Sphinx builds these pages: Markdown through MyST, the data dictionary out of `allsky.tables`."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent / "_ext"), str(Path(__file__).parents[1])]

project = "allsky-pipeline"
author = "The allsky-pipeline authors"
project_copyright = "2026, the allsky-pipeline authors"
release = installed_version("allsky-pipeline")
version = ".".join(release.split(".")[:2])

extensions = ["myst_parser", "sphinx.ext.mathjax", "data_dictionary"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "pictures/*.md"]
nitpicky = True

html_theme = "furo"
html_title = f"allsky-pipeline {release}"
html_show_sphinx = False
