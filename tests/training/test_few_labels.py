"""Learning from few labels: which are looked at, that no other can matter, and what an epoch is made of."""

from collections.abc import Callable
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from inkmint.data.digits import UNLABELLED, DigitSet, Splits
from inkmint.errors import DataError, Interrupted, SettingsError
from inkmint.recipes import RECIPES, find_recipe
from inkmint.training.build import build_task
from inkmint.training.engine import Engine, Event, Logged, initialise
from inkmint.training.recipe import Recipe
from inkmint.training.session import resume, train

CPU = torch.device("cpu")
PER_CLASS = 3


@pytest.fixture
def recipe(recipe_of: Callable[..., Recipe]) -> Recipe:
    plain = recipe_of("fixmatch", width=0.125, threshold=0.0, temperature=0.5)
    strong = {"rotate_deg": 15.0, "shift_px": 2.0, "erase_px": 16.0}
    return plain.derive(labels_per_class=PER_CLASS, labelled_share=0.25, average=0.9, strong=strong)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def trained(recipe: Recipe, splits: Splits, digits: DigitSet, seed: int = 0) -> dict[str, Tensor]:
    initialise(seed)
    task = build_task(recipe, splits.validation)
    engine = Engine(recipe, task, digits, seed=seed, device=CPU)
    engine.train()
    return engine.finished_product().state_dict()


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return all(torch.equal(value, second[name]) for name, value in first.items())


def digits_of(recipe: Recipe, digits: DigitSet, seed: int = 0) -> DigitSet:
    """What the engine trains on."""
    engine = Engine(recipe, build_task(recipe, digits), digits, seed=seed, device=CPU)
    return engine._digits


def known_images(digits: DigitSet) -> set[tuple[bytes, int]]:
    few = digits.labelled()
    return {
        (image.numpy().tobytes(), int(label)) for image, label in zip(few.images, few.labels, strict=True)
    }


def test_only_so_many_labels_of_every_class_are_left_and_they_are_right(few: Splits) -> None:
    hidden = few.train.with_few_labels(PER_CLASS, generator())
    assert hidden.counts() == [PER_CLASS] * 10
    assert torch.equal(hidden.images, few.train.images)
    kept = hidden.labels != UNLABELLED
    assert torch.equal(hidden.labels[kept], few.train.labels[kept])
    assert (hidden.labels[~kept] == UNLABELLED).all()


def test_another_seed_draws_other_labels_and_every_row_the_same(
    few: Splits, recipe: Recipe, recipe_of: Callable[..., Recipe]
) -> None:
    plain = recipe_of("lenet").derive(labels_per_class=PER_CLASS)
    chosen = [known_images(digits_of(recipe, few.train, seed)) for seed in (0, 1)]
    assert chosen[0] != chosen[1]
    assert known_images(digits_of(plain, few.train)) == chosen[0]


@pytest.mark.parametrize("shuffle_seed", range(3))
def test_labels_that_are_not_looked_at_do_not_matter(few: Splits, recipe: Recipe, shuffle_seed: int) -> None:
    """Labels of images that come after all chosen ones in the drawn order are free to be anything."""
    digits = few.train
    order = torch.randperm(len(digits), generator=_label_generator())
    hidden = digits.with_few_labels(PER_CLASS, _label_generator())
    last = int(torch.nonzero(hidden.labels[order] != UNLABELLED).max())
    free = order[last + 1 :]
    assert len(free) > len(digits) / 3
    labels = digits.labels.clone()
    labels[free] = labels[free][torch.randperm(len(free), generator=generator(shuffle_seed))]
    assert not torch.equal(labels, digits.labels)
    for each in (recipe, recipe.derive(model="house-reader", **LABELS_ALONE)):
        assert same(trained(each, few, digits), trained(each, few, replace(digits, labels=labels)))


LABELS_ALONE: dict[str, Any] = {"options": {"width": 0.125}, "labelled_share": 0.0, "strong": {}}


def _label_generator() -> torch.Generator:
    from inkmint.runtime import generator_of
    from inkmint.training.engine import _LABELS

    return generator_of(0, _LABELS)


def test_weights_are_a_function_of_the_digits_whose_labels_are_hidden(few: Splits, recipe: Recipe) -> None:
    """The labels are gone before anything learns: from digits that never had them come the same weights."""
    hidden = few.train.with_few_labels(PER_CLASS, _label_generator())
    assert same(trained(recipe, few, few.train), trained(recipe, few, hidden))


def test_a_model_that_learns_from_labels_alone_is_shown_no_other_image(
    few: Splits, recipe_of: Callable[..., Recipe]
) -> None:
    plain = recipe_of("lenet").derive(labels_per_class=PER_CLASS)
    shown = digits_of(plain, few.train)
    assert len(shown) == 10 * PER_CLASS
    assert (shown.labels != UNLABELLED).all()
    scrambled = few.train.with_few_labels(PER_CLASS, _label_generator())
    noise = torch.randint(256, scrambled.images.shape, generator=generator(), dtype=torch.uint8)
    unlabelled_N11 = (scrambled.labels == UNLABELLED)[:, None, None]
    scrambled = replace(scrambled, images=torch.where(unlabelled_N11, noise, scrambled.images))
    assert same(trained(plain, few, few.train), trained(plain, few, scrambled))


def test_unlabelled_images_teach_where_they_are_made_for_it(few: Splits, recipe: Recipe) -> None:
    silent = recipe.derive(**{"options.unlabelled_weight": 0.0})
    assert not same(trained(recipe, few, few.train), trained(silent, few, few.train))


@pytest.mark.parametrize("stop_at", [1, 3])
def test_a_stopped_run_of_few_labels_ends_as_the_undisturbed_one(
    few: Splits, recipe: Recipe, tmp_path: Path, stop_at: int
) -> None:
    def stop(event: Event) -> None:
        if isinstance(event, Logged):
            event.engine.stop_requested = event.engine.step == stop_at

    undisturbed = train(recipe, few, tmp_path, name="undisturbed", threads=1)
    with pytest.raises(Interrupted):
        train(recipe, few, tmp_path, name="stopped", threads=1, observers=[stop])
    run = type(undisturbed).open(tmp_path / "stopped")
    resume(run, few)
    weights = [each.model_path / "model.safetensors" for each in (undisturbed, run)]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_a_class_with_too_few_or_no_labels_is_refused_in_one_sentence(few: Splits, recipe: Recipe) -> None:
    with pytest.raises(
        DataError, match="set labels_per_class to 20 or less, or to 0 for all labels"
    ) as caught:
        digits_of(recipe.derive(labels_per_class=21), few.train)
    assert str(caught.value).count(". ") == 0
    eights = few.train.subset(torch.nonzero(few.train.labels != 8).flatten())
    with pytest.raises(DataError, match="no image of class 8; add some"):
        digits_of(recipe, eights)


def test_digits_that_come_with_unlabelled_ones_keep_all_their_labels(few: Splits, recipe: Recipe) -> None:
    digits = few.train.with_unlabelled(few.validation.images)
    assert digits.counts() == few.train.counts()
    shown = digits_of(recipe, digits)
    assert known_images(shown) == known_images(few.train)
    assert len(digits.labelled()) == len(few.train)


@given(
    num_labelled=st.integers(1, 30),
    num_unlabelled=st.integers(0, 60),
    num_images=st.integers(0, 500),
    share=st.floats(0, 0.9),
)
def test_an_epoch_has_as_many_images_and_as_large_a_labelled_share_as_asked_for(
    num_labelled: int, num_unlabelled: int, num_images: int, share: float
) -> None:
    labels = torch.zeros(num_labelled, dtype=torch.int64)
    digits = DigitSet(torch.zeros(num_labelled, 28, 28, dtype=torch.uint8), labels, "made", ("only",))
    digits = digits.with_unlabelled(torch.ones(num_unlabelled, 28, 28, dtype=torch.uint8))
    repeated = digits.repeated(num_images)
    times = max(1, ceil(num_images / len(digits)))
    assert len(repeated) == times * len(digits)
    assert repeated.counts() == [times * num_labelled]
    epoch = repeated.with_labelled_share(share)
    known = epoch.labels != UNLABELLED
    assert (epoch.images[known] == 0).all()
    assert (epoch.images[~known] == 1).all()
    assert int((~known).sum()) == times * num_unlabelled
    assert known.double().mean() >= share - 1e-9
    fewer = int(known.sum()) - times * num_labelled
    assert fewer < times * num_labelled or fewer / (fewer + times * num_unlabelled) < share + 1e-9
    assert len(epoch.repeated(num_images).with_labelled_share(share)) == len(epoch)


@pytest.mark.parametrize(
    "changes", [{"labelled_share": 0.5}, {"strong": {"shift_px": 1.0}}, {"labelled_share": 1.0}]
)
def test_what_a_model_of_labels_alone_cannot_use_is_refused(
    recipe_of: Callable[..., Recipe], changes: dict[str, Any]
) -> None:
    with pytest.raises(SettingsError, match="labelled_share"):
        recipe_of("lenet").derive(**changes)


@pytest.mark.parametrize("name", RECIPES)
def test_fields_that_are_not_set_decide_nothing(name: str) -> None:
    """Results from before they existed stay valid."""
    fields = {"labels_per_class", "labelled_share", "images_per_epoch", "strong"}
    changed = {
        field for field in fields if getattr(RECIPES[name], field) != Recipe.model_fields[field].default
    }
    assert RECIPES[name].deciding().keys() & fields == changed
    assert bool(changed) is ("few-labels" in name)
    for treatment in ("augment", "strong"):
        amounts = RECIPES[name].deciding().get(treatment, {})
        for later in ("erase_px", "elastic_px"):
            assert (later in amounts) is bool(getattr(getattr(RECIPES[name], treatment), later))


def test_the_recipes_of_few_labels_see_a_hundred(starter: Splits) -> None:
    for name in ("inkmint/few-labels", "inkmint/few-labels-only"):
        shown = digits_of(find_recipe(name), starter.train)
        assert len(known_images(shown)) == 100
        assert len(shown) >= find_recipe(name).images_per_epoch > 0
