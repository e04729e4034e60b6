"""The judges that a command's options name."""

from functools import cache
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from inkmint.data.digits import Splits
    from inkmint.evaluation.judge import NamedJudge


def judges(
    judge: str, second: str | None, splits: "Splits"
) -> "tuple[Callable[[], NamedJudge], Callable[[], NamedJudge | None]]":
    """What loads the judge and the second one, each when a figure first asks for it.

    Args:
        judge: As `load_judge` takes it.
        second: Likewise; `none` does without, and None takes the one that comes with inkmint, where it fits the
            digits and is not the first.
        splits: The real digits.
    """
    from inkmint.evaluation.judge import SECOND_JUDGE, load_judge, why_not_second

    @cache
    def first() -> "NamedJudge":
        return load_judge(judge)

    @cache
    def other() -> "NamedJudge | None":
        if second is not None:
            return None if second == "none" else load_judge(second)
        found = load_judge(SECOND_JUDGE)
        reason = why_not_second(first(), found, splits)
        if reason is None:
            return found
        if first().class_names == splits.train.class_names:  # else the first is refused anyway
            click.echo(f"The second judge {found.name!r} {reason}: it is left out.", err=True)
        return None

    return first, other
