import json

import pytest
from fakes import FakeJudge, digit_set

from inkmint.evaluation.references import remembered

DIGITS, JUDGE = digit_set(20, 0), FakeJudge()


class Measure:
    def __init__(self, *values):
        self.values, self.count = values, 0

    def __call__(self):
        self.count += 1
        return self.values


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("INKMINT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "references"


def ask(measure, protocol="frechet_10", sets=(DIGITS,), judges=(JUDGE,)):
    return remembered(protocol, sets, judges, measure)


def test_a_reference_is_measured_once(cache):
    measure = Measure(1.25, -3e-5)
    assert ask(measure) == ask(measure) == (1.25, -3e-5)
    assert measure.count == 1
    [path] = cache.iterdir()
    record = json.loads(path.read_text())
    assert (record["protocol"], record["data"]) == ("frechet_10", [DIGITS.fingerprint])


@pytest.mark.parametrize(
    "other",
    [
        {"protocol": "frechet_11"},
        {"sets": (digit_set(20, 1),)},
        {"sets": (DIGITS, DIGITS)},
        {"judges": (FakeJudge(error_every=3),)},
        {"judges": ()},
    ],
)
def test_other_protocols_images_and_judges_have_their_own(cache, other):
    ask(Measure(1.0))
    assert ask(Measure(2.0), **other) == (2.0,)
    assert ask(Measure(3.0)) == (1.0,)


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", "null", "half", "value", "nan"])
def test_a_damaged_file_is_measured_again_without_a_word(cache, damage):
    ask(Measure(1.0))
    [path] = cache.iterdir()
    text = path.read_text()
    changed = {
        "half": text[: len(text) // 2],
        "value": text.replace("1.0", "9.0"),
        "nan": text.replace("1.0", "NaN"),
    }
    path.write_text(changed.get(damage, damage))
    assert ask(Measure(2.0)) == (2.0,)
    assert ask(Measure(3.0)) == (2.0,), "and put right"


def test_a_judge_that_was_never_saved_is_not_remembered(cache):
    class Unsaved(FakeJudge):
        weights_sha256 = ""

    assert ask(Measure(1.0), judges=(Unsaved(),)) == (1.0,)
    assert ask(Measure(2.0), judges=(Unsaved(),)) == (2.0,)
    assert not cache.exists()


def test_a_cache_that_cannot_be_written_does_no_harm(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("INKMINT_CACHE", str(tmp_path / "file"))
    assert ask(Measure(1.0)) == (1.0,)
    assert ask(Measure(2.0)) == (2.0,)
