"""Finding documents and their items by name."""

from collections.abc import Mapping

from inkmint.errors import SettingsError, did_you_mean
from inkmint.studies.reproduction.documents import hao2020, hu2024, qin2021, raza2021, rzayev2021
from inkmint.studies.reproduction.plan import Plan
from inkmint.studies.reproduction.rows import BUDGETS, Budget, Item, Paper

PAPERS: Mapping[str, Paper] = {
    paper.name: paper
    for paper in (hao2020.PAPER, qin2021.PAPER, raza2021.PAPER, rzayev2021.PAPER, hu2024.PAPER)
}


def find_paper(name: str) -> Paper:
    """The document of that short name.

    Raises:
        SettingsError: There is none; the message names the nearest and lists all.
    """
    if name not in PAPERS:
        raise SettingsError(
            f"There is no document {name!r}{did_you_mean(name, PAPERS)}; choose one of {', '.join(PAPERS)}."
        )
    return PAPERS[name]


def find_items(name: str) -> tuple[Paper, tuple[Item, ...]]:
    """The document and the items of `PAPER` or `PAPER/ITEM`.

    Raises:
        SettingsError: There is no such document or item; the message names the nearest.
    """
    short, slash, wanted = name.partition("/")
    paper = find_paper(short)
    if not slash:
        return paper, paper.items
    names = [item.name for item in paper.items]
    if wanted not in names:
        raise SettingsError(
            f"{paper.name} has no item {wanted!r}{did_you_mean(wanted, names)}; it has {', '.join(names)}."
        )
    return paper, tuple(item for item in paper.items if item.name == wanted)


def make_plan(name: str, budget: Budget) -> Plan:
    """What `PAPER` or `PAPER/ITEM` asks for at a budget.

    Raises:
        SettingsError: There is no such document, item or budget.
    """
    if budget not in BUDGETS:
        raise SettingsError(f"There is no budget {budget!r}; choose one of {', '.join(BUDGETS)}.")
    paper, items = find_items(name)
    return Plan(paper, budget, items)
