"""A process that draws the first page of a PDF: from standard input to standard output, and then it is gone.

The reader of PDF is a large native library that is not made for several threads; whatever a foreign file does to it,
the server stays. The output is a line of JSON, either `{"error": "a sentence"}` or `{"several": false}`, true if there
are more pages, and then the grey pixels as NPY.
"""

import contextlib
import io
import json
import sys

import numpy as np

from inkmint.errors import InkmintError
from inkmint.reading.pages import decode_pages

MOST_MEMORY_BYTES = 2 * 2**30
MOST_CPU_SEC = 20


def main(name: str) -> None:
    """Draw the page; `name` opens the error messages."""
    _limit_resources()
    output = sys.stdout.buffer
    try:
        page = next(decode_pages(io.BytesIO(sys.stdin.buffer.read()), name))
    except InkmintError as error:
        output.write(json.dumps({"error": str(error)}).encode() + b"\n")
        return
    output.write(json.dumps({"several": page.name != name}).encode() + b"\n")
    np.save(output, page.grey, allow_pickle=False)


def _limit_resources() -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    for kind, most in ((resource.RLIMIT_AS, MOST_MEMORY_BYTES), (resource.RLIMIT_CPU, MOST_CPU_SEC)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))


if __name__ == "__main__":
    main(sys.argv[1])
