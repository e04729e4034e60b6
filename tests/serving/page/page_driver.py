"""Driving the page in a browser, with an eye on what goes wrong."""

from contextlib import contextmanager

DESKTOP, PHONE = (1280, 800), (360, 740)
RUNNING = "acgan-sa-quick-s0-0003"
PLACES = {
    "draw": "draw",
    "generate": "generate",
    "read": "read",
    "runs": "runs",
    "run": f"runs/{RUNNING}",
    "compare": "runs/quality%3Ahouse-s0+quality%3Ahouse-s1",
    "studies": "studies",
    "study": "studies/studies%2Fdemo%2Freport.html",
}
STROKE = [(0.36, 0.22), (0.46, 0.15), (0.57, 0.22), (0.46, 0.35), (0.58, 0.47), (0.45, 0.6), (0.35, 0.55)]


@contextmanager
def opened(browser, base, size=DESKTOP, scheme="light", refusals=False):
    """A page on which nothing may go wrong: no error in the console, no request to anybody else."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        reduced_motion="reduce",
        is_mobile=width < 600,
        has_touch=width < 600,
        permissions=["clipboard-read", "clipboard-write"],
    )
    page = context.new_page()
    faults, asked = [], []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: asked.append(request.url))
    yield page
    context.close()
    allowed = [fault for fault in faults if refusals and fault.startswith("Failed to load resource")]
    assert faults == allowed
    assert asked
    assert [url for url in asked if not url.startswith((f"{base}/", "data:", "blob:", "about:"))] == []


def write(page, points=STROKE, across=0.0, size=1.0):
    """A stroke of the mouse, in widths of the paper."""
    box = page.locator("#pad").bounding_box()
    places = [
        (box["x"] + (0.5 + (x - 0.5) * size + across) * box["width"], box["y"] + y * box["width"])
        for x, y in points
    ]
    page.mouse.move(*places[0])
    page.mouse.down()
    for x, y in places[1:]:
        page.mouse.move(x, y, steps=3)
    page.mouse.up()


def overflow(page):
    """Pixels by which the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
