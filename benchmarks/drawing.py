"""How well digits are read that a mouse writes on the page of `inkmint serve`, in a real browser.

    python benchmarks/drawing.py [--drawings 100] [--seed 0]

Each digit in turn is written into the page's pad with the mouse, corner by corner, its corners moved a little, slanted,
of random size and place; then what the page shows as its reading is taken down. Needs playwright and Chromium.
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from playwright.sync_api import Page, sync_playwright

from inkmint.evaluation.metrics import wilson_interval
from inkmint.runtime import environment, machine_in_words
from reading import STROKES

READ = """
    document.querySelector('#guess').textContent
        && !document.querySelector('#view-draw').classList.contains('waiting')
"""
QUIET_MS = 600
"""Longer than the page waits after the last stroke before it asks."""


@contextmanager
def served() -> Iterator[str]:
    command = [sys.executable, "-m", "inkmint", "serve", "--port", "0", "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = next(filter(None, (re.search(r"http://\S+", line) for line in server.stdout)))
        yield found.group()
        server.terminate()


def write(page: Page, name: str, random: np.random.Generator) -> None:
    box = page.locator("#pad").bounding_box()
    assert box is not None
    height = random.uniform(0.3, 0.8) * box["height"]
    scale, slant = height / 14, random.uniform(-0.3, 0.3)
    room = np.array([box["width"], box["height"]]) - scale * np.array([10 + 14 * abs(slant), 14])
    place = np.array([box["x"], box["y"]]) + random.uniform(0.1, 0.9, size=2) * room
    for corners in STROKES[name]:
        moved = np.array(corners) + random.normal(scale=0.35, size=(len(corners), 2))
        moved[:, 0] += slant * (7 - moved[:, 1]) + 7 * abs(slant)
        for index, (x, y) in enumerate(moved * scale + place):
            page.mouse.move(x, y, steps=3 if index else 1)
            if index == 0:
                page.mouse.down()
        page.mouse.up()


def shown(page: Page) -> str:
    page.wait_for_timeout(QUIET_MS)
    page.wait_for_function(READ)
    return page.locator("#guess").inner_text()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--drawings", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    random = np.random.default_rng(arguments.seed)
    names = [str(index % 10) for index in range(arguments.drawings)]
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(address)
        read = []
        for name in names:
            write(page, name, random)
            read.append(shown(page))
            page.locator("#clear").click()
        browser.close()
    right = sum(map(str.__eq__, read, names))
    declined = read.count("?")
    low, high = wilson_interval(right, len(names))
    print(f"command   python {' '.join(sys.argv)}")
    print(f"machine   {machine_in_words(environment())}")
    print(f"{len(names)} digits written with the mouse: {right} read right ({low:.2%} to {high:.2%}),")
    print(f"  {declined} declined, {len(names) - right - declined} read as another")
    if right < len(names):
        print("  not right: " + ", ".join(f"{n} as {r}" for n, r in zip(names, read, strict=True) if n != r))


if __name__ == "__main__":
    main()
