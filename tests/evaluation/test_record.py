import json

import numpy as np
import pytest
from pydantic import ValidationError

from inkmint.errors import RunError
from inkmint.evaluation.figure import Figure, interval_in_words, short_count, value_in_words
from inkmint.evaluation.record import Evaluation, NearestPairs, load_evaluations, save_evaluation

FIGURE = Figure(
    name="label_agreement_lenet_1k",
    value=0.95,
    unit="share",
    interval=(0.93, 0.96),
    reference=0.99,
    reference_name="judge on real images",
    num_images=1000,
    seeds=(0, 1),
    better="higher",
    protocol="Share of right ones.",
    judge_sha256="ab" * 32,
)


def evaluation():
    random = np.random.default_rng(0)
    return Evaluation(
        name="digits",
        figures=(FIGURE,),
        class_names=("0", "1", "2"),
        seen_K=np.array([3, 4, 5]),
        confusion_KK=random.integers(0, 9, (3, 3)),
        nearest=NearestPairs(np.array([0, 1]), np.array([17, 4]), np.array([1.5, 2.25])),
        pictures={"samples": random.integers(0, 256, (30, 59), dtype=np.uint8)},
        notes=("Something was left out.",),
    )


def test_an_evaluation_comes_back_from_its_folder_as_it_was(tmp_path):
    saved = evaluation()
    path = save_evaluation(saved, tmp_path)
    assert path == tmp_path / "evaluation" / "digits.json"
    (loaded,) = load_evaluations(tmp_path)
    assert loaded.as_json() == saved.as_json()
    assert loaded.figures == saved.figures
    np.testing.assert_array_equal(loaded.pictures["samples"], saved.pictures["samples"])


def test_an_evaluation_without_matrix_and_pictures_comes_back_too(tmp_path):
    save_evaluation(Evaluation("tstr", (FIGURE,), ("0", "1")), tmp_path)
    (loaded,) = load_evaluations(tmp_path)
    assert loaded.confusion_KK is None and loaded.nearest is None and loaded.seen_K is None


def test_a_lost_picture_is_left_out(tmp_path):
    save_evaluation(evaluation(), tmp_path)
    (tmp_path / "evaluation" / "samples.png").unlink()
    assert load_evaluations(tmp_path)[0].pictures == {}


def test_a_folder_without_evaluations_has_none(tmp_path):
    assert load_evaluations(tmp_path) == ()


@pytest.mark.parametrize("change", [{"format": 99}, {"figures": [{"name": "x"}]}, {"confusion": "none"}])
def test_a_damaged_file_is_named(tmp_path, change):
    path = save_evaluation(evaluation(), tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(RunError, match="delete it and evaluate again"):
        load_evaluations(tmp_path)


def test_half_a_file_is_named(tmp_path):
    path = save_evaluation(evaluation(), tmp_path)
    path.write_text(path.read_text()[:100])
    with pytest.raises(RunError, match=r"digits\.json"):
        load_evaluations(tmp_path)


def test_a_picture_name_does_not_leave_the_folder(tmp_path):
    path = save_evaluation(evaluation(), tmp_path / "run")
    (path.parent / "samples.png").rename(tmp_path / "secret.png")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"pictures": ["../../secret"]}))
    assert load_evaluations(tmp_path / "run")[0].pictures == {}


def test_a_figure_is_a_number():
    with pytest.raises(ValidationError):
        Figure.model_validate(FIGURE.model_dump() | {"value": float("nan")})


@pytest.mark.parametrize(
    ("count", "text"), [(10_000, "10k"), (1000, "1k"), (1500, "1500"), (60, "60"), (0, "0")]
)
def test_counts_in_names(count, text):
    assert short_count(count) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.9512, "share", "95.1%"),
        (0.99512, "share", "99.51%"),
        (1.0, "share", "100.00%"),
        (0.0012, "share", "0.12%"),
        (1.2345, "distance", "1.23"),
        (1234.5, "distance", "1,234"),
        (0.0, "distance", "0.00"),
        (0.01234, "distance", "0.012"),
        (-0.0000567, "distance", "-0.000057"),
        (0.98, "ratio", "0.98"),
        (9.876, "score", "9.88"),
    ],
)
def test_values_in_words(value, unit, text):
    assert value_in_words(value, unit) == text
    assert interval_in_words(FIGURE) == "93.0% to 96.0%"
