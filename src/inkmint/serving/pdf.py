"""The first page of an uploaded PDF, drawn by a process of its own."""

import io
import json
import subprocess
import sys

import numpy as np

from inkmint.reading.pages import Page
from inkmint.serving.refusals import Refusal

MOST_SEC = 15.0


def first_page(content: bytes, name: str) -> Page:
    """The first page, grey, with a note if there are more.

    Args:
        content: The PDF.
        name: It opens the error messages.

    Raises:
        Refusal: 415 if PDF is not installed, 422 if it is damaged, has a password, or takes too long.
    """
    command = [sys.executable, "-m", "inkmint.serving.pdf_page", name]
    try:
        drawn = subprocess.run(command, input=content, capture_output=True, timeout=MOST_SEC, check=True)
        head, _, pixels = drawn.stdout.partition(b"\n")
        told = json.loads(head)
        if "error" in told:
            raise Refusal(415 if "pypdfium2" in told["error"] else 422, told["error"])
        grey = np.load(io.BytesIO(pixels), allow_pickle=False)
    except subprocess.TimeoutExpired as error:
        raise Refusal(
            422, f"{name} takes longer than {MOST_SEC:g} seconds to draw; send its page as a picture."
        ) from error
    except (subprocess.CalledProcessError, ValueError) as error:
        raise Refusal(422, f"{name} cannot be drawn as a PDF; send its page as a picture.") from error
    note = "only the first page is read; send the others one by one" if told["several"] else ""
    return Page(grey, name, note=note)
