"""Fills the templates of the pages, all by the same rules."""

from typing import Any

import jinja2

from inkmint import __version__

_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("inkmint", "report"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def filled(template: str, **values: Any) -> str:
    """A page of a template of this package, as HTML; each extends base.html, and `version` is inkmint's.

    Args:
        template: Name of its file.
        values: What it shows; a missing one is an error, and text is escaped.
    """
    return _ENVIRONMENT.get_template(template).render(version=__version__, **values)
