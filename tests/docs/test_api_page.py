"""docs/api.md: what it lists can be imported, and it says what the source says."""

import sys
from collections.abc import Iterator
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from typing import Any

import pytest

import inkmint
from inkmint import errors

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(SCRIPTS)
    yield import_module("api_page")
    sys.modules.pop("api_page")


def names(api: Any) -> list[str]:
    return [name for group in api.GROUPS for name in group.names]


def test_every_name_can_be_imported_as_it_is_shown_and_stands_there_once(api: Any) -> None:
    assert len(set(names(api))) == len(names(api))
    for name in names(api):
        module, _, last = name.rpartition(".")
        assert getattr(import_module(module), last).__doc__


def test_what_the_package_gives_out_is_on_the_page(api: Any) -> None:
    given = {f"inkmint.{name}" for name in inkmint.__all__ if not name.startswith("__")}
    assert given <= set(names(api))


def test_every_public_method_of_a_listed_class_has_its_words(api: Any) -> None:
    page = api.page()
    for name in names(api):
        module, _, last = name.rpartition(".")
        found = getattr(import_module(module), last)
        assert f"### `{name}`" in page
        own = vars(found) if isinstance(found, type) else {}
        public = [each for each in own.values() if getattr(each, "__doc__", None)]
        methods = [each for each in public if getattr(each, "__qualname__", "").startswith(f"{last}.")]
        for method in methods:
            if not method.__name__.startswith("_"):
                assert f"#### `{last}.{method.__name__}`" in page
                assert cleandoc(method.__doc__).splitlines()[0] in page


def test_every_error_is_in_the_table_with_its_exit_code(api: Any) -> None:
    table = api.page().split("\n## Errors")[1]
    found = [each for each in vars(errors).values() if isinstance(each, type)]
    for each in found:
        if issubclass(each, errors.InkmintError):
            (row,) = [line for line in table.splitlines() if line.startswith(f"| `{each.__name__}` |")]
            assert f"| {each.exit_code} |" in row


def test_a_docstring_becomes_lists(api: Any) -> None:
    text = """Draw.

    More of it,
    on two lines.

    Args:
        z_NZ: Standard normal,
            in rows.
        **changes: Others.

    Returns:
        uint8 (N, 28, 28).

    Raises:
        DataError, ModelError: They do not fit.
    """
    assert api.rendered(cleandoc(text)) == [
        *("Draw.", "", "More of it,", "on two lines."),
        *("", "**Args**", "", "- `z_NZ`: Standard normal,", "  in rows.", "- `**changes`: Others."),
        *("", "**Returns**", "", "uint8 (N, 28, 28)."),
        *("", "**Raises**", "", "- `DataError`, `ModelError`: They do not fit."),
    ]


def test_defaults_are_shown_by_their_value(api: Any) -> None:
    page = api.page()
    assert "    variation: float = 0.15,\n" in page, "of a constant that another module defines"
    assert '    ink_colour: str = "#1c2541",\n' in page, "of one that is assigned with others"


def test_a_name_that_is_gone_is_told(api: Any) -> None:
    with pytest.raises(ValueError, match="defines no Nothing; correct GROUPS"):
        api._found("inkmint.errors.Nothing")
