"""The cards of shipped models: measured as shipped, over seeds, rendered from figures.json, and checked by one more."""

import json
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from scipy.stats import t as student

from inkmint.data.digits import Splits
from inkmint.evaluation.figure import Figure
from inkmint.evaluation.judge import JUDGE, load_judge
from inkmint.evaluation.protocols import label_agreement
from inkmint.files import read_json, sha256_file, write_json
from inkmint.models import Generator
from inkmint.recipes import RECIPES, find_recipe
from inkmint.training import session
from inkmint.training.recipe import Recipe, parse
from inkmint.training.runs import Run
from inkmint.training.weights import read_config

SCRIPTS = Path(__file__).parents[2] / "scripts"
WEIGHTS = Path(__file__).parents[2] / "src" / "inkmint" / "weights"
NUM_MINTED = 200
NUM_SEEDS = 4


@pytest.fixture(scope="session")
def recipes(short: Callable[..., Recipe]) -> dict[str, Recipe]:
    return {
        "house": short("cgan-quick").derive(name="inkmint/house"),
        "house-reader": short("lenet-quick").derive(name="inkmint/house-reader"),
    }


@pytest.fixture(scope="session")
def runs(
    recipes: dict[str, Recipe], few: Splits, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[Run]]:
    """Finished runs of both models, of seeds 0, 1, ..."""
    folder = tmp_path_factory.mktemp("runs")
    return {
        name: [session.train(recipe, few, folder, seed=seed, threads=1) for seed in range(NUM_SEEDS)]
        for name, recipe in recipes.items()
    }


@pytest.fixture
def modules(
    monkeypatch: pytest.MonkeyPatch, few: Splits, recipes: dict[str, Recipe], tmp_path: Path
) -> Iterator[tuple[Any, ...]]:
    """The script with tiny recipes, few digits for MNIST and a reader that is fitted at once; writes to `weights`."""
    monkeypatch.syspath_prepend(SCRIPTS)
    names = ("build_weights", "card_measures", "cards", "card_page")
    script, measures, cards, page = map(import_module, names)
    monkeypatch.setattr(
        "inkmint.recipes.RECIPES", {**RECIPES, **{recipe.name: recipe for recipe in recipes.values()}}
    )
    monkeypatch.setattr(script, "WEIGHTS", tmp_path / "weights")
    monkeypatch.setattr(script, "load_splits", lambda _: Splits(few.train, few.validation, few.test, "mnist"))
    monkeypatch.setattr(measures, "NUM_MINTED", NUM_MINTED)
    monkeypatch.setattr(measures, "NUM_TIMED", 20)
    monkeypatch.setattr(measures, "LEARNER", find_recipe("knn"))
    yield script, measures, cards, page
    for name in names:
        sys.modules.pop(name)


@pytest.fixture
def build(modules: tuple[Any, ...]) -> Callable[..., Result]:
    return lambda *arguments: CliRunner().invoke(modules[0].main, list(map(str, arguments)))


def given(runs: list[Run]) -> list[object]:
    return [word for run in runs for word in ("--run", run.path)]


def test_a_generators_card_is_measured_as_it_is_shipped(
    build: Callable[..., Result],
    modules: tuple[Any, ...],
    runs: dict[str, list[Run]],
    few: Splits,
    tmp_path: Path,
) -> None:
    shipped, *others = runs["house"][:3]
    result = build("house", *given([shipped, *others]))
    assert result.exit_code == 0, result.output
    folder = tmp_path / "weights" / "house"
    card = modules[2].read_card(folder)

    assert card.seeds == (0, 1, 2)
    assert card.recipe == read_config(folder).recipe == "inkmint/house"
    assert read_config(folder).stored_as == card.stored_as == "float16"
    assert card.weights_sha256 == card.runs[0].weights_sha256 == sha256_file(folder / "model.safetensors")
    assert card.num_bytes < 0.6 * (shipped.model_path / "model.safetensors").stat().st_size

    agreement = next(
        known for known in card.figures if known.shipped.name == f"label_agreement_{JUDGE}_{NUM_MINTED}"
    )
    minted = Generator.from_pretrained(folder).mint(NUM_MINTED, seed=0)
    assert agreement.shipped.value == label_agreement(minted, few, load_judge(JUDGE)).value
    assert agreement.values[0] == agreement.shipped.value
    assert agreement.mean == pytest.approx(np.mean(agreement.values))
    assert agreement.standard_deviation == pytest.approx(np.std(agreement.values, ddof=1))
    families = {known.shipped.name.split("_")[0] for known in card.figures}
    assert families >= {"label", "frechet", "precision", "recall", "coverage", "nearest", "tstr"}

    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert readme == modules[3].render(card)
    for expected in (
        "float16",
        "mean ± SD of 3 seeds",
        "95 % of one more seed",
        "as another class than asked",
        "MIT",
        card.weights_sha256,
        f"{card.num_parameters:,} parameters",
    ):
        assert expected in readme
    for picture in ("samples", "real", "worst", "nearest"):
        assert f"({picture}.png)" in readme
        assert (folder / f"{picture}.png").is_file()

    checked = build("house", "--check", *given(runs["house"][3:]))
    told = checked.output.splitlines()
    num_outside = sum(line.startswith("OUTSIDE") for line in told)
    assert sum(" expected " in line for line in told) == len(card.figures)
    assert f"house, seed 3: {num_outside} of {len(card.figures)} figures outside" in told[-1]
    assert checked.exit_code == (num_outside > 0)


def test_the_worst_digits_are_those_least_likely_to_be_what_was_asked(
    modules: tuple[Any, ...], few: Splits
) -> None:
    _, measures, *_ = modules
    judge = load_judge(JUDGE)
    likely = judge.predict_proba(few.test.images)[np.arange(len(few.test)), few.test.labels.numpy()]
    worst = measures.least_likely(judge, few.test)
    assert len(worst) == 50
    assert (np.diff(likely[worst]) >= 0).all()
    assert likely[worst].max() <= np.delete(likely, worst).min()


def test_misreadings_in_words_count_what_is_off_the_diagonal(modules: tuple[Any, ...]) -> None:
    _, measures, *_ = modules
    confusion = np.array([[90, 10, 0], [2, 97, 1], [0, 0, 100]])
    told = measures.misreadings(confusion, ("a", "b", "c"), "another class")
    assert told.startswith("13 as another class (4.3%, 95 % interval 2.5% to 7.3%)")
    assert "most often a as b (10), b as a (2), b as c (1)" in told
    assert told.endswith("is a, 10.0% of 100.")
    assert measures.misreadings(np.diag([5, 5]), ("a", "b"), "another class").startswith(
        "0 as another class (0.00%"
    )


def test_a_readers_card_shows_its_mistakes(
    build: Callable[..., Result],
    modules: tuple[Any, ...],
    runs: dict[str, list[Run]],
    few: Splits,
    tmp_path: Path,
) -> None:
    result = build("house-reader", *given(runs["house-reader"][:1]))
    assert result.exit_code == 0, result.output
    folder = tmp_path / "weights" / "house-reader"
    assert read_json(folder / "reading.json")["num_images"] > 0, "inkmint read would not know its confidence"
    card = modules[2].read_card(folder)
    [accuracy] = card.figures
    assert accuracy.shipped.name.startswith("test_accuracy_")
    assert accuracy.prediction_interval is None
    num_wrong = round((1 - accuracy.shipped.value) * len(few.test))
    assert f"it reads {num_wrong} as another class than their label" in card.failures[0]
    shown = min(num_wrong, 50)
    with Image.open(folder / "worst.png") as picture:
        assert picture.size == (min(shown, 10) * 57 + 1, -(-shown // 10) * 71 + 1)
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert "what another seed would give is not known" in readme
    assert "real digits" not in readme.split("## Figures")[1].split("## Known failures")[0]
    refused = build("house-reader", "--check", *given(runs["house-reader"][1:2]))
    assert "rests on one seed" in refused.output
    assert refused.exit_code != 0


def test_check_holds_one_more_seed_against_the_card(
    build: Callable[..., Result], runs: dict[str, list[Run]], tmp_path: Path
) -> None:
    readers = runs["house-reader"]
    assert build("house-reader", *given(readers[:3])).exit_code == 0
    folder = tmp_path / "weights" / "house-reader"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    data = read_json(folder / "figures.json")
    accuracy = Figure.model_validate(data["figures"][0]["shipped"]).value

    def check(values: list[float], *arguments: object) -> Result:
        data["figures"][0]["values"] = values
        write_json(folder / "figures.json", data)
        return build("house-reader", "--check", *given(readers[3:]), *arguments)

    wide = check([0.0, 0.5, 1.0])
    assert wide.exit_code == 0, wide.output
    assert wide.output.count("inside") == 1
    assert "seed 3: 0 of 1 figures outside" in wide.output
    narrow = check([accuracy + 2, accuracy + 2.01, accuracy + 2.02])
    assert narrow.exit_code == 1
    assert "OUTSIDE" in narrow.output
    assert "rests on seed 1" in build("house-reader", "--check", *given(readers[1:2])).output
    assert set(before) == {path.name for path in folder.iterdir()}


def test_check_without_a_run_trains_a_seed_that_the_card_does_not_know(
    build: Callable[..., Result], runs: dict[str, list[Run]]
) -> None:
    assert build("house-reader", *given(runs["house-reader"][1:3])).exit_code == 0
    assert "house-reader, seed 3:" in build("house-reader", "--check", "--jointly").output


def test_seeds_are_trained_one_after_the_other(
    build: Callable[..., Result], modules: tuple[Any, ...], tmp_path: Path
) -> None:
    assert build("house-reader", "--seeds", 2).exit_code == 0
    assert modules[2].read_card(tmp_path / "weights" / "house-reader").seeds == (0, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["house-reader", "--seeds", 2, "--run", "first"], "--seeds is for models that are trained here"),
        (["house-reader", "--run", "first", "--run", "first"], "give one run of each"),
        (["house", "--run", "first"], "is no run of inkmint/house"),
        (["house-reader", "house", "--run", "first"], "name it alone"),
        (["house-reader", "--check", "--run", "first", "--run", "first"], "give --run once"),
        (["house-reader", "--check"], "has no figures.json; build it with"),
        (["house-reader", "--jointly"], "--jointly goes with --check"),
        (["judge-v1", "--check"], "is a judge and has one seed for good"),
        (["house-reader", "--run", "unfinished"], "is not finished"),
    ],
)
def test_what_cannot_be_built_is_refused(
    arguments: list[object],
    message: str,
    build: Callable[..., Result],
    runs: dict[str, list[Run]],
    tmp_path: Path,
) -> None:
    first = runs["house-reader"][0]
    unfinished = Run.create(tmp_path / "unfinished")
    unfinished.write_config(first.read_config())
    paths = {"first": first.path, "unfinished": unfinished.path}
    result = build(*(paths.get(word, word) if isinstance(word, str) else word for word in arguments))
    assert result.exit_code not in (0, None)
    assert message in " ".join(result.output.split())
    assert not (tmp_path / "weights").exists()


def test_the_prediction_interval_is_the_textbooks_and_holds_95_of_100_new_values(
    modules: tuple[Any, ...],
) -> None:
    cards = modules[2]
    values = [0.2, 0.5, 0.9]
    half = student.ppf(0.975, 2) * np.std(values, ddof=1) * np.sqrt(1 + 1 / 3)
    assert cards.prediction_interval(values) == pytest.approx(
        (np.mean(values) - half, np.mean(values) + half)
    )
    random = np.random.default_rng(0)
    draws = random.normal(size=(2000, 4))
    held = [
        low <= new <= high for *old, new in draws.tolist() for low, high in [cards.prediction_interval(old)]
    ]
    assert 0.935 < np.mean(held) < 0.965


def test_intervals_over_seeds_end_where_figures_cannot_lie(modules: tuple[Any, ...]) -> None:
    cards = modules[2]

    def figure(name: str, value: float, unit: str) -> Figure:
        return Figure.model_validate(
            {"name": name, "value": value, "unit": unit, "num_images": 9, "better": "lower", "protocol": "."}
        )

    ends = {
        (name, unit): cards.SeedFigure.of([figure(name, value, unit) for value in (0.0, 1.0)]).mean_interval
        for name, unit in [("frechet_judge_10k", "distance"), ("recall_judge_10k", "share")]
    }
    assert ends["frechet_judge_10k", "distance"] == pytest.approx((0, 6.85), abs=0.01)
    assert ends["recall_judge_10k", "share"] == (0, 1)
    below = cards.SeedFigure.of([figure("kid_digits_judge_10k", value, "distance") for value in (0.0, 1.0)])
    assert below.mean_interval[0] < 0


def test_the_printed_settings_are_the_whole_recipe(modules: tuple[Any, ...]) -> None:
    cards = modules[2]
    for recipe in RECIPES.values():
        printed = "\n".join(f"{name} = {json.dumps(value)}" for name, value in cards.settings(recipe).items())
        again = parse({"name": recipe.name, "model": recipe.model, **tomllib.loads(printed)})
        assert again.deciding() == recipe.deciding()
    assert "options.latent_size" in cards.settings(find_recipe("acgan-sa-quick"))
    assert "average" not in cards.settings(find_recipe("hu2024/acgan-sa"))


def test_shipped_cards_say_what_their_figures_say(modules: tuple[Any, ...]) -> None:
    cards = modules[2]
    for path in WEIGHTS.glob(f"*/{cards.FIGURES}"):
        card = cards.read_card(path.parent)
        assert (path.parent / "README.md").read_text(encoding="utf-8") == modules[3].render(card)
        assert card.weights_sha256 == sha256_file(path.parent / "model.safetensors")
        assert sum(picture.stat().st_size for picture in path.parent.glob("*.png")) < 150_000
