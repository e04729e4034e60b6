"""`inkmint recipes`: the list by paper, the filter, the data, and a recipe in full."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inkmint.options import Choice, Real, Switch, Whole
from inkmint.recipes import RECIPES
from inkmint.studies.catalogue import catalogue, described
from inkmint.zoo import find

Command = Callable[..., Any]


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, Any]]:
    return {row["recipe"]: row for row in catalogue()}


@pytest.fixture
def listing(inkmint: Command, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    def lines(columns: int, *arguments: str) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        result = inkmint("recipes", *arguments)
        assert result.exit_code == 0
        return result.out.splitlines()

    return lines


def test_the_list_is_a_line_per_recipe_under_its_paper_and_fits_100_columns(
    listing: Callable[..., list[str]],
) -> None:
    lines = listing(100)
    assert max(map(len, lines)) <= 100
    paper, found = "", {}
    for line in lines:
        if ": generators" in line or ": recognisers" in line:
            paper = line.split(":")[0]
        elif "/" in line.split(" ")[0]:
            found[line.split(" ")[0]] = paper
    assert found == {name: name.split("/")[0] for name in RECIPES}


def test_a_wide_terminal_shows_what_a_narrow_one_cuts(listing: Callable[..., list[str]]) -> None:
    assert any(line.endswith(" …") for line in listing(100))
    assert not any("…" in line for line in listing(200))
    assert max(map(len, listing(80, "--kind", "recogniser"))) <= 80


def test_fitted_models_are_called_fitted_and_have_no_epochs(listing: Callable[..., list[str]]) -> None:
    (line,) = [line for line in listing(100) if line.startswith("classic/knn ")]
    assert line.split()[1:3] == ["fitted", "nearest"]


def test_the_documents_own_count_stands_beside_its_name(listing: Callable[..., list[str]]) -> None:
    (heading,) = [line for line in listing(100) if line.startswith("rzayev2021: ")]
    assert "7,310,000 for dcgan-dense and ccgan" in heading


@pytest.mark.parametrize("kind", ["generator", "recogniser"])
def test_the_list_can_be_of_one_kind(
    kind: str, inkmint: Command, listing: Callable[..., list[str]], rows: dict[str, dict[str, Any]]
) -> None:
    expected = [name for name, row in rows.items() if row["kind"] == kind]
    listed = [line.split(" ")[0] for line in listing(100, "--kind", kind)]
    assert [name for name in listed if name in RECIPES] == expected
    data = json.loads(inkmint("recipes", "--kind", kind, "--json").out)
    assert [row["recipe"] for row in data] == expected


def test_a_name_and_a_kind_together_are_refused(inkmint: Command) -> None:
    assert "give one of them" in inkmint("recipes", "lenet", "--kind", "generator").sentence()


def test_the_data_hold_parameters_by_network_and_the_documents_own(rows: dict[str, dict[str, Any]]) -> None:
    row = rows["rzayev2021/dcgan"]
    assert set(row["parameters_by_network"]) == {"generator", "discriminator"}
    assert row["parameters"] == sum(row["parameters_by_network"].values())
    assert row["printed_parameters"] == {"generator": 7_000_000, "discriminator": 310_000}
    fitted = rows["rzayev2021/pca"]
    assert (fitted["fitted"], fitted["parameters"], fitted["parameters_by_network"]) == (True, None, {})


def test_a_recipe_belongs_to_the_paper_of_its_name_and_not_of_its_model(
    rows: dict[str, dict[str, Any]],
) -> None:
    row = rows["qin2021/gan"]
    assert (row["paper"], find(row["model"]).paper) == ("qin2021", "raza2021")


def test_the_data_hold_every_option_with_what_the_recipe_sets(rows: dict[str, dict[str, Any]]) -> None:
    for name, row in rows.items():
        assert list(row["options"]) == list(find(row["model"]).options)
        for option, value in RECIPES[name].options.items():
            assert row["options"][option]["value"] == value
    latent = rows["hu2024/acgan-sa-quick"]["options"]["latent_size"]
    about = "numbers in a latent"
    assert latent == {"type": "whole", "default": 100, "low": 1, "high": 4096, "about": about, "value": 64}


@pytest.mark.parametrize(
    ("option", "data", "words"),
    [
        (
            Whole(3, 1, 9, "it"),
            {"type": "whole", "default": 3, "low": 1, "high": 9, "about": "it"},
            "a whole number from 1 to 9",
        ),
        (
            Real(0.5, 0, 1),
            {"type": "real", "default": 0.5, "low": 0, "high": 1, "about": ""},
            "a number from 0 to 1",
        ),
        (
            Switch(True),
            {"type": "switch", "default": True, "values": [False, True], "about": ""},
            "true or false",
        ),
        (
            Choice(("a", "b")),
            {"type": "choice", "default": "a", "values": ["a", "b"], "about": ""},
            "one of a, b",
        ),
    ],
)
def test_every_type_of_option_is_described(
    option: Whole | Real | Switch | Choice, data: dict[str, Any], words: str
) -> None:
    assert described(option) == data
    assert option.values == words


def test_a_recipe_in_full_tells_parameters_and_options_in_comments(inkmint: Command, tmp_path: Path) -> None:
    out = inkmint("recipes", "rzayev2021/ccgan-quick").out
    comments = [line.removeprefix("# ") for line in out.splitlines() if line.startswith("#")]
    assert "The document prints 7,310,000 (generator 7,000,000, discriminator 310,000)." in comments
    told = {line.split()[0]: line for line in comments if line.startswith(" ")}
    options = find("ccgan").options
    assert list(told) == list(options)
    for name, option in options.items():
        assert option.values in told[name]
        assert tomllib.loads(f"value = {told[name].split()[1]}")["value"] == option.default


def test_a_recipe_of_ones_own_is_shown_from_its_file(inkmint: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        inkmint("recipes", "lenet-quick").out.replace("hao2020/lenet-quick", "mine")
    )
    shown = inkmint("recipes", "mine.toml").out
    assert tomllib.loads(shown)["name"] == "mine"
    assert "# Parameters: 61,706." in shown
