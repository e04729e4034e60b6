"""Recognisers as a user of scikit-learn meets them."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

import inkmint
from inkmint.data.digits import Splits
from inkmint.errors import DataError, ModelError, SettingsError
from inkmint.models import Recogniser, sized
from inkmint.training import session
from inkmint.training.recipe import Recipe
from inkmint.training.weights import load_model

Arrays = tuple[NDArray[np.uint8], NDArray[np.int64]]


@pytest.fixture(scope="module")
def train(starter: Splits) -> Arrays:
    return starter.train.images[:1500].numpy(), starter.train.labels[:1500].numpy()


@pytest.fixture(scope="module")
def unseen(starter: Splits) -> Arrays:
    return starter.validation.images[:500].numpy(), starter.validation.labels[:500].numpy()


@pytest.fixture(scope="module")
def fitted(train: Arrays) -> Recogniser:
    return Recogniser(epochs=15, threads=1).fit(*train)


def test_a_fitted_recogniser_reads_unseen_digits_far_above_chance(fitted: Recogniser, unseen: Arrays) -> None:
    assert fitted.score(*unseen) > 0.85  # chance is 0.10


def test_predictions_are_the_most_probable_classes(fitted: Recogniser, unseen: Arrays) -> None:
    probabilities = fitted.predict_proba(unseen[0])
    assert probabilities.shape == (500, 10)
    assert probabilities.min() >= 0
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    predicted = fitted.predict(unseen[0])
    assert np.array_equal(predicted, fitted.classes_[probabilities.argmax(axis=1)])
    assert np.array_equal(predicted, fitted.predict_indices(unseen[0]))  # labels 0..9 are their own places
    assert np.array_equal(fitted.judge(torch.from_numpy(unseen[0])).numpy(), predicted)


def test_pixels_may_come_flat_with_a_channel_or_as_fractions(fitted: Recogniser, unseen: Arrays) -> None:
    images = unseen[0][:50]
    expected = fitted.predict_proba(images)
    forms = (
        images.reshape(50, 784),
        images[:, None],
        images[..., None],
        images / 255,
        images.astype(np.float32),
        images.tolist(),
        torch.from_numpy(images),
    )
    for form in forms:
        assert np.array_equal(fitted.predict_proba(form), expected)


def test_features_are_lenets_84_activations(fitted: Recogniser, unseen: Arrays) -> None:
    features = fitted.features(unseen[0])
    assert features.shape == (500, 84)
    assert features.min() >= 0


def test_the_same_seed_fits_the_same_network_and_another_seed_another(train: Arrays) -> None:
    few = train[0][:200], train[1][:200]
    first, again, other = (Recogniser(epochs=1, threads=1, seed=seed).fit(*few) for seed in (0, 0, 1))
    assert np.array_equal(first.predict_proba(few[0]), again.predict_proba(few[0]))
    assert not np.array_equal(first.predict_proba(few[0]), other.predict_proba(few[0]))


def test_fit_does_not_depend_on_or_change_the_users_random_numbers(train: Arrays) -> None:
    few = train[0][:100], train[1][:100]
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    first = Recogniser(epochs=1, threads=1).fit(*few)
    assert torch.equal(torch.rand(2), expected)
    again = Recogniser(epochs=1, threads=1).fit(*few)
    assert np.array_equal(first.predict_proba(few[0]), again.predict_proba(few[0]))


@pytest.mark.parametrize(
    ("names", "dtype"),
    [(["cat", "dog", "emu"], "U"), ([-7, 3, 1000], "i"), ([False, True], "b"), ([0.0, 1.0, 5.0], "f")],
)
def test_labels_of_any_sortable_type_come_back_as_they_were(
    names: list[Any], dtype: str, train: Arrays
) -> None:
    chosen = train[1] < len(names)
    labels = np.array(names)[train[1][chosen]]
    recogniser = Recogniser(epochs=25, threads=1).fit(train[0][chosen], labels)
    assert recogniser.classes_.tolist() == sorted(names)
    predicted = recogniser.predict(train[0][chosen])
    assert predicted.dtype.kind == dtype
    assert (predicted == labels).mean() > 0.8
    assert recogniser.class_names == tuple(str(name) for name in np.array(sorted(names)))


def test_small_sets_are_passed_more_often_so_that_they_are_learned(few: Splits) -> None:
    """Without `epochs`, 1,000 steps are made, here for two batches of 50."""
    recipe = inkmint.recipes.find_recipe("lenet-quick")
    small = sized(recipe.derive(batch_size=50), 100)
    assert (small.epochs, small.batch_size) == (500, 50)
    assert sized(recipe, 20).batch_size == 20
    assert sized(recipe, 10**6).epochs == recipe.epochs
    assert sized(recipe, 20, epochs=2).epochs == 2
    assert sized(inkmint.recipes.find_recipe("classic/knn"), 20).epochs == 1, "fitted at once"


def test_clone_and_parameters_follow_scikit_learn() -> None:
    recogniser = Recogniser("lenet-quick", epochs=2, seed=5)
    assert clone(recogniser).get_params() == recogniser.get_params()
    assert recogniser.get_params() == {
        "recipe": "lenet-quick",
        "epochs": 2,
        "seed": 5,
        "device": "auto",
        "threads": None,
    }
    assert recogniser.set_params(seed=6).seed == 6
    with pytest.raises(ValueError, match="Invalid parameter 'sead'"):
        recogniser.set_params(sead=6)


def test_a_pickled_recogniser_reads_the_same(fitted: Recogniser, unseen: Arrays) -> None:
    copy = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(copy.predict_proba(unseen[0]), fitted.predict_proba(unseen[0]))


def test_it_takes_part_in_pipelines_searches_and_cross_validation(train: Arrays) -> None:
    X, y = train[0][:300].reshape(300, 784), train[1][:300]
    pipeline = make_pipeline(MinMaxScaler(clip=True), Recogniser(epochs=2, threads=1))
    assert cross_val_score(pipeline, X, y, cv=2).shape == (2,)
    search = GridSearchCV(Recogniser(threads=1), {"epochs": [1, 4]}, cv=2).fit(X, y)
    assert search.best_params_["epochs"] in (1, 4)


@pytest.mark.parametrize(
    "ask",
    [
        lambda model, X: model.predict(X),
        lambda model, X: model.predict_proba(X),
        lambda model, X: model.predict_indices(X),
        lambda model, X: model.features(X),
        lambda model, X: model.score(X, np.zeros(len(X))),
        lambda model, X: model.save_pretrained("anywhere"),
    ],
)
def test_before_fit_everything_says_what_is_missing(ask: Callable[..., Any], unseen: Arrays) -> None:
    with pytest.raises(NotFittedError, match="call fit"):
        ask(Recogniser(), unseen[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (X[:, :27], y), "shape"),
        (lambda X, y: (X[0], y), "images"),
        (lambda X, y: (X[:0], y[:0]), "no images"),
        (lambda X, y: (np.where(X > 0, np.nan, 0.0), y), "not numbers"),
        (lambda X, y: (X.astype(int) * 2, y), "pixels from 0 to 510"),
        (lambda X, y: (X - 1.0, y), "pixels from -1"),
        (lambda X, y: (X, y[:-1]), "100 images but 99 labels"),
        (lambda X, y: (X, y * 0), "one class"),
        (lambda X, y: (X, y + 0.5), "fractions"),
        (lambda X, y: (X, np.eye(10)[y]), "one label per image"),
        (lambda X, y: (X, None), "one label per image"),
        (lambda X, y: (None, y), "images"),
        (lambda X, y: ([[1, 2], [3]], y), "form no array"),
    ],
)
def test_images_and_labels_that_do_not_fit_are_refused(
    change: Callable[..., Any], message: str, train: Arrays
) -> None:
    X, y = change(train[0][:100], train[1][:100])
    with pytest.raises(DataError, match=message):
        Recogniser(epochs=1).fit(X, y)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"recipe": "lenett"}, "no recipe"),
        ({"recipe": "acgan-sa-quick"}, "trains a generator"),
        ({"epochs": 0}, "epochs"),
        ({"epochs": "many"}, "epochs"),
        ({"device": "abacus"}, "abacus"),
        ({"threads": 0}, "threads"),
    ],
)
def test_settings_that_do_not_fit_are_refused_by_fit_and_not_before(
    settings: dict[str, Any], message: str, train: Arrays
) -> None:
    recogniser = Recogniser(**settings)
    with pytest.raises(SettingsError, match=message):
        recogniser.fit(train[0][:100], train[1][:100])


def test_a_saved_recogniser_reads_the_same_when_it_is_loaded(
    fitted: Recogniser, unseen: Arrays, tmp_path: Path
) -> None:
    fitted.save_pretrained(tmp_path / "mine")
    loaded = Recogniser.from_pretrained(tmp_path / "mine")
    assert np.array_equal(loaded.predict_proba(unseen[0]), fitted.predict_proba(unseen[0]))
    assert np.array_equal(loaded.predict(unseen[0]), fitted.predict(unseen[0]))
    assert (loaded.name, loaded.weights_sha256) == (fitted.name, fitted.weights_sha256)
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == ["config.json", "model.safetensors"]
    loaded.save_pretrained(tmp_path / "again")
    for name in ("config.json", "model.safetensors"):
        assert (tmp_path / "mine" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_loaded_recogniser_of_words_answers_in_words(train: Arrays, tmp_path: Path) -> None:
    chosen = train[1] < 2
    labels = np.array(["nought", "one"])[train[1][chosen]]
    Recogniser(epochs=1, threads=1).fit(train[0][chosen], labels).save_pretrained(tmp_path)
    loaded = Recogniser.from_pretrained(tmp_path)
    assert loaded.classes_.tolist() == ["nought", "one"]
    assert set(loaded.predict(train[0][:20])) <= {"nought", "one"}


def test_the_model_of_a_run_is_found_by_the_runs_folder(
    short: Callable[..., Recipe], few: Splits, tmp_path: Path
) -> None:
    run = session.train(short("lenet-quick"), few, tmp_path)
    by_run, by_model = (Recogniser.from_pretrained(path) for path in (run.path, run.model_path))
    assert by_run.weights_sha256 == by_model.weights_sha256
    assert by_run.recipe == "hao2020/lenet-quick"


@pytest.fixture
def saved(fitted: Recogniser, tmp_path: Path) -> Path:
    fitted.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"{}", b"[]", b"null"])
def test_a_damaged_model_folder_is_refused(name: str, content: bytes, saved: Path) -> None:
    (saved / name).write_bytes(content)
    with pytest.raises(ModelError, match=name):
        Recogniser.from_pretrained(saved)


def test_a_flipped_bit_in_the_weights_is_noticed(saved: Path) -> None:
    content = bytearray((saved / "model.safetensors").read_bytes())
    content[-5] ^= 1
    (saved / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="does not match the hash"):
        Recogniser.from_pretrained(saved)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 99}, "format 99"),
        ({"model": "lenet"}, "does not hold the weights of 'lenet'"),
        ({"model": "gpt"}, "does not hold the weights of 'gpt'"),
        ({"options": {"wings": 2}}, "does not hold"),
        ({"class_names": ["a", "b"]}, "does not hold"),
        ({"class_names": []}, "damaged"),
        ({"surprise": 1}, "damaged"),
    ],
)
def test_a_configuration_that_does_not_fit_the_weights_is_refused(
    changes: dict[str, Any], message: str, saved: Path
) -> None:
    path = saved / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    with pytest.raises(ModelError, match=message):
        Recogniser.from_pretrained(saved)


def test_a_missing_file_is_named(saved: Path) -> None:
    (saved / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"model\.safetensors cannot be read"):
        load_model(saved)


def test_what_is_no_recogniser_is_refused(short: Callable[..., Recipe], few: Splits, tmp_path: Path) -> None:
    run = session.train(short("raza2021/gan-quick", epochs=1), few, tmp_path)
    with pytest.raises(ModelError, match="is a generator, not a recogniser"):
        Recogniser.from_pretrained(run.path)
    for path in (tmp_path, tmp_path / "absent", "no-such-name"):
        with pytest.raises(ModelError):
            Recogniser.from_pretrained(path)


def test_a_path_that_holds_a_model_wins_over_the_name_of_a_model_that_comes_with_inkmint(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = saved.parent / "weights" / "model"
    shipped.mkdir(parents=True)
    (shipped / "config.json").write_text("{}")
    monkeypatch.setattr(inkmint.inference.folders, "_shipped", lambda: shipped.parent.iterdir())
    assert inkmint.models.pretrained_names() == ["model"]
    assert inkmint.models.find_model("model") == shipped
    (saved.parent / "elsewhere" / "model").mkdir(parents=True)
    monkeypatch.chdir(saved.parent / "elsewhere")
    assert inkmint.models.find_model("model") == shipped
    monkeypatch.chdir(saved.parent)
    assert inkmint.models.find_model("model") == Path("model")
    with pytest.raises(ModelError, match="did you mean 'model'"):
        inkmint.models.find_model("modell")


def test_the_label_minus_one_marks_unlabelled_images_for_a_recipe_that_learns_from_them(
    train: Arrays, recipe_of: Callable[..., Recipe]
) -> None:
    recipe = recipe_of("fixmatch", width=0.125, depth=0)
    images, labels = train[0][:60], train[1][:60] % 3 * 10
    some = np.where(np.arange(60) < 30, labels, -1)
    recogniser = Recogniser(recipe, epochs=1, threads=1).fit(images, some)
    assert recogniser.classes_.tolist() == [0, 10, 20]
    assert set(recogniser.predict(images)) <= {0, 10, 20}
    other = Recogniser(recipe, epochs=1, threads=1).fit(images[:30], some[:30])
    assert not np.array_equal(recogniser.predict_proba(images), other.predict_proba(images))
    plain = Recogniser(recipe_of("lenet"), epochs=1, threads=1).fit(images, some)
    assert plain.classes_.tolist() == [-1, 0, 10, 20]
    with pytest.raises(DataError, match="at least two classes"):
        Recogniser(recipe, epochs=1).fit(images, np.where(some == 0, 0, -1))
