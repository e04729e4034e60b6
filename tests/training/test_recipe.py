"""Recipes: files, assignments, derived copies, and refusals in one sentence that names the field."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from inkmint.data.augment import Augment
from inkmint.errors import SettingsError
from inkmint.recipes import RECIPES, find_recipe
from inkmint.training.recipe import Optimiser, Recipe, Schedule, assignment, load, parse

optimisers = st.builds(
    Optimiser,
    kind=st.sampled_from(["adam", "sgd"]),
    learning_rate=st.floats(1e-9, 10),
    beta1=st.floats(0, 1, exclude_max=True),
    beta2=st.floats(0, 1, exclude_max=True),
    weight_decay=st.floats(0, 1e3),
)
recipes = st.builds(
    Recipe,
    name=st.from_regex(r"[a-z][a-z0-9.+-]*(/[a-z][a-z0-9.+-]*)?", fullmatch=True),
    model=st.just("acgan-sa"),
    about=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    options=st.fixed_dictionaries(
        {}, optional={"latent_size": st.integers(1, 999), "spectral_norm": st.booleans()}
    ),
    epochs=st.integers(1, 2**40),
    batch_size=st.integers(1, 65536),
    optimisers=st.fixed_dictionaries({"generator": optimisers, "discriminator": optimisers}),
    schedule=st.builds(
        Schedule,
        kind=st.sampled_from(["constant", "linear-decay", "one-cycle"]),
        turn=st.floats(0, 1, exclude_max=True),
    ),
    average=st.floats(0, 1, exclude_max=True),
    augment=st.builds(Augment, shift_px=st.floats(0, 14), jitter=st.floats(0, 1), flip=st.booleans()),
)


@given(recipe=recipes)
def test_a_recipe_survives_toml_and_json(recipe: Recipe) -> None:
    data = recipe.model_dump(mode="json")
    assert parse(tomllib.loads(tomli_w.dumps(data))) == recipe
    assert parse(json.loads(json.dumps(data))) == recipe


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_a_saved_recipe_is_found_by_its_path(name: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"mine{suffix}"
    RECIPES[name].save(path)
    assert load(path) == find_recipe(str(path)) == RECIPES[name]


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_found_by_its_name_with_and_without_the_document(name: str) -> None:
    assert find_recipe(name) == RECIPES[name]
    short = name.split("/")[1]
    if (num_papers := sum(other.endswith(f"/{short}") for other in RECIPES)) == 1:
        assert find_recipe(short) == RECIPES[name]
        return
    with pytest.raises(SettingsError, match="Several papers") as caught:
        find_recipe(short)
    assert str(caught.value).count(f"/{short}") == num_papers


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_says_what_it_is_and_what_we_chose(name: str) -> None:
    assert RECIPES[name].about
    assert RECIPES[name].choices


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("epochs=3", ("epochs", 3)),
        ("average=0.5", ("average", 0.5)),
        ("augment.flip=true", ("augment.flip", True)),
        ("name=mine", ("name", "mine")),
        ('name="mine"', ("name", "mine")),
        ("about=a = b", ("about", "a = b")),
        (" epochs =3", ("epochs", 3)),
        ("about=", ("about", "")),
        ("options={latent_size = 8}", ("options", {"latent_size": 8})),
    ],
)
def test_an_assignment_is_read_as_toml_or_else_as_text(text: str, expected: tuple[str, Any]) -> None:
    assert assignment(text) == expected


@given(name=st.from_regex(r"[a-z_.]+", fullmatch=True), value=st.integers() | st.booleans())
def test_numbers_and_switches_survive_an_assignment(name: str, value: int | bool) -> None:
    assert assignment(f"{name}={str(value).lower()}") == (name, value)


@pytest.mark.parametrize("text", ["epochs", "", "=3", " =3"])
def test_a_text_without_a_field_or_an_equals_sign_is_no_assignment(text: str) -> None:
    with pytest.raises(SettingsError, match="not an assignment"):
        assignment(text)


@given(text=st.text(max_size=30))
def test_any_text_is_an_assignment_or_refused(text: str) -> None:
    try:
        name, _ = assignment(text)
    except SettingsError:
        return
    assert name == text.partition("=")[0].strip()


def test_derive_changes_named_fields_only_and_leaves_the_original(short: Callable[..., Recipe]) -> None:
    recipe = RECIPES["hu2024/acgan-sa-quick"]
    changed = recipe.derive(**{"epochs": 7, "optimisers.generator.learning_rate": 1e-3})
    assert (changed.epochs, changed.optimisers["generator"].learning_rate) == (7, 1e-3)
    assert changed.optimisers["discriminator"] == recipe.optimisers["discriminator"]
    restored = {"epochs": recipe.epochs, "optimisers": recipe.optimisers}
    assert changed.derive(**restored) == recipe != changed


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epoch", 3),
        ("optimisers.generator.rate", 0.1),
        ("optimisers.painter.learning_rate", 0.1),
        ("epochs.number", 3),
        ("augment.flop", True),
    ],
)
def test_an_unknown_field_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(SettingsError) as error:
        RECIPES["hu2024/acgan-sa"].derive(**{field: value})
    assert field.split(".")[-1] in str(error.value) or field.split(".")[-2] in str(error.value)
    assert_one_sentence(error.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", 0),
        ("epochs", 2.5),
        ("epochs", "many"),
        ("epochs", True),
        ("batch_size", -1),
        ("batch_size", 10**9),
        ("average", 1.0),
        ("average", float("nan")),
        ("schedule.kind", "zigzag"),
        ("schedule.turn", 1),
        ("augment.shift_px", 15),
        ("augment.shift_px", "far"),
        ("optimisers.generator.learning_rate", 0),
        ("optimisers.generator.learning_rate", float("inf")),
        ("optimisers.generator.kind", "lion"),
        ("optimisers.generator.beta1", 1.0),
        ("optimisers.generator.weight_decay", -1e-9),
        ("name", "../../elsewhere"),
        ("name", "a\0b"),
        ("name", ""),
        ("options.latent_size", [1]),
        ("about", None),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_the_fields_name(field: str, value: Any) -> None:
    with pytest.raises(SettingsError) as error:
        RECIPES["hu2024/acgan-sa"].derive(**{field: value})
    assert field in str(error.value)
    assert_one_sentence(error.value)


def assert_one_sentence(error: Exception) -> None:
    text = str(error)
    assert "\n" not in text
    assert text.endswith(".")
    assert "pydantic" not in text


def test_another_model_needs_its_own_optimisers() -> None:
    with pytest.raises(SettingsError, match="one for each of recogniser"):
        RECIPES["hu2024/acgan-sa"].derive(model="lenet", options={})


def test_an_unknown_model_or_recipe_names_the_nearest() -> None:
    with pytest.raises(SettingsError, match="did you mean 'lenet'"):
        RECIPES["hao2020/lenet"].derive(model="lenett")
    with pytest.raises(SettingsError, match="did you mean 'hao2020/lenet-quick'"):
        find_recipe("hao2020/lenet-quik")


@pytest.mark.parametrize(
    "text",
    ["", "epochs = ", "[", "name = 'x'", "\x00", "epochs = 3\nepochs = 4"],
)
@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_a_file_that_holds_no_recipe_is_refused(text: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"bad{suffix}"
    path.write_text(text)
    with pytest.raises(SettingsError):
        load(path)


@pytest.mark.parametrize("text", ["3", "[1, 2]", '"recipe"', "null", "[[1, 2], [3, 4]]"])
def test_json_that_is_no_table_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(SettingsError):
        load(path)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    for name in ("absent.toml", "binary.toml", "folder.json"):
        (tmp_path / "folder.json").mkdir(exist_ok=True)
        with pytest.raises(SettingsError, match=name):
            load(tmp_path / name)
