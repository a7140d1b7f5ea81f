"""Sphinx settings: pages in Markdown, the reference from docstrings."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from docutils import nodes  # noqa: E402
from latex2mathml.converter import convert  # noqa: E402

import dsc_tf  # noqa: E402

project = "dsc_tf"
author = "The dsc_tf developers"
copyright = author  # noqa: A001  Sphinx's name
version = release = dsc_tf.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "furo"
html_math_renderer = "mathml"  # browsers draw it themselves, where MathJax would be fetched
html_title = f"dsc_tf {release}"

autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False
autodoc_typehints = "none"  # shapes and units stand in the docstrings
napoleon_google_docstring = False
napoleon_use_rtype = False


def absolute_values(app, what, name, found, options, lines):
    """|x| in a docstring is an absolute value, not reStructuredText's substitution."""
    lines[:] = [line.replace("|", "\\|") for line in lines]


def left_out(app, what, name, found, skip, options):
    """What scikit-learn adds to every estimator: it has pages of its own."""
    return skip or (name.startswith("set_") and name.endswith("_request")) or None


def formula(display):
    """What writes a formula as MathML."""

    def visit(translator, node):
        translator.body.append(convert(node.astext(), display=display))
        raise nodes.SkipNode

    return visit, None


def setup(app):
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", formula("inline"), formula("block"))
    app.connect("autodoc-process-docstring", absolute_values)
    app.connect("autodoc-skip-member", left_out)
