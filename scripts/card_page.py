"""README.md of a model that comes with inkmint, rendered from its card."""

import json
from pathlib import Path

import numpy as np
from cards import FIGURES, Card, Interval, SeedFigure

from inkmint.evaluation.figure import interval_in_words, value_in_words
from inkmint.files import write_json, write_text
from inkmint.zoo import find

LICENCE = "MIT, like the rest of the package. MNIST is by LeCun, Cortes and Burges (CC BY-SA 3.0)."
SCOPE = (
    "It knows digits as MNIST shows them: 28x28, bright ink on dark, 20 pixels tall, centred. Nothing is promised of "
    "others."
)


def write_card(card: Card, folder: Path) -> None:
    """Write figures.json and README.md into the model's folder."""
    write_json(folder / FIGURES, card.model_dump(mode="json"))
    write_text(folder / "README.md", render(card))


def render(card: Card) -> str:
    """The card as Markdown."""
    row = find(card.model)
    first, *others = card.runs
    also = "".join(
        f"; also seed {run.seed} in {run.seconds:,.0f} s{'' if run.machine == first.machine else f' on {run.machine}'}"
        for run in others
    )
    settings_toml = "\n".join(f"{name} = {json.dumps(value)}" for name, value in card.settings.items())
    works = "mints" if card.kind == "generator" else "reads"
    kept = (
        "kept and computed in float32"
        if card.stored_as == "float32"
        else f"kept in {card.stored_as}, computed in float32"
    )
    blocks = [
        f"# {card.name}",
        f"{row.about[0].upper()}{row.about[1:]} (row `{card.model}` of the zoo, {row.paper}).",
        _gallery(card),
        f"""- Data: MNIST, the first 50,000 training images; the last 10,000 are for validation, and test images for the
  figures below alone.
- Training: recipe `{card.recipe}`, seed {first.seed}, {first.seconds:,.0f} s on {first.machine}{also}.
- Made {card.made} by `python scripts/build_weights.py {card.name}`, inkmint {card.inkmint}.
- Size: {card.num_parameters:,} parameters, {card.num_bytes:,} bytes, {kept}; SHA-256 `{card.weights_sha256}`.
- Speed: {works} {_round(card.speed.median)} images/s on {card.speed.machine}; median of {card.speed.num_times} \
times {card.speed.num_images:,}, {_round(card.speed.slowest)} to {_round(card.speed.fastest)}.
- Licence: {LICENCE}""",
        f"What the recipe sets, apart from the defaults:\n\n```toml\n{settings_toml}\n```",
        "## Figures",
        _about_figures(card),
        _table(card),
        *card.notes,
        _picture(card, "nearest"),
        "## Known failures",
        *card.failures,
        _picture(card, "worst"),
        SCOPE,
        "## How the figures are measured",
        "\n".join(_protocols(card)),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _round(speed: float) -> str:
    """Two digits: no more are the same the next time."""
    return f"{float(f'{speed:.2g}'):,.0f}" if speed >= 10 else f"{speed:.1f}"


def _picture(card: Card, name: str) -> str:
    """One of the card's pictures; empty if it has none of that name."""
    return f"![{card.pictures[name]}]({name}.png)" if name in card.pictures else ""


def _gallery(card: Card) -> str:
    """Minted digits beside real ones."""
    shown = [name for name in ("samples", "real") if name in card.pictures]
    if not shown:
        return ""
    heads = " | ".join(card.pictures[name] for name in shown)
    pictures = " | ".join(_picture(card, name) for name in shown)
    return f"| {heads} |\n|{'---|' * len(shown)}\n| {pictures} |"


def _about_figures(card: Card) -> str:
    first, *others = card.seeds
    measured = (
        "Measured on the MNIST test images, of the weights as they are stored; how, stands at the end. The figures of "
        f"seed {first}, which is shipped, have intervals over images."
    )
    if not others:
        return f"{measured} There is one training run: what another seed would give is not known."
    seeds = f"{', '.join(map(str, card.seeds[:-1]))} and {card.seeds[-1]}"
    return (
        f"{measured} Beside them those of the training runs of seeds {seeds}: mean and standard deviation, Student's "
        "interval of the mean, and where one more seed falls in 95 of 100 cases, which "
        f"`python scripts/build_weights.py --check {card.name}` holds a new training run against."
    )


def _table(card: Card) -> str:
    """A row for each figure; columns for which there is nothing are left out."""
    rows = [_row(known) for known in card.figures]
    heads = [head for head in rows[0] if any(row[head] for row in rows)]
    lines = [[_head(card, head) for head in heads], ["---", *["---:"] * (len(heads) - 1)]]
    lines += [[row[head] for head in heads] for row in rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _head(card: Card, head: str) -> str:
    return head.format(shipped=card.seeds[0], num_seeds=len(card.seeds))


def _row(known: SeedFigure) -> dict[str, str]:
    """Cells by the head of their column, in the order of the table; empty where there is nothing."""
    shipped = known.shipped
    references = [reference for reference in known.references if reference is not None]

    def words(value: float | None) -> str:
        return "" if value is None else value_in_words(value, shipped.unit)

    def interval(ends: Interval | None) -> str:
        return interval_in_words(shipped.model_copy(update={"interval": ends}))

    several = known.standard_deviation is not None
    return {
        "figure": f"`{shipped.name}`",
        "seed {shipped}": words(shipped.value),
        "95 % interval": interval(shipped.interval),
        "mean ± SD of {num_seeds} seeds": f"{words(known.mean)} ± {words(known.standard_deviation)}"
        if several
        else "",
        "95 % of the mean": interval(known.mean_interval),
        "95 % of one more seed": interval(known.prediction_interval),
        "real digits": words(float(np.mean(references))) if references else "",
        "images": f"{shipped.num_images:,}",
    }


def _protocols(card: Card) -> list[str]:
    """A point for each figure: the protocol, and what stands in the column of real digits."""
    return [
        f"- `{known.shipped.name}`: {known.shipped.protocol}"
        + (f" Real digits: {known.shipped.reference_name}." if known.shipped.reference_name else "")
        for known in card.figures
    ]
