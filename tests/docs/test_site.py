"""The pages of docs/ that people read: their commands run, their links lead somewhere, and none is forgotten."""

import re
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from page_blocks import FAST, SLOW, UNRUN, blocks, check, inline_commands, is_a_name, run_page, words_of
from PIL import Image

from inkmint.data.digits import Splits
from inkmint.data.folder import write_folder
from inkmint.data.sheet import save_png
from inkmint.evaluation.figure import FAMILIES

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
HOW_TO = sorted(DOCS.glob("how-to/*.md"))
PAGES = [*(DOCS / f"{name}.md" for name in ("index", "start", "concepts", "gallery")), *HOW_TO]
RUN = [page for page in PAGES if any(block.language in ("sh", "python") for block in blocks(page))]
EVERY_PAGE = sorted(DOCS.rglob("*.md"))

in_seconds = pytest.mark.filterwarnings("ignore::inkmint.data.sources.StarterFallbackWarning")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


# Commands


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_is_one_that_inkmint_takes(page: Path) -> None:
    for block in blocks(page):
        for line in block.commands:
            check(words_of(line)[0])
    for line in inline_commands(page):
        words, _ = words_of(line)
        if not is_a_name(words):
            check(words)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_command_escapes_the_tests(page: Path) -> None:
    for block in blocks(page):
        assert block.kind in (FAST, SLOW, UNRUN)
        if block.language == "sh" and block.kind != UNRUN:
            assert block.lines == block.commands, "what is run calls inkmint and nothing else"
        elif block.language != "sh":
            assert not block.commands


def test_the_commands_were_found() -> None:
    kinds = Counter(block.kind for page in PAGES for block in blocks(page) if block.language == "sh")
    assert all(kinds[kind] >= 5 for kind in (FAST, SLOW, UNRUN)), kinds
    assert len(RUN) == 5
    assert len(HOW_TO) == 3
    inline = [line for page in PAGES for line in inline_commands(page)]
    assert "inkmint mix --generator house" in inline


@pytest.fixture
def folder(starter: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder but for digits of one's own: 30 of each class, and some without a label."""
    mine = starter.train.sample_per_class(30, seed=0)
    write_folder(mine, tmp_path / "my-digits")
    for number, image in enumerate(starter.validation.images[:20].numpy()):
        save_png(image, tmp_path / "my-digits" / "unlabelled" / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@in_seconds
@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_what_a_page_tells_to_do_works_and_prints_what_it_says(page: Path, folder: Path) -> None:
    assert list(run_page(page, (FAST,)))


@pytest.mark.slow
@in_seconds
@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_the_rest_works_in_minutes(page: Path, folder: Path) -> None:
    assert list(run_page(page, (FAST, SLOW)))


@pytest.mark.parametrize(
    ("wanted", "outcome"),
    [("1 ... 3", nullcontext()), ("1 2 4", pytest.raises(pytest.fail.Exception, match=r"page\.md says"))],
)
def test_output_that_differs_from_the_page_is_told(wanted: str, outcome: Any, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f'```python\nprint("1 2 3")\n```\n\n```text\n{wanted}\n```\n')
    with outcome:
        list(run_page(page, (FAST,)))


def test_a_command_that_fails_is_told(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\ninkmint recipes no-such-recipe\n```\n")
    with pytest.raises(pytest.fail.Exception, match="There is no recipe 'no-such-recipe'"):
        list(run_page(page, (FAST,)))


# Pages


def headings(page: Path) -> set[str]:
    """What a forge calls the headings of a page in addresses."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", EVERY_PAGE, ids=name_of)
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
        path, _, heading = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert not heading or heading in headings(found), target


def test_every_page_is_on_the_map() -> None:
    text = (DOCS / "index.md").read_text(encoding="utf-8")
    linked = {(DOCS / target).resolve() for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text)}
    left_out = {page for page in EVERY_PAGE if page.parent.name != "papers"} - linked - {DOCS / "index.md"}
    assert not left_out, left_out
    assert "(docs/index.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_gallery_shows_every_sheet_of_the_zoo_and_its_own_pictures_are_small() -> None:
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", (DOCS / "gallery.md").read_text(encoding="utf-8"))
    zoo = re.findall(r"!\[[^\]]+\]\((zoo/[^)]+)\)", (DOCS / "zoo.md").read_text(encoding="utf-8"))
    assert zoo
    assert set(zoo) <= set(shown)
    own = list((DOCS / "gallery").iterdir())
    assert {f"gallery/{path.name}" for path in own} <= set(shown)
    for path in own:
        assert path.stat().st_size <= 60_000
        with Image.open(path) as picture:
            picture.verify()


def test_the_figures_that_are_explained_are_figures() -> None:
    text = (DOCS / "concepts.md").read_text(encoding="utf-8")
    names = set(re.findall(r"`([a-z]+(?:_[a-z]+)*)`", text))
    assert {"label_agreement", "diversity", "tstr", "nearer_to_training"} <= names
    assert names <= set(FAMILIES), names - set(FAMILIES)


def test_the_sentences_of_the_verdict_are_its_own() -> None:
    source = (ROOT / "src" / "inkmint" / "studies" / "mixing_verdict.py").read_text(encoding="utf-8")
    table = (DOCS / "how-to" / "few-labels.md").read_text(encoding="utf-8").split("| it says |")[1]
    quoted = re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)
    assert len(quoted) == 6
    for words in quoted:
        for piece in words.removesuffix(" from").split(" ... "):
            assert piece in source, piece
