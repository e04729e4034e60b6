"""A bar with the time left for work that reports how far it is, and loading data behind one."""

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


@contextmanager
def image_bar(title: str) -> "Iterator[Callable[[int, int], None]]":
    """Yield what is told the images done and those there are; it shows their number, the speed and the time left.

    In a terminal it is a bar, elsewhere a line for every tenth of the work, on stderr.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from inkmint.cli.display import duration

    console = Console(stderr=True, highlight=False)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[status]}"),
    )
    begun: tuple[float, int] | None = None
    tenth = 0
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(title, status="")

        def report(num_done: int, num_total: int) -> None:
            nonlocal begun, tenth
            if begun is None:
                begun, tenth = (time.monotonic(), num_done), 10 * num_done // num_total
            seconds, num_here = time.monotonic() - begun[0], num_done - begun[1]
            status = ""
            if num_here > 0:
                left = duration(seconds * (num_total - num_done) / num_here)
                status = f"{num_here / seconds:,.0f} images/s, {left} left"
            bars.update(task, completed=num_done, total=num_total, status=status)
            if not console.is_terminal and 10 * num_done // num_total > tenth:
                tenth = 10 * num_done // num_total
                console.print(f"{title}  {num_done:,}/{num_total:,}  {status}", soft_wrap=True, markup=False)

        yield report


@contextmanager
def step_bar(title: str) -> "Iterator[Callable[[int, int, float | None, str], None]]":
    """Yield what is told the steps done, those there are, the seconds left if known, and what is being done.

    In a terminal it is a bar, elsewhere a line for every finished step, on stderr.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from inkmint.cli.display import duration

    console = Console(stderr=True, highlight=False)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[status]}"),
    )
    num_told = -1
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(title, total=None, status="")

        def report(num_done: int, num_total: int, seconds_left: float | None, doing: str) -> None:
            nonlocal num_told
            left = "" if seconds_left is None else f"{duration(seconds_left)} left  "
            bars.update(task, completed=num_done, total=num_total, status=f"{left}{doing}")
            if not console.is_terminal and num_done != num_told:
                num_told = num_done
                line = f"{title}  {num_done}/{num_total}  {left}{doing}"
                console.print(line, soft_wrap=True, markup=False)

        yield report


def loaded(name_or_path: str, *, offline: bool = False) -> "Splits":
    """The data of that name or path, with a bar while it is fetched."""
    from inkmint.data.sources import load_splits

    with download_bar() as progress:
        return load_splits(name_or_path, offline=offline, progress=progress)
