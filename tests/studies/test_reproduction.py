"""Reproducing a document: training runs that are shared, what is kept, what is watched, and what is measured."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from filelock import FileLock

from inkmint.data.digits import DigitSet, Splits
from inkmint.errors import DataError, Interrupted, RunError, SettingsError, StorageError, TrainingError
from inkmint.evaluation import quality
from inkmint.evaluation.judge import JUDGE, SECOND_JUDGE, load_judge
from inkmint.models import Recogniser
from inkmint.studies.reproduction import session as reproducing
from inkmint.studies.reproduction import watching
from inkmint.studies.reproduction.claims import judged
from inkmint.studies.reproduction.kinds.built import Built, layer_sizes
from inkmint.studies.reproduction.kinds.components import Components
from inkmint.studies.reproduction.kinds.confusion import Confusion, right_of, taken_for
from inkmint.studies.reproduction.kinds.curves import Training as CurvesOf
from inkmint.studies.reproduction.kinds.lessons import Lesson, Lessons
from inkmint.studies.reproduction.kinds.masks import MaskPictures, mask_of, over_image
from inkmint.studies.reproduction.kinds.milestones import Mark, Milestones
from inkmint.studies.reproduction.kinds.real import RealDigits
from inkmint.studies.reproduction.kinds.recognition import Recognition
from inkmint.studies.reproduction.kinds.scores import Scores
from inkmint.studies.reproduction.plan import Plan
from inkmint.studies.reproduction.results import Results
from inkmint.studies.reproduction.rows import BROKEN, Arm, Item, Kind, Paper, Reduction, Scale
from inkmint.studies.reproduction.session import Advance, Reproduction
from inkmint.studies.reproduction.shown import Matrix, Shown
from inkmint.studies.reproduction.trainings import Training, is_finished
from inkmint.studies.shared_record import SharedRecord
from inkmint.training import engine, session
from inkmint.training.recipe import Recipe
from inkmint.training.runs import Run

LENET, MASKED = Arm("LeNet", "hao2020/lenet", says={"test": 0.977}), Arm("masked", "hao2020/lenet-attention")
CGAN = Arm("CGAN", "qin2021/cgan", protocol="halves")
FEW = {"batch_size": 40}
SCALE = Scale(
    {
        "": Reduction(seeds=2, epochs=0.01, changes=FEW),
        "halves": Reduction(seeds=2, epochs=0.01, changes={"batch_size": 100}),
        "rzayev2021/pca": Reduction(seeds=2, changes={"options.num_components": 3}),
    },
    num_minted=100,
    num_read=50,
    lesson_per_class=5,
    lesson_images=200,
    learner_seeds=2,
)

Reproduce = Callable[..., Results]


def item(name: str, kind: Kind, *arms: Arm) -> Item:
    return Item(f"tiny2020/{name}", name, f"Figure {name}", "Something.", kind, arms)


def plan_of(*items: Item, watched: tuple[str, ...] = ()) -> Plan:
    scales = {"quick": SCALE, "laptop": SCALE, "full": SCALE}
    paper = Paper("tiny2020", "Tiny", "Nobody", items, scales, watched)  # type: ignore[arg-type]
    return Plan(paper, "laptop", items)


TABLE = item("table", Recognition(("train", "test")), LENET, MASKED)
MASKS = item("masks", MaskPictures(), MASKED)


@pytest.fixture
def reproduce(few: Splits, tmp_path: Path) -> Reproduce:
    """Reproduce these items in a folder of the test."""

    def run(*items: Item, watched: tuple[str, ...] = (), **changes: Any) -> Results:
        given: dict[str, Any] = {"judge": load_judge(JUDGE), "threads": 1} | changes
        splits = given.pop("splits", few)
        return Reproduction(tmp_path / "tiny", splits, plan_of(*items, watched=watched), **given).run()

    return run


@pytest.fixture(autouse=True)
def few_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Watching that takes little time."""
    monkeypatch.setattr(watching, "NUM_QUALITY", 100)
    monkeypatch.setattr(engine, "SETTLING_BATCHES", 2)


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Recipe and seed of everything that is trained, in order."""
    found: list[tuple[str, int]] = []
    train = session.train

    def noted(recipe: Recipe, splits: Splits, parent: Path, *, seed: int = 0, **options: Any) -> Run:
        found.append((recipe.name, seed))
        return train(recipe, splits, parent, seed=seed, **options)

    monkeypatch.setattr(session, "train", noted)
    return found


def shown(results: Results, one: Item, watched: tuple[str, ...] = ()) -> Shown:
    return one.kind.show(one, plan_of(one, watched=watched), results.found)


# What is trained and kept


def test_items_share_runs_and_nothing_is_done_twice(
    reproduce: Reproduce, trainings: list[tuple[str, int]], tmp_path: Path
) -> None:
    told: list[Advance] = []
    results = reproduce(TABLE, MASKS, told=told.append)
    assert sorted(trainings) == [("hao2020/lenet", 0), ("hao2020/lenet", 1)] + [
        ("hao2020/lenet-attention", seed) for seed in (0, 1)
    ]
    assert len(results.found) == 6
    assert (told[-1].num_done, told[-1].num_all, told[-1].seconds_left) == (6, 6, 0)
    assert {advance.doing for advance in told} >= {"training hao2020/lenet, seed 0, 40%", "done"}
    before = (tmp_path / "tiny" / "results.json").read_text()
    again = reproduce(TABLE, MASKS)
    assert len(trainings) == 4
    assert (tmp_path / "tiny" / "results.json").read_text() == before
    assert again.found == results.found


def test_the_numbers_are_those_of_the_trained_models(
    reproduce: Reproduce, few: Splits, tmp_path: Path
) -> None:
    results = reproduce(TABLE)
    table = shown(results, TABLE).table
    assert table is not None
    for training in plan_of(TABLE).trainings(LENET):
        recogniser = Recogniser.from_pretrained(tmp_path / "tiny" / "trainings" / training.key)
        right = recogniser.predict_indices(few.test.images.numpy()) == few.test.labels.numpy()
        assert table.at("LeNet", "test").by_seed[training.seed] == pytest.approx(right.mean())
    verdict = judged(Shown(table), (), True)
    assert verdict.numbers[0].sentence.startswith("LeNet, test: the document has 97.7%, here it is ")
    assert results.data["num_train"] == 200
    assert results.machines()


def test_a_stopped_reproduction_goes_on_where_it_was(
    reproduce: Reproduce, trainings: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    put, left = SharedRecord.put, [3]

    def interrupted(self: SharedRecord, name: str, cell: Any) -> None:
        put(self, name, cell)
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    monkeypatch.setattr(SharedRecord, "put", interrupted)
    with pytest.raises(Interrupted, match="after 3 of 4 measurements; the same command goes on from there"):
        reproduce(TABLE)
    assert len(trainings) == 3
    assert len(reproduce(TABLE).found) == 4
    assert len(trainings) == 4


def test_a_run_that_was_stopped_is_gone_on_with(
    reproduce: Reproduce, trainings: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def stop(advance: Advance) -> None:
        if advance.doing.endswith("53%"):
            raise KeyboardInterrupt

    one = item("one", Recognition(("test",)), replace(LENET, changes={"epochs": 300}))
    with pytest.raises(Interrupted):
        reproduce(one, told=stop)
    [path] = (tmp_path / "tiny" / "trainings").iterdir()
    resumed: list[Path] = []
    resume = session.resume
    monkeypatch.setattr(
        session,
        "resume",
        lambda run, *rest, **options: (resumed.append(run.path), resume(run, *rest, **options)),
    )
    reproduce(one)
    assert resumed == [path]
    assert trainings == [("hao2020/lenet", 0), ("hao2020/lenet", 1)]


def test_a_folder_without_a_run_is_no_obstacle(reproduce: Reproduce, tmp_path: Path) -> None:
    [training, _] = plan_of(TABLE).trainings(LENET)
    (tmp_path / "tiny" / "trainings" / training.key).mkdir(parents=True)
    assert len(reproduce(TABLE).found) == 4


def test_what_another_process_is_at_comes_last(reproduce: Reproduce, tmp_path: Path) -> None:
    [training, _] = plan_of(TABLE).trainings(LENET)
    locks = tmp_path / "tiny" / "locks"
    locks.mkdir(parents=True)
    elsewhere = FileLock(locks / f"{training.key}.lock")
    doings: list[str] = []

    def told(advance: Advance) -> None:
        doings.append(advance.doing)
        if advance.num_done == 3:
            elsewhere.release()

    with elsewhere:
        results = reproduce(TABLE, told=told)
    assert len(results.found) == 4
    assert doings[0].startswith("training hao2020/lenet, seed 1")
    assert doings[-2].startswith("measured: reading of 50 training images")
    assert training.key in doings[-2]


def test_what_breaks_down_is_a_result(reproduce: Reproduce, monkeypatch: pytest.MonkeyPatch) -> None:
    train = session.train
    asked: list[int] = []

    def broken(recipe: Recipe, splits: Splits, parent: Path, *, seed: int = 0, **options: Any) -> Run:
        asked.append(seed)
        run = train(recipe, splits, parent, seed=seed, **options)
        if seed == 1:
            run.write_status("failed", error="The loss is no number.")
            raise TrainingError("The loss is no number.")
        return run

    monkeypatch.setattr(session, "train", broken)
    results = reproduce(TABLE, MASKS)
    assert sorted(asked) == [0, 0, 1, 1], "a run that broke down is not trained again for another measurement"
    assert [plain[BROKEN] for plain in results.found.values() if BROKEN in plain] == [
        "The loss is no number."
    ] * 3
    table = shown(results, TABLE).table
    assert table is not None
    assert table.at("LeNet", "test").num_broken == 1
    assert set(table.at("LeNet", "test").by_seed) == {0}


def test_a_full_disk_is_no_result(
    reproduce: Reproduce, trainings: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Run.save_checkpoint

    def full(_run: Run, _state: Any) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(Run, "save_checkpoint", full)
    with pytest.raises(StorageError):
        reproduce(MASKS)
    monkeypatch.setattr(Run, "save_checkpoint", save)
    assert not any(BROKEN in plain for plain in reproduce(MASKS).found.values())
    assert trainings == [("hao2020/lenet-attention", 0), ("hao2020/lenet-attention", 1)]


def test_a_run_without_its_model_is_not_finished(reproduce: Reproduce, tmp_path: Path) -> None:
    reproduce(MASKS)
    [training, _] = plan_of(MASKS).trainings(MASKED)
    run = Run(tmp_path / "tiny" / "trainings" / training.key)
    assert is_finished(run)
    (run.model_path / "config.json").unlink()
    assert not is_finished(run)


def test_other_digits_need_another_folder(reproduce: Reproduce, few: Splits, tmp_path: Path) -> None:
    reproduce(MASKS)
    other = replace(few, test=few.validation)
    with pytest.raises(SettingsError, match="was begun with another data"):
        reproduce(MASKS, splits=other)
    with pytest.raises(SettingsError, match="was begun with another judges"):
        reproduce(MASKS, second=load_judge(SECOND_JUDGE))
    (tmp_path / "tiny" / "results.json").write_text("{")
    with pytest.raises(RunError, match="is damaged"):
        reproduce(MASKS)
    with pytest.raises(RunError, match="missing or damaged"):
        Results.read(tmp_path / "tiny")


def test_judges_of_other_classes_are_refused(reproduce: Reproduce, few: Splits) -> None:
    names = tuple("abcdefghij")
    parts = (replace(part, class_names=names) for part in (few.train, few.validation, few.test))
    with pytest.raises(DataError, match="judge 'judge-v1' knows the classes"):
        reproduce(MASKS, splits=Splits(*parts, "letters"))


def test_fewer_images_are_balanced_and_the_same_for_every_seed(few: Splits) -> None:
    recipe = plan_of(TABLE).recipe(LENET)
    first, second = (Training(recipe, seed, num_images=50).splits(few).train for seed in (0, 1))
    assert first.counts() == [5] * 10
    assert first.fingerprint == second.fingerprint
    assert Training(recipe, 0, num_images=10**6).splits(few) is few
    keys = {
        Training(recipe, seed, images, watched).key
        for seed in (0, 1)
        for images in (0, 50)
        for watched in ((), ("quality",))
    }
    assert len(keys) == 8


# What is watched


def test_watching_leaves_the_run_as_it_is(reproduce: Reproduce, tmp_path: Path) -> None:
    one = item("one", CurvesOf(("discriminator_accuracy", "generator"), ("A", "G")), CGAN)
    weights = []
    for watched in ((), ("discriminator", "quality")):
        reproduce(one, watched=watched)
        [training, _] = plan_of(one, watched=watched).trainings(CGAN)
        weights.append(Run(tmp_path / "tiny" / "trainings" / training.key).load_checkpoint())
    plain, watched_state = weights
    assert plain is not None
    assert watched_state is not None
    for role, state in plain["networks"].items():
        for name, value in state.items():
            assert torch.equal(value, watched_state["networks"][role][name]), (role, name)


def test_curves_have_losses_and_what_was_watched(reproduce: Reproduce) -> None:
    one = item("one", CurvesOf(("discriminator_accuracy", "generator", "frechet"), ("A", "G", "F")), CGAN)
    results = reproduce(one, watched=("discriminator", "quality"))
    found = shown(results, one, ("discriminator", "quality"))
    assert [plot.title for plot in found.plots] == ["A", "G", "F"]
    assert [len(line.by_seed) for line in found.plots[0].lines] == [2]
    assert found.table is not None
    accuracy = found.table.at("CGAN", "discriminator accuracy at the end").mean
    assert accuracy is not None
    assert 0 <= accuracy <= 1
    assert found.table.at("CGAN", "generator loss at the start").mean
    assert found.table.unit("spread of generator loss over training") == "loss"


def test_milestones_are_the_first_step_that_is_good_enough(
    reproduce: Reproduce, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    marks = (Mark("agreement", 0.0, "nothing"), Mark("agreement", 1.1, "more than all"))
    one = item("one", Milestones(marks, CurvesOf(("agreement",), ("A",))), CGAN)
    results = reproduce(one, watched=("quality",))
    table = shown(results, one, ("quality",)).table
    assert table is not None
    assert set(table.at("CGAN", "steps to nothing").by_seed.values()) == {1.0}
    assert all(seconds >= 0 for seconds in table.at("CGAN", "seconds to nothing").by_seed.values())
    assert table.at("CGAN", "steps to more than all").num_without == 2
    assert Mark("frechet", 2.0, "near").reached(1.5)
    assert not Mark("agreement", 0.9, "good").reached(0.8)


# What is measured


def test_generators_have_figures_matrices_and_pictures(
    reproduce: Reproduce, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []
    recognisable = quality.recognisable

    def noted(generated: DigitSet, splits: Splits, judge: Any, **options: Any) -> Any:
        asked.append(judge.name)
        return recognisable(generated, splits, judge, **options)

    monkeypatch.setattr(quality, "recognisable", noted)
    scores = item(
        "scores",
        Scores(("score", "agreement", "recognisable", "frechet", "classes"), LENET, True, True, True, True),
        CGAN,
    )
    matrix = item("matrix", Confusion(LENET, worst=("2", "4")), CGAN)
    results = reproduce(scores, matrix)
    assert sum(key.startswith("100 minted digits") for key in results.found) == 2
    assert set(asked) == {JUDGE}, "the document's own reader is no judge"
    found = shown(results, scores)
    assert found.table is not None
    assert set(found.table.rows[0].values["score"].by_seed) == {0, 1}
    assert len(found.sheets) == 2
    assert all((tmp_path / "tiny" / sheet.path).is_file() for sheet in found.sheets)
    assert [epoch for epoch, _ in found.strips[0].stages] == [1]
    assert (tmp_path / "tiny" / found.strips[0].stages[0][1]).is_file()
    assert "are recognisable" in found.sentences[0]
    assert found.sentences[1].startswith("Real digits, measured alike: score ")
    [counts] = shown(results, matrix).matrices
    assert sum(map(sum, counts.counts)) == 200
    assert shown(results, matrix).sentences[-1].endswith("; the document has 2 and 4.")


def test_lessons_mix_real_and_minted_digits(
    reproduce: Reproduce, monkeypatch: pytest.MonkeyPatch, few: Splits
) -> None:
    seen: list[list[int]] = []
    fit = Recogniser.fit

    def noted(self: Recogniser, images: Any, labels: Any) -> Recogniser:
        seen.append(np.bincount(labels).tolist())
        return fit(self, images, labels)

    monkeypatch.setattr(Recogniser, "fit", noted)
    lessons = (
        Lesson("real", place=100),
        Lesson("half", real=0.4, minted=0.6, generator=CGAN, place=40),
        Lesson("zeros", real=0.4, minted=0.6, generator=CGAN, own={"0": 1.0}),
        Lesson("more", minted=1.0, generator=CGAN, least="full"),
    )
    kind = Lessons(
        lessons,
        "hao2020/lenet-quick",
        FEW,
        ("train", "test", "test loss", "recall of 0"),
        "share, %",
        ("half",),
        "0",
    )
    one = item("one", kind)
    results = reproduce(one)
    assert seen == [[20] * 10] * 6
    assert lessons[2].mixture(5, few.train.class_names).real == (5, *[2] * 9)
    assert lessons[2].mixture(5, few.train.class_names).minted == (0, *[3] * 9)
    found = shown(results, one)
    assert found.table is not None
    assert [row.name for row in found.table.rows] == ["real", "half", "zeros"]
    assert [plot.title for plot in found.plots] == ["Accuracy", "Loss"]
    assert [x for x, _ in found.plots[0].lines[0].by_seed[0]] == [100.0, 40.0]
    assert len(found.matrices) == 1
    assert found.sentences[0].startswith("half: test images, all seeds: class 0 is read correctly in ")
    assert "qin2021/cgan" not in found.sentences[0]
    assert "who mints: CGAN" in found.sentences[1]


def test_settings_of_learners_are_curves_of_their_own(reproduce: Reproduce) -> None:
    rate = "optimisers.recogniser.learning_rate"
    lessons = tuple(
        Lesson(f"{value} {line}", changes={rate: value}, place=value, line=line)
        for line in ("a", "b")
        for value in (0.01, 0.1)
    )
    one = item("one", Lessons(lessons, "hao2020/lenet-quick", FEW, x_label="rate"))
    [plot] = shown(reproduce(one), one).plots
    assert plot.title == "Test accuracy"
    assert [line.name for line in plot.lines] == ["a", "b"]


def test_components_are_scored_both_ways(reproduce: Reproduce) -> None:
    arms = (Arm("2", "rzayev2021/pca"), Arm("3", "rzayev2021/pca", {"options.num_components": 3}))
    one = item("one", Components(LENET, ("2", "3")), *arms)
    found = shown(reproduce(one), one)
    assert found.table is not None
    assert len(found.table.at("2", "reconstructed").by_seed) == 3
    assert found.table.at("2", "drawn").over == "parts of the images"
    assert [line.name for line in found.plots[0].lines] == ["reconstructed", "drawn"]
    assert found.sentences[0].startswith("Of every row 100 images are read each way")


def test_masks_are_told_apart_on_ink_and_background(reproduce: Reproduce, tmp_path: Path) -> None:
    results = reproduce(MASKS)
    found = shown(results, MASKS)
    assert found.table is not None
    for column in ("ink", "background"):
        assert all(0 < value < 1 for value in found.table.at("masked", column).by_seed.values())
    assert "their masks stretched from black to white" in found.sheets[0].title
    assert (tmp_path / "tiny" / found.sheets[0].path).is_file()


def test_a_mask_lies_over_the_pixels_that_it_saw() -> None:
    laid = over_image(torch.arange(1.0, 101).reshape(1, 1, 10, 10))
    assert laid.shape == (1, 1, 28, 28)
    assert laid[0, 0, 4, 4] == laid[0, 0, 5, 5] == 1
    assert laid[0, 0, 23, 23] == 100
    assert laid[0, 0, :4].sum() == laid[0, 0, 24:].sum() == 0
    with pytest.raises(SettingsError, match="no attention mask"):
        mask_of(torch.nn.Identity(), torch.zeros(1, 1, 28, 28))


def test_networks_stand_beside_what_is_printed() -> None:
    arm = Arm("GAN", "raza2021/gan")
    printed = {"GAN": {"generator": "256-512-1024-784", "discriminator": "1024-512-256-2"}}
    one = item("one", Built(printed), arm)
    found = one.kind.show(one, plan_of(one), {})
    assert [(each.outcome, each.sentence) for each in found.checked] == [
        ("holds", "GAN, generator: layers of 256-512-1024-784, as printed."),
        ("fails", "GAN, discriminator: layers of 1024-512-256-1, where the document prints 1024-512-256-2."),
    ]
    assert layer_sizes(plan_of(one).full_recipe(LENET))["recogniser"] == "6-16-120-84-10"


def test_real_digits_are_shown(reproduce: Reproduce) -> None:
    one = item("one", RealDigits())
    assert shown(reproduce(one), one).sheets[0].title == "Training digits of few, drawn at random"
    assert one.kind.show(one, plan_of(one), {}).sheets == ()


def test_matrices_know_what_is_mistaken_for_what() -> None:
    matrix = Matrix("m", ("a", "b", "c"), ((8, 1, 3), (0, 5, 0), (0, 0, 0)))
    assert right_of(matrix) == {"a": 8 / 12, "b": 1.0}
    assert taken_for(matrix, "a") == ("c", 3)
    assert taken_for(matrix, "b") is None


def test_sets_of_several_channels_are_refused(reproduce: Reproduce, few: Splits) -> None:
    stacked = DigitSet(few.train.images[:, None].repeat(1, 3, 1, 1), few.train.labels, "stacked")
    with pytest.raises(DataError, match="single digits"):
        reproduce(MASKS, splits=replace(few, train=stacked))


def test_the_module_has_one_way_to_train() -> None:
    assert not hasattr(reproducing, "session"), "runs are trained by trainings.train alone"


def test_results_are_plain(reproduce: Reproduce, tmp_path: Path) -> None:
    results = reproduce(MASKS)
    data = json.loads((tmp_path / "tiny" / "results.json").read_text())
    assert data["protocol"]["paper"] == results.paper == "tiny2020"
    assert data["protocol"]["judges"] == {JUDGE: load_judge(JUDGE).weights_sha256}
    assert set(data["cells"]) == set(results.found)
