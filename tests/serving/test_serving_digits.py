"""Reading digits over HTTP: one drawing, a page, a PDF."""

import numpy as np
import pytest
from PIL import Image
from serving_fakes import FakeRecogniser, fake_engines
from serving_support import drawing, pixels, png

PICTURES = [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")]


@pytest.mark.parametrize(("kind", "content_type"), PICTURES)
def test_a_drawing_is_looked_at(kind, content_type, client):
    answer = client.upload("/api/look", png(drawing(), kind), content_type).json()
    assert answer["digit"] == 1
    assert answer["confidence"] == pytest.approx(0.98, abs=0.01)
    assert len(answer["probabilities"]) == 10
    assert sum(answer["probabilities"]) == pytest.approx(1)
    assert answer["second"] == {"digit": 4, "probability": pytest.approx(0.004, abs=0.001)}
    assert answer["reason"] is None
    seen = pixels(answer["seen"])
    assert seen.shape == (28, 28)
    assert seen.max() == 255
    assert seen[14, 13:15].max() > 200
    assert seen[:, 0].max() == 0


def test_the_mask_lies_on_its_part_of_the_picture(client):
    mask = pixels(client.upload("/api/look", png(drawing())).json()["mask"])
    assert mask.shape == (28, 28)
    assert np.unravel_index(mask.argmax(), mask.shape) in [(13, 13), (13, 14), (14, 13), (14, 14)]
    assert mask[:9].max() == mask[:, 19:].max() == 0
    assert mask[11, 14] == mask[16, 14] > 0  # bilinear, and centred


def test_a_recogniser_without_a_mask(make_client):
    class Plain(FakeRecogniser):
        attention_area = None

    client = make_client(fake_engines(recogniser=Plain))
    assert client.upload("/api/look", png(drawing())).json()["mask"] is None


def test_bright_ink_and_transparent_paper_are_read_too(client):
    ink = Image.eval(drawing(), lambda shade: 255 - shade)
    transparent = Image.merge("LA", (Image.new("L", ink.size, 0), ink))
    for picture in (ink, transparent):
        assert client.upload("/api/look", png(picture)).json()["digit"] == 1


def test_an_empty_drawing_is_no_digit(client):
    answer = client.upload("/api/look", png(drawing("nothing"))).json()
    assert answer["digit"] is None
    assert answer["second"] is answer["mask"] is None
    assert answer["probabilities"] == [0.0] * 10
    assert "no ink" in answer["reason"]
    assert pixels(answer["seen"]).max() == 0


def test_what_is_no_digit_says_why(client):
    dash, blot = Image.new("L", (200, 200), 255), Image.new("L", (200, 200), 255)
    dash.paste(0, (40, 95, 160, 105))
    blot.paste(0, (60, 60, 140, 140))
    for picture, reason in ((dash, "not a digit: a line"), (blot, "not a digit: a blot")):
        answer = client.upload("/api/look", png(picture)).json()
        assert answer["digit"] is None
        assert answer["reason"] == reason
        assert answer["second"] is not None


def test_the_parts_of_a_drawing_are_one_digit(client):
    """Two strokes too far apart for one place on a page are looked at together."""
    apart = Image.new("L", (300, 200), 255)
    apart.paste(0, (60, 40, 75, 160))
    apart.paste(0, (180, 40, 195, 160))
    assert client.upload("/api/look", png(apart)).json()["digit"] == 7
    read = client.upload("/api/read", png(apart)).json()
    assert [len(line["digits"]) for line in read["lines"]] == [2]


def test_a_page_is_read_line_by_line(client):
    page = Image.new("L", (640, 480), 255)
    for corner in ((20, 10), (180, 10), (340, 220)):
        page.paste(drawing("one" if corner == (20, 10) else "seven").crop((90, 40, 220, 200)), corner)
    answer = client.upload("/api/read", png(page)).json()
    assert [line["text"] for line in answer["lines"]] == ["17", "7"]
    assert answer["size"] == [640, 480]
    assert answer["note"] is None
    one = answer["lines"][0]["digits"][0]
    assert one["digit"] == one["guess"] == 1
    assert one["second"]["digit"] == 4
    left, top, width, height = one["box"]
    assert (left, top) == (pytest.approx(83, abs=4), pytest.approx(20, abs=4))
    assert (width, height) == (pytest.approx(14, abs=4), pytest.approx(140, abs=14))
    assert pixels(answer["annotated"]).shape == (480, 640, 3)


def test_boxes_of_large_pictures_are_in_their_own_pixels(client):
    large = drawing().resize((4000, 3000))
    answer = client.upload("/api/read", png(large)).json()
    assert answer["size"] == [4000, 3000]
    (one,) = answer["lines"][0]["digits"]
    assert one["box"][0] == pytest.approx(153 / 320 * 4000, abs=60)
    assert max(pixels(answer["annotated"]).shape) == 1600


def test_an_empty_page_has_no_lines(client):
    assert client.upload("/api/read", png(drawing("nothing"))).json()["lines"] == []


def test_the_first_page_of_a_pdf(client):
    pytest.importorskip("pypdfium2")
    single = png(drawing(), "PDF")
    several = png(drawing(), "PDF", save_all=True, append_images=[drawing("seven")])
    for content, note in ((single, None), (several, "only the first page is read")):
        answer = client.upload("/api/read", content, "application/pdf").json()
        assert [line["text"] for line in answer["lines"]] == ["1"]
        assert answer["note"] is note or note in answer["note"]


def test_a_model_that_cannot_be_loaded_is_told(make_client):
    from inkmint.errors import ModelError

    def broken():
        raise ModelError("The model is damaged; copy it again.")

    client = make_client(fake_engines(recogniser=broken))
    assert "damaged" in client.refusal(client.upload("/api/look", png(drawing())), 503)
    assert client.get("/api/generator").status_code == 200
