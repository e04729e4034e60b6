"""inkmint mints handwritten digits and tells, with error bars, whether they are worth anything."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Generator", "Recogniser", "__version__"]

if TYPE_CHECKING:
    from inkmint.models import Generator, Recogniser


def __getattr__(name: str) -> Any:
    # torch takes seconds to import, so it waits until one of these is asked for.
    if name in __all__:
        from inkmint import models

        return getattr(models, name)
    raise AttributeError(f"module 'inkmint' has no attribute {name!r}")
