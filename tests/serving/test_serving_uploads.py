"""Uploads that are no picture, or no harmless one: each is refused in a sentence, and the server goes on."""

import io
import struct
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from serving_fakes import FakeRecogniser, fake_engines
from serving_support import drawing, png

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def bomb(width: int, height: int, content: bytes = b"\0") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(content)) + chunk(b"IEND", b"")


def frames(kind: str) -> bytes:
    return png(drawing(), kind, save_all=True, append_images=[drawing("seven")])


def noise() -> bytes:
    return np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8).tobytes()


def text_bomb() -> bytes:
    text = b"comment\0\0" + zlib.compress(b" " * 50_000_000)
    whole = png(drawing())
    return whole[:33] + chunk(b"zTXt", text) + whole[33:]


def many_scans() -> bytes:
    """A progressive JPEG whose last scan comes a thousand times."""
    whole = png(drawing("seven"), "JPEG", progressive=True)
    last = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + 1000 * last + whole[-2:]


HOSTILE = [
    ("empty", b"", "image/png", 400, "is empty"),
    ("no type", png(drawing()), "", 415, "Content-Type"),
    ("text", b"hello", "text/plain", 415, "not 'text/plain'"),
    ("svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", 415, "PNG, JPEG or WebP"),
    ("svg as png", b"<?xml version='1.0'?><svg/>", "image/png", 415, "SVG drawing"),
    ("html as png", b"<script>alert(1)</script>", "image/png", 415, "no PNG"),
    ("jpeg as png", png(drawing(), "JPEG"), "image/png", 415, "say image/jpeg"),
    ("pdf as png", png(drawing(), "PDF"), "image/png", 415, "say application/pdf"),
    ("pdf", png(drawing(), "PDF"), "application/pdf", 415, "PNG, JPEG or WebP"),
    ("gif", png(drawing(), "GIF"), "image/gif", 415, "not 'image/gif'"),
    ("tiff as png", png(drawing(), "TIFF"), "image/png", 415, "no PNG"),
    ("noise", noise(), "image/png", 415, "no PNG"),
    ("png with noise", SIGNATURE + noise(), "image/png", 422, "damaged"),
    ("signature alone", SIGNATURE, "image/png", 422, "damaged"),
    ("cut png", png(drawing())[:120], "image/png", 422, "damaged"),
    ("cut jpeg", png(drawing(), "JPEG")[:700], "image/jpeg", 422, "damaged"),
    ("cut webp", png(drawing("seven"), "WEBP")[:60], "image/webp", 422, "damaged"),
    ("animated png", frames("PNG"), "image/png", 422, "2 frames"),
    ("animated webp", frames("WEBP"), "image/webp", 422, "2 frames"),
    ("1x1", png(Image.new("L", (1, 1))), "image/png", 422, "1x1"),
    ("thin", png(Image.new("L", (3000, 2))), "image/png", 422, "3000x2"),
    ("bomb", bomb(20_000, 20_000), "image/png", 413, "too many pixels"),
    ("smaller bomb", bomb(12_000, 9_000), "image/png", 413, "100 million"),
    ("endless bomb", bomb(2**31 - 1, 2**31 - 1), "image/png", 413, "too many pixels"),
    ("no width", bomb(0, 100), "image/png", 422, "damaged"),
    ("no pixels", bomb(300, 300), "image/png", 422, "damaged"),
    ("text bomb", text_bomb(), "image/png", 422, "damaged"),
    ("large", SIGNATURE + bytes(2**20), "image/png", 413, "1 MiB"),
    ("many scans", many_scans(), "image/jpeg", 422, "scans"),
    ("zip", b"PK\x03\x04" + bytes(100), "image/png", 415, "no PNG"),
]


@pytest.mark.parametrize(
    ("content", "kind", "status", "words"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE]
)
def test_hostile_uploads_are_refused(content, kind, status, words, make_client):
    client = make_client(max_upload_bytes=2**20)
    for path in ("/api/look", "/api/read"):
        if path == "/api/look" or kind != "application/pdf":
            sentence = client.refusal(client.upload(path, content, kind), status)
            assert words in sentence.replace("WebP or PDF", "WebP").replace("JPEG, WebP", "JPEG or WebP")
    assert client.get("/api/health").status_code == 200
    assert client.upload("/api/look", png(drawing())).json()["digit"] == 1


@pytest.mark.parametrize("content", [b"%PDF-1.4 nonsense", png(drawing(), "PDF")[:300]])
def test_damaged_pdfs_are_refused(content, client):
    pytest.importorskip("pypdfium2")
    assert "PDF" in client.refusal(client.upload("/api/read", content, "application/pdf"), 422)


def test_a_pdf_that_takes_for_ever_is_given_up(client, monkeypatch):
    monkeypatch.setattr("inkmint.serving.pdf.MOST_SEC", 0.01)
    assert "takes longer" in client.refusal(
        client.upload("/api/read", png(drawing(), "PDF"), "application/pdf"), 422
    )


def test_a_long_body_is_refused_before_it_is_all_there(make_client):
    """What says that it is far too large, and what turns out to be, does not get to the end."""
    client = make_client(max_upload_bytes=1000)
    sent = []

    async def parts():
        for _ in range(1000):
            sent.append(1)
            yield bytes(500)

    response = client.post("/api/look", content=parts(), headers={"Content-Type": "image/png"})
    assert "MiB" in client.refusal(response, 413)
    assert response.headers["connection"] == "close"
    assert len(sent) < 20
    assert client.upload("/api/look", bytes(3000)).headers.get("connection") is None


def test_large_pictures_are_decoded_one_at_a_time(make_client, monkeypatch):
    from inkmint.serving import pictures

    monkeypatch.setattr(pictures, "_LARGE_PIXELS", 1000)
    at_once, most = [], []
    decoded = pictures._decoded

    def watched(content):
        at_once.append(1)
        most.append(len(at_once))
        time.sleep(0.05)
        at_once.pop()
        return decoded(content)

    monkeypatch.setattr(pictures, "_decoded", watched)
    client = make_client(threads=4)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: client.upload("/api/look", png(drawing())), range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert max(most) == 1


def test_when_too_many_wait_the_next_is_sent_away(make_client):
    free = threading.Event()

    class Slow(FakeRecogniser):
        def predict_proba(self, X):
            assert free.wait(20)
            return super().predict_proba(X)

    client = make_client(fake_engines(recogniser=Slow), threads=1, max_waiting=2)
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(client.upload, "/api/look", png(drawing())) for _ in range(2)]
        while client.get("/api/health").json()["waiting"] < 2:
            time.sleep(0.01)
        response = client.upload("/api/look", png(drawing()))
        assert "try again" in client.refusal(response, 503)
        assert response.headers["retry-after"] == "1"
        free.set()
        assert [future.result().status_code for future in waiting] == [200, 200]
    assert client.upload("/api/look", png(drawing())).status_code == 200


def test_the_content_type_may_have_parameters(client):
    assert client.upload("/api/look", png(drawing()), "Image/PNG; charset=binary").status_code == 200


def test_deep_json_and_wrong_json_are_refused(client):
    for body in (b"[" * 100_000, b'{"digit":', b"\xff\xfe", b"null", b'{"seed": 1e400}', b'{"digit": NaN}'):
        response = client.post("/api/generate", content=body, headers={"Content-Type": "application/json"})
        assert response.status_code in (400, 422), body[:20]
        assert list(response.json()) == ["error"]


def test_a_photograph_of_a_phone_is_no_animation(client):
    stream = io.BytesIO()
    drawing().convert("RGB").save(stream, "MPO", save_all=True, append_images=[drawing().convert("RGB")])
    assert client.upload("/api/look", stream.getvalue(), "image/jpeg").json()["digit"] == 1
