"""The exception tree. Every message is one sentence that says what to do next.

The command line prints the message and exits with `exit_code`; a library user catches `InkmintError`
or one of its children. Assertions are for our own invariants and never reach a user on purpose.
"""

from collections.abc import Iterable


class InkmintError(Exception):
    """Anything that inkmint refuses or cannot do, in one sentence for the user."""

    exit_code = 1


class DataError(InkmintError, ValueError):
    """Digits that cannot be used: missing, corrupt, of the wrong shape, or labelled out of range.

    It is a `ValueError` as well, which is what scikit-learn's users expect of an array that does not fit.
    """


class SettingsError(InkmintError):
    """A recipe, field or option that does not exist or does not fit."""

    exit_code = 2


class ModelError(InkmintError):
    """Saved weights that are missing, damaged, or belong to another architecture."""


class RunError(InkmintError):
    """A run folder that is busy, of another version, or not the run that was asked for."""


class TrainingError(InkmintError):
    """Training that cannot go on, such as a loss that is no longer a number."""


class DistributedError(InkmintError):
    """A worker of a distributed run was lost or the group could not be formed."""


class StorageError(InkmintError):
    """A file that cannot be written: no permission, no room, no such folder."""


class Interrupted(InkmintError):
    """The user or the system asked a run to stop; what was done so far is kept and can be resumed."""

    exit_code = 130


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """` (did you mean 'x'?)` for the name that is nearest, or nothing; to follow a name in a message."""
    from difflib import get_close_matches  # Half as slow to import as the whole of `--help`.

    close = get_close_matches(name, list(names), n=1, cutoff=0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""
