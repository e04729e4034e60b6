"""Fills the templates of the pages, all by the same rules."""

from importlib import resources
from typing import Any

import jinja2

from inkmint import __version__

_ENVIRONMENT = jinja2.Environment(
    autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def filled(template: str, **values: Any) -> str:
    """A page of a template of this package, as HTML; `version` is inkmint's.

    Args:
        template: Name of its file.
        values: What it shows; a missing one is an error, and text is escaped.
    """
    source = resources.files("inkmint.report").joinpath(template).read_text(encoding="utf-8")
    return _ENVIRONMENT.from_string(source).render(version=__version__, **values)
