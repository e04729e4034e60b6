import gzip
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inkmint.data.idx import decode_idx, decompressed, read_idx_images, read_idx_labels, write_idx
from inkmint.errors import DataError

IMAGES = arrays(np.uint8, st.tuples(st.integers(0, 5), st.integers(1, 30), st.integers(1, 30)))
LABELS = arrays(np.uint8, st.integers(0, 40))


@settings(max_examples=30, deadline=None)
@given(images=IMAGES, labels=LABELS, suffix=st.sampled_from(["", ".gz"]))
def test_round_trip(images, labels, suffix):
    with tempfile.TemporaryDirectory() as folder:
        write_idx(Path(folder, f"i{suffix}"), images)
        write_idx(Path(folder, f"l{suffix}"), labels)
        np.testing.assert_array_equal(read_idx_images(Path(folder, f"i{suffix}")), images)
        np.testing.assert_array_equal(read_idx_labels(Path(folder, f"l{suffix}")), labels)


def test_gzip_is_told_by_content(tmp_path):
    write_idx(tmp_path / "a.gz", np.arange(5, dtype=np.uint8))
    (tmp_path / "a.gz").rename(tmp_path / "a")
    assert read_idx_labels(tmp_path / "a").tolist() == [0, 1, 2, 3, 4]


def test_write_is_repeatable(tmp_path):
    write_idx(tmp_path / "a.gz", np.arange(5, dtype=np.uint8))
    write_idx(tmp_path / "b.gz", np.arange(5, dtype=np.uint8))
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda rest: b"\0\0\x08\x03" + rest))
def test_any_bytes_give_an_array_or_a_data_error(content):
    for packed in (content, gzip.compress(content), gzip.compress(content)[:-3]):
        try:
            assert decode_idx(packed, 3, "foreign").ndim == 3
        except DataError as error:
            assert str(error).startswith("foreign ")


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_flipped_byte_of_gzip_is_noticed_or_harmless(data):
    original = b"\0\0\x08\x01\0\0\0\x10" + bytes(range(16))
    packed = bytearray(gzip.compress(original, mtime=0))
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    with suppress(DataError):
        assert decode_idx(bytes(packed), 1, "flipped").tolist() == list(range(16))


def test_a_false_size_costs_no_memory():
    content = b"\0\0\x08\x03" + np.array([2_000_000, 28, 28], ">u4").tobytes() + b"\0" * 100
    with pytest.raises(DataError, match="cut short"):
        decode_idx(content, 3, "liar")


def test_decompression_bombs_stop_at_the_limit():
    bomb = gzip.compress(bytes(50_000_000))
    with pytest.raises(DataError, match="more than 1,000 bytes"):
        decompressed(bomb, 1000, "bomb")


def test_decompressed_leaves_raw_bytes_alone():
    assert decompressed(b"raw", 10, "raw") == b"raw"
