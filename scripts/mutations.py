"""Files that are nearly right, for scripts/fuzz_readers.py: small examples of every format, and ways to spoil them."""

import gzip
import io
import random
import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

MOST_BYTES = 2**18
_INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_PNG = b"\x89PNG\r\n\x1a\n"


def seeds() -> dict[str, list[bytes]]:
    """Whole files by target: `picture`, `idx`, `npz`."""
    return {"picture": list(_pictures()), "idx": list(_idx()), "npz": list(_npz())}


def _drawing() -> Image.Image:
    image = Image.new("L", (96, 64), 230)
    draw = ImageDraw.Draw(image)
    draw.line([(15, 10), (32, 10), (20, 52)], fill=20, width=4)
    draw.ellipse((50, 12, 74, 50), outline=20, width=4)
    return image


def _pictures() -> list[bytes]:
    drawing = _drawing()
    colour, clear = (
        drawing.convert("RGB"),
        Image.merge("LA", (drawing, Image.eval(drawing, lambda v: 255 - v))),
    )
    deep = Image.fromarray(np.asarray(drawing).astype(np.uint16) * 200)
    exif = Image.Exif()
    exif[0x112] = 6
    ways: list[tuple[Image.Image, str, dict[str, object]]] = [
        (drawing, "PNG", {}),
        (colour, "PNG", {"exif": exif}),
        (clear, "PNG", {}),
        (drawing.convert("P"), "PNG", {"transparency": 3}),
        (drawing.convert("1"), "PNG", {}),
        (deep, "PNG", {}),
        (drawing, "PNG", {"save_all": True, "append_images": [drawing.rotate(180)]}),
        (drawing, "JPEG", {}),
        (colour, "JPEG", {"progressive": True, "exif": exif}),
        (colour.convert("CMYK"), "JPEG", {}),
        (colour, "WEBP", {}),
        (clear.convert("RGBA"), "WEBP", {"lossless": True}),
        (colour, "WEBP", {"save_all": True, "append_images": [colour.rotate(180)]}),
        (drawing, "GIF", {"save_all": True, "append_images": [drawing.rotate(180)]}),
        (colour, "BMP", {}),
        (drawing, "TIFF", {}),
        (colour, "TIFF", {"compression": "tiff_lzw", "save_all": True, "append_images": [colour]}),
        (Image.fromarray(np.asarray(drawing).astype(np.float32)), "TIFF", {}),
        (drawing, "PPM", {}),
        (colour, "PPM", {}),
    ]
    files = []
    for image, kind, options in ways:
        stream = io.BytesIO()
        image.save(stream, kind, **options)
        files.append(stream.getvalue())
    files += [b"P2 4 2 15\n1 2 3 4\n5 6 7 8\n", b"P1 3 2\n1 0 1\n0 1 0\n", b"P3 1 1 255\n1 2 3\n"]
    return files


def _idx() -> list[bytes]:
    images = bytes([0, 0, 8, 3]) + struct.pack(">III", 3, 28, 28) + bytes(range(49)) * 48
    labels = bytes([0, 0, 8, 1]) + struct.pack(">I", 9) + bytes(range(9))
    return [images, labels, gzip.compress(images), gzip.compress(labels)]


def _npz() -> list[bytes]:
    images, labels = np.zeros((12, 28, 28), np.uint8), np.arange(12) % 3
    sets: list[dict[str, np.ndarray]] = [
        {"images": images, "labels": labels, "class_names": np.array(["a", "b", "c"])},
        {"x_train": images, "y_train": labels, "x_test": images / 255, "y_test": labels.astype(np.uint8)},
        {"images": images.astype(object), "labels": labels},
    ]
    files = []
    for arrays in sets:
        for save in (np.savez, np.savez_compressed):
            stream = io.BytesIO()
            save(stream, **arrays)  # type: ignore[arg-type]
            files.append(stream.getvalue())
    return files


def mutated(content: bytes, others: list[bytes], random_: random.Random) -> bytes:
    """The content with one to eight things wrong with it.

    Args:
        content: A file.
        others: More of its kind, to take pieces from.
        random_: Decides.
    """
    spoiled = bytearray(content)
    for _ in range(random_.choice((1, 1, 2, 3, 8))):
        random_.choice(_WAYS)(spoiled, others, random_)
        del spoiled[MOST_BYTES:]
    if spoiled.startswith(_PNG) and random_.random() < 0.8:
        return _with_right_checksums(bytes(spoiled))
    return bytes(spoiled)


def _place(content: bytearray, random_: random.Random) -> int:
    """Somewhere in the content; half the time in its head, where formats say what they are."""
    most = len(content) if random_.random() < 0.5 else min(len(content), 64)
    return random_.randrange(most) if most else 0


def _flip(content: bytearray, _others: list[bytes], random_: random.Random) -> None:
    if content:
        content[_place(content, random_)] ^= 1 << random_.randrange(8)


def _set(content: bytearray, _others: list[bytes], random_: random.Random) -> None:
    place, size = _place(content, random_), random_.choice((1, 2, 4))
    value = random_.choice(_INTERESTING) % 256**size
    content[place : place + size] = value.to_bytes(size, random_.choice(("big", "little")))


def _cut(content: bytearray, _others: list[bytes], random_: random.Random) -> None:
    del content[_place(content, random_) :]


def _leave_out(content: bytearray, _others: list[bytes], random_: random.Random) -> None:
    place = _place(content, random_)
    del content[place : place + random_.randrange(1, 65)]


def _repeat(content: bytearray, _others: list[bytes], random_: random.Random) -> None:
    place = _place(content, random_)
    piece = bytes(content[place : place + random_.randrange(1, 513)])
    content[place:place] = piece * random_.choice((1, 2, 40))


def _insert_noise(content: bytearray, _others: list[bytes], random_: random.Random) -> None:
    place = _place(content, random_)
    content[place:place] = random_.randbytes(random_.randrange(1, 33))


def _splice(content: bytearray, others: list[bytes], random_: random.Random) -> None:
    other = random_.choice(others)
    start = random_.randrange(len(other))
    place = _place(content, random_)
    content[place : place + random_.randrange(257)] = other[start : start + random_.randrange(1, 513)]


def _repack(content: bytearray, _others: list[bytes], random_: random.Random) -> None:
    """Spoil what gzip or a PNG holds, so that the spoiling is not caught by the packing."""
    if content[:2] == b"\x1f\x8b":
        try:
            inner = bytearray(gzip.decompress(bytes(content)))
        except (OSError, EOFError, zlib.error):
            return
        _set(inner, [], random_)
        content[:] = gzip.compress(bytes(inner))


_WAYS: tuple[Callable[[bytearray, list[bytes], random.Random], None], ...] = (
    _flip,
    _flip,
    _set,
    _set,
    _cut,
    _leave_out,
    _repeat,
    _insert_noise,
    _splice,
    _repack,
)


def _with_right_checksums(content: bytes) -> bytes:
    """A PNG whose chunks have the checksums of what they now hold, as far as they can be followed."""
    parts, place = [content[:8]], 8
    while place + 12 <= len(content):
        (size,) = struct.unpack(">I", content[place : place + 4])
        end = place + 8 + size
        if end + 4 > len(content):
            break
        held = content[place + 4 : end]
        parts.append(content[place : place + 4] + held + struct.pack(">I", zlib.crc32(held)))
        place = end + 4
    return b"".join(parts) + content[place:]
