"""A bar with the time left for work that reports how far it is, and loading data behind one."""

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inkmint.data.digits import Splits
    from inkmint.data.fetch import Progress


@contextmanager
def download_bar() -> "Iterator[Progress]":
    """Yield a `Progress` that draws a bar with the time left on stderr, once something is reported."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Bars(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def report(description: str, num_done: int, num_total: int) -> None:
            if description not in tasks:
                tasks[description] = bars.add_task(description)
            bars.update(tasks[description], completed=num_done, total=num_total or None)

        yield report


def loaded(name_or_path: str, *, offline: bool = False) -> "Splits":
    """The data of that name or path, with a bar while it is fetched."""
    from inkmint.data.sources import load_splits

    with download_bar() as progress:
        return load_splits(name_or_path, offline=offline, progress=progress)
