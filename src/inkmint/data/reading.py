"""Reading files from outside: whatever goes wrong becomes one sentence for the user."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inkmint.errors import DataError, InkmintError

MAX_BYTES = 2**31  # of one array in memory: 2.7 million digits


@contextmanager
def reading(path: Path | str, kind: str) -> Iterator[None]:
    """Turn every failure to read `path` into a `DataError`.

    Args:
        path: What is read; it opens the message.
        kind: What it should be, with its article, such as "an IDX file".

    Raises:
        DataError: It is missing, not permitted, damaged, or not of that kind.
    """
    try:
        yield
    except InkmintError:
        raise
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist; check the path.") from error
    except IsADirectoryError as error:
        raise DataError(f"{path} is a folder, not {kind}; give the path of a file.") from error
    except NotADirectoryError as error:
        raise DataError(f"{path} does not exist, as a part of it is a file; check the path.") from error
    except PermissionError as error:
        raise DataError(f"{path} may not be read; change its permissions or copy it elsewhere.") from error
    except Exception as error:  # decoders raise many types on foreign bytes
        raise DataError(
            f"{path} cannot be read as {kind}; it is damaged, cut short or of another type, so replace it."
        ) from error
