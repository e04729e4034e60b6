"""The judge's name stands for its weights, and figures of different judges stay apart."""

import json
import shutil

import pytest
import torch
from fakes import FakeJudge, digit_set, figures_of

from inkmint.data.digits import DigitSet, Splits
from inkmint.errors import DataError, ModelError
from inkmint.evaluation import judge as judges
from inkmint.evaluation import protocols
from inkmint.evaluation.figure import require_same_protocol
from inkmint.evaluation.judge import JUDGE, PINS, SECOND_JUDGE, as_judge, load_judge, why_not_second
from inkmint.evaluation.record import Evaluation, load_evaluations, save_evaluation
from inkmint.files import sha256_file
from inkmint.inference import folders
from inkmint.models import Recogniser, find_model
from inkmint.studies.comparison import best_of, rows_of
from inkmint.training.weights import read_config

LARGEST_BYTES = 1_000_000


@pytest.fixture(scope="module")
def splits():
    return Splits(digit_set(300, 0), digit_set(120, 1), digit_set(100, 2), "fakes")


@pytest.fixture(scope="module")
def fitted(few):
    return Recogniser("hao2020/lenet-quick", epochs=1).fit(few.train.images.numpy(), few.train.labels.numpy())


@pytest.fixture
def saved(fitted, tmp_path):
    """A recogniser's folder."""
    fitted.save_pretrained(tmp_path / "mine")
    yield tmp_path / "mine"
    fitted.config_ = fitted.config_.model_copy(update={"weights_sha256": ""})


# Those that come with inkmint


@pytest.mark.parametrize("name", PINS)
def test_a_shipped_judge_is_the_pinned_one_and_small(name):
    path = find_model(name) / "model.safetensors"
    assert sha256_file(path) == PINS[name]
    assert path.stat().st_size <= LARGEST_BYTES
    assert load_judge(name).name == name
    card = path.with_name("README.md").read_text(encoding="utf-8")
    for expected in (PINS[name], name, f"test_accuracy_{name}_10k", f"validation_accuracy_{name}_10k"):
        assert expected in card


def test_both_shipped_judges_learnt_from_mnist_by_recipes_of_their_own():
    first, second = (read_config(find_model(name)) for name in (JUDGE, SECOND_JUDGE))
    assert (first.recipe, second.recipe) == ("inkmint/judge", "inkmint/second-judge")
    assert first.data == second.data == "mnist"
    assert first.model != second.model
    assert first.weights_sha256 != second.weights_sha256


@pytest.mark.parametrize("name", PINS)
def test_a_shipped_judge_reads_digits(name, starter):
    figure = protocols.accuracy(load_judge(name), starter.test)
    assert figure.name == f"test_accuracy_{name}_1k"
    assert figure.value > 0.98


def test_a_shipped_judge_of_other_weights_is_refused(saved, monkeypatch):
    shutil.copytree(saved, saved.parent / "shipped" / JUDGE)
    monkeypatch.setattr(folders, "_shipped", (saved.parent / "shipped").iterdir)
    with pytest.raises(ModelError, match="not the network that its name stands for") as error:
        load_judge(JUDGE)
    assert "install inkmint anew" in str(error.value)
    sha256 = read_config(saved).weights_sha256
    monkeypatch.setattr(judges, "PINS", {JUDGE: sha256})
    assert load_judge(JUDGE).name == JUDGE


# Names


def test_a_judge_is_called_by_its_row_and_its_weights(saved):
    sha256 = read_config(saved).weights_sha256
    judge = load_judge(saved)
    assert judge.name == f"lenet-{sha256[:8]}"
    assert (judge.weights_sha256, judge.class_names) == (sha256, tuple("0123456789"))


def test_other_weights_have_another_name(saved, few, tmp_path):
    again = Recogniser("hao2020/lenet-quick", epochs=1, seed=1)
    again.fit(few.train.images.numpy(), few.train.labels.numpy()).save_pretrained(tmp_path / "again")
    assert load_judge(saved).name != load_judge(tmp_path / "again").name


def test_pinned_weights_have_the_shipped_name_wherever_they_lie(saved, monkeypatch):
    monkeypatch.setattr(judges, "PINS", {"judge-v7": read_config(saved).weights_sha256})
    assert load_judge(saved).name == "judge-v7"


def test_a_folder_that_borrows_the_name_does_not_get_it(saved, monkeypatch):
    monkeypatch.chdir(saved.parent)
    saved.rename(JUDGE)
    assert load_judge(JUDGE).name == f"lenet-{read_config(saved.parent / JUDGE).weights_sha256[:8]}"


def test_one_that_was_never_saved_says_so(fitted, monkeypatch):
    assert as_judge(fitted).name == "lenet-unsaved"
    monkeypatch.setattr(judges, "PINS", {JUDGE: ""})
    assert as_judge(fitted).name == "lenet-unsaved", "no pin yet is no pin of it"


def test_a_judge_answers_as_its_recogniser(fitted, few):
    judge, images = as_judge(fitted), few.test.images.numpy()
    assert (judge.predict_proba(images) == fitted.predict_proba(images)).all()
    assert (judge.features(images) == fitted.features(images)).all()


def test_an_evaluation_by_a_plain_recogniser_is_by_the_judge_that_it_is(saved, few):
    recogniser = Recogniser.from_pretrained(saved)
    evaluation = protocols.evaluate_digits(few.validation, few, recogniser, labelled=True)
    names = [figure.name for figure in evaluation.figures if figure.judge_sha256]
    assert names and all(f"_lenet-{recogniser.weights_sha256[:8]}_" in name for name in names)


def test_what_is_no_judge_is_refused():
    with pytest.raises(
        ModelError, match=r"acgan-sa is a generator, and a judge is a recogniser; .* judge train"
    ):
        load_judge("acgan-sa")
    with pytest.raises(ModelError, match="no model 'nowhere'"):
        load_judge("nowhere")


def test_a_judge_of_other_classes_says_how_to_train_one(splits):
    letters = DigitSet(splits.test.images, splits.test.labels, "letters", tuple("abcdefghij"))
    others = Splits(letters, letters, letters, "letters.npz")
    with pytest.raises(DataError, match=r"train one with: inkmint judge train --data letters\.npz, "):
        protocols.evaluate_digits(letters, others, FakeJudge(), labelled=True)


# The second judge


def test_a_second_judge_tells_its_own_story(splits):
    second = FakeJudge(error_every=10, name="other")
    evaluation = protocols.evaluate_digits(
        digit_set(200, 3), splits, FakeJudge(), labelled=True, second=second
    )
    figures = figures_of(evaluation)
    for name in ("label_agreement_other_200", "frechet_other_100"):
        assert figures[name].judge_sha256 == second.weights_sha256
    assert figures["label_agreement_fake_200"].value == 1
    assert figures["label_agreement_other_200"].value == 0.9
    unlabelled = figures_of(
        protocols.evaluate_digits(digit_set(200, 3), splits, FakeJudge(), labelled=False, second=second)
    )
    assert "frechet_other_100" in unlabelled
    assert not any(name.startswith("label_agreement") for name in unlabelled)


def test_a_second_judge_has_to_fit_and_to_be_another(splits):
    first, letters = FakeJudge(), FakeJudge(error_every=3, class_names=tuple("abcdefghij"))
    assert why_not_second(first, FakeJudge(error_every=3), splits) is None
    assert why_not_second(first, FakeJudge(), splits) == "is the first one too"
    assert why_not_second(first, letters, splits) == "knows other classes than fakes"


# Figures of different judges refuse to be compared


def measured(splits, judge):
    return protocols.label_agreement(digit_set(200, 3), splits, judge)


def test_figures_of_different_judges_are_refused_by_name(splits):
    ours, theirs = (
        measured(splits, judge) for judge in (FakeJudge(), FakeJudge(error_every=10, name="other"))
    )
    require_same_protocol(ours, ours)
    require_same_protocol(ours)
    require_same_protocol()
    for compare in (require_same_protocol, lambda *figures: best_of(figures)):
        with pytest.raises(DataError, match="different judges") as error:
            compare(ours, theirs)
        for expected in (ours.name, theirs.name, ours.judge_sha256[:12], theirs.judge_sha256[:12]):
            assert expected in str(error.value)


def test_one_name_does_not_make_two_judges_one(splits):
    ours, theirs = measured(splits, FakeJudge()), measured(splits, FakeJudge(error_every=10))
    assert ours.name == theirs.name
    with pytest.raises(DataError, match="different judges"):
        require_same_protocol(ours, theirs)
    with pytest.raises(DataError, match="different judges"):
        rows_of(["a", "b"], [[ours], [theirs]])
    seen = ours.model_copy(update={"second_judge_sha256": "ef"})
    with pytest.raises(DataError, match="different judges"):
        require_same_protocol(ours, seen)


def test_other_protocols_and_sizes_are_refused(splits):
    ours = measured(splits, FakeJudge())
    for change in ({"name": "other"}, {"num_images": 100}):
        with pytest.raises(DataError, match="different protocols"):
            require_same_protocol(ours, ours.model_copy(update=change))


def test_judges_that_were_never_saved_are_never_the_same(fitted, few):
    figure = protocols.label_agreement(few.validation, few, as_judge(fitted))
    with pytest.raises(DataError, match=r"lenet-unsaved.*unsaved weights.*saved judge"):
        require_same_protocol(figure, figure)
    with pytest.raises(DataError, match="unsaved weights"):
        rows_of(["a", "b"], [[figure], [figure]])


def test_stored_evaluations_of_different_judges_share_no_row(saved, splits, few, tmp_path):
    """Whatever is stored in two run folders, rows hold figures of one judge, or of none."""
    every = {
        "one": (FakeJudge(), None),
        "two": (FakeJudge(error_every=10), None),
        "three": (FakeJudge(error_every=10, name="other"), FakeJudge()),
    }
    stored = []
    for folder, (judge, second) in every.items():
        given = (digit_set(200, 3), splits, judge)
        evaluation = protocols.evaluate_digits(*given, labelled=True, second=second)
        save_evaluation(evaluation, tmp_path / folder)
        [loaded] = load_evaluations(tmp_path / folder)
        assert isinstance(loaded, Evaluation) and loaded.figures == evaluation.figures
        stored.append(loaded.figures)
    rows = rows_of(list(every), stored)
    for row in rows:
        known = [figure for figure in row.figures if figure]
        require_same_protocol(*known)
        assert len({(figure.judge_sha256, figure.second_judge_sha256) for figure in known}) == 1
    shared = [row.name for row in rows if sum(figure is not None for figure in row.figures) > 1]
    assert "diversity_pixels_200" in shared, "no network judges it"
    # The second judge of the third evaluation is the first's judge.
    assert "label_agreement_fake_200" in shared and "recognisable_fake_200" not in shared


# Law: a judge learns from training images alone


def test_the_weights_do_not_depend_on_validation_or_test_images(few, tmp_path):
    from inkmint.recipes import find_recipe
    from inkmint.studies.judges import judge_recipe
    from inkmint.training import session

    recipe = judge_recipe(find_recipe("hao2020/lenet-quick"), len(few.train), epochs=1)
    blank = DigitSet(torch.zeros_like(few.test.images), few.test.labels, "blank")
    hashes = [
        load_judge(session.train(recipe, splits, tmp_path, threads=1).path).weights_sha256
        for splits in (few, Splits(few.train, blank, blank, few.source))
    ]
    assert hashes[0] == hashes[1]


def test_a_pin_that_is_changed_in_the_config_alone_is_found_out(saved):
    config = json.loads((saved / "config.json").read_text())
    (saved / "config.json").write_text(json.dumps({**config, "weights_sha256": PINS[JUDGE] or "ab" * 32}))
    with pytest.raises(ModelError, match="does not match the hash"):
        load_judge(saved)
