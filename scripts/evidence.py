"""The text of docs/evidence.md: what figures mean, what they see, and what they say of the zoo."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from train_zoo import BY_BOTH, CEILING, RANKING, fits_a_laptop, is_due

from inkmint.evaluation.figure import value_in_words
from inkmint.evaluation.judge import JUDGE, SECOND_JUDGE
from inkmint.recipes import RECIPES
from inkmint.training.recipe import Recipe
from inkmint.zoo import find

NOT_YET = "not measured yet"
ROUNDING = 1e-6

MEANINGS: Mapping[str, tuple[str, str, str]] = {
    "label_agreement": (
        "Label agreement",
        "Share of minted digits that the judge reads as the class asked for; higher is better. Beside it: the judge's "
        "accuracy on real test images.",
        "Sees digits of the wrong class. Rises when digits get plainer: above the judge's accuracy on real ones they "
        "are easier to read than real ones, often because they are all alike.",
    ),
    "recognisable": (
        "Recognisable",
        "Share of minted digits that the judge is as sure of as of 95 % of real validation images, whatever it reads; "
        "higher is better. Beside it: the share of real test images.",
        "Sees blurred and broken digits, not wrong labels and no lack of variety.",
    ),
    BY_BOTH: (
        "By both judges",
        "The same where a second judge is as sure and reads the same class.",
        "A digit that fools one network seldom fools two; otherwise as above.",
    ),
    "digit_inception_score": (
        "Score",
        "Inception score with the judge in Inception's place, from 1 to the number of classes; higher is better.",
        "Sees unsure readings and uneven classes, and nothing else: one perfect image per class scores best.",
    ),
    "frechet": (
        "Fréchet",
        "Fréchet distance of the judge's features between minted and real test digits; lower is better.",
        "Sees quality and variety at once and does not say which is short. Falls with the number of images, so that "
        "only sets of the same size compare; the floor is that of real validation images.",
    ),
    "kid_digits": (
        "Kernel",
        "Kernel distance of the same features; lower is better, about 0 for real digits, and may be below.",
        "Sees much what the Fréchet distance sees, but does not depend on the number of images.",
    ),
    "precision": (
        "Precision",
        "Share of minted digits that lie near a real one in the judge's features; higher is better.",
        "Easily fooled: digits without features of their own may lie in the wide balls of rare real ones, so that "
        "whether it sees blur depends on the judge. Read it beside recall and coverage.",
    ),
    "recall": (
        "Recall",
        "Share of real digits that lie near a minted one; higher is better.",
        "Sees kinds of digits that are never minted. Scattered digits widen the balls that it counts with.",
    ),
    "density": (
        "Density",
        "Real digits that a minted one lies near, over five; best at the real value.",
        "Above the real value digits crowd where real ones are commonest; below it they lie apart from them.",
    ),
    "coverage": (
        "Coverage",
        "Share of real digits whose surroundings hold a minted one; higher is better.",
        "Sees blur and lack of variety; scattered digits do not help it, as its balls are those of real ones.",
    ),
    "effective_classes": (
        "Classes",
        "Effective number of classes that the judge reads: exp(entropy) of their shares; higher is better.",
        "Sees a class that is missing or rare. Labels are not looked at, and variety within a class is not seen.",
    ),
    "diversity": (
        "Diversity",
        "Mean pixel distance between minted digits of one class over that of real ones; best at the real value.",
        "Sees copies of one digit (0) and too tidy a hand (below 1). Noise raises it: above 1 is no praise.",
    ),
    "nearest_distance": (
        "Nearest",
        "Median pixel distance from a minted digit to the nearest training image; best at that of real test images.",
        "Sees copies of training images, near 0. Much farther away than real ones lies what is no digit.",
    ),
    "nearer_to_training": (
        "Nearer to training",
        "Share of minted digits that lie nearer to a training image than to a held-out one, of as many of either; best "
        "at that of real test images, about one half.",
        "Sees copies of training images, towards 100 %, and not smoothness, which brings digits nearer to both.",
    ),
    "tstr": (
        "TSTR",
        "Train on synthetic, test on real: accuracy on real test images of a recogniser that learnt from minted digits "
        "alone; higher is better. Beside it: the same recipe, number of digits, steps and seed on real digits.",
        "Sees whether labels are right and whether what a recogniser needs is there. Blind to faults that do not "
        "mislead a recogniser.",
    ),
    "trts": (
        "TRTS",
        "Train on real, test on synthetic: accuracy on minted digits of the recogniser that learnt from real ones; "
        "beside it: its accuracy on real test images.",
        "As label agreement: one plain digit per class scores full marks. It says nothing without its reverse.",
    ),
}

TABLES = (
    ("label_agreement", "recognisable", BY_BOTH, "digit_inception_score", "frechet", "kid_digits"),
    (
        "precision",
        "recall",
        "density",
        "coverage",
        "effective_classes",
        "diversity",
        "nearest_distance",
        "nearer_to_training",
    ),
)


def evidence_page(results: Mapping[str, Any], damage: Mapping[str, Any] | None) -> str:
    """The page below its notice; what was not measured yet is said to be so."""
    generators = [
        recipe
        for recipe in RECIPES.values()
        if fits_a_laptop(recipe) and find(recipe.model).kind == "generator"
    ]
    current = {recipe.name: results[recipe.name] for recipe in generators if not is_due(recipe, results)}
    return "\n".join(
        [
            "# Evidence",
            "",
            "What the figures of `inkmint evaluate` mean, what they see of digits that are damaged on purpose, and",
            "what they say of every generator's quick run. Each stands beside the same figure of real digits. Made by",
            "`python scripts/train_zoo.py` and `python scripts/damage.py`; one training run of each generator, seed 0,",
            "so no interval here holds the spread between training runs unless it says so. For that:",
            "`inkmint compare --by-recipe` over runs of several seeds.",
            "",
            *_meanings(),
            *_damages(damage),
            *_figures(generators, current),
            *_judges(results.get(RANKING, {})),
            *_teaching(generators, current, results.get(CEILING)),
        ]
    )


def _meanings() -> Iterator[str]:
    yield from (
        "## What a figure sees, and what it does not",
        "",
        "| figure | what it is | what it sees |",
        "|---|---|---|",
    )
    for name, (title, meaning, sees) in MEANINGS.items():
        yield f"| {title} (`{name}`) | {meaning} | {sees} |"
    yield ""


def _damages(damage: Mapping[str, Any] | None) -> Iterator[str]:
    yield from ("## Damaged on purpose", "")
    if damage is None:
        yield from (f"Real digits, damaged: {NOT_YET}; run `python scripts/damage.py`.", "")
        return
    names = damage["damages"]
    yield from (
        f"Half of the real test digits, {damage['num_images']:,}, stand for minted ones, damaged in one way or",
        f"another; the other half is what they are held against, by the judge `{damage['judge']}` (weights",
        f"{damage['judge_sha256'][:12]}). Bold: the 95 % interval parts from that of the undamaged half, so the figure",
        "notices. Real: what `inkmint evaluate` prints beside the figure, of real images in their place.",
        "",
        f"| figure | real | {' | '.join(names)} |",
        f"|---|---:|{'---:|' * len(names)}",
    )
    for name, figure in damage["figures"].items():
        words = _in_words(figure["unit"])
        cells = [
            f"**{value}**" if each in figure["caught"] else value
            for each in names
            for value in (words(figure["values"][each]),)
        ]
        real = "" if figure["reference"] is None else words(figure["reference"])
        yield f"| {_title(name)} | {real} | {' | '.join(cells)} |"
    yield ""


def _figures(generators: Sequence[Recipe], results: Mapping[str, Any]) -> Iterator[str]:
    yield from (
        "## Every generator's quick run",
        "",
        f"10,000 minted digits each, by the judge `{JUDGE}`, with 95 % intervals over images. Generators that know no",
        "classes have no label agreement. The first row is the same figure of real digits.",
        "",
    )
    for names in TABLES:
        yield f"| recipe | {' | '.join(map(_title, names))} |"
        yield f"|---|{'---:|' * len(names)}"
        by_recipe = {
            recipe.name: results.get(recipe.name, {}).get("figures", {}).get(JUDGE) for recipe in generators
        }
        yield f"| real digits | {' | '.join(_references(name, by_recipe.values()) for name in names)} |"
        for recipe, figures in by_recipe.items():
            if figures is None:
                yield f"| `{recipe}` | {NOT_YET} |{' |' * (len(names) - 1)}"
            else:
                yield f"| `{recipe}` | {' | '.join(_cell(figures.get(name)) for name in names)} |"
        yield ""


def _judges(ranking: Mapping[str, Any]) -> Iterator[str]:
    first, second = ranking.get("judges", (JUDGE, SECOND_JUDGE))
    yield from (
        "## Two judges",
        "",
        f"Whether `{first}` and `{second}`, networks of different architectures that were each trained on their own,",
        "put the generators into the same order: Spearman's rank correlation, 1 if they do.",
        "",
    )
    for name in ("frechet", "label_agreement"):
        found = ranking.get(name)
        if found is None:
            yield from (f"{_title(name)}: {NOT_YET}.", "")
            continue
        words = _in_words("distance" if name == "frechet" else "share")
        values = found["values"]
        places = [_ranks([pair[at] for pair in values.values()], falling=name != "frechet") for at in (0, 1)]
        yield from (
            f"{_title(name)}: Spearman {found['spearman']:.3f} over {len(values)} generators.",
            "",
            f"| recipe | `{first}` | place | `{second}` | place |",
            "|---|---:|---:|---:|---:|",
        )
        for at, (recipe, pair) in enumerate(values.items()):
            yield f"| `{recipe}` | {words(pair[0])} | {places[0][at]} | {words(pair[1])} | {places[1][at]} |"
        yield ""


def _teaching(
    generators: Sequence[Recipe], results: Mapping[str, Any], ceiling: Mapping[str, Any] | None
) -> Iterator[str]:
    yield from (
        "## What minted digits teach",
        "",
        "A recogniser learns from minted digits alone, as many as there are real training digits and of the same",
        "classes, and another from the real ones by the same recipe and seed; both are tested on the real test images.",
        "The interval is Wilson's over images where there is one seed, else Student's over seeds.",
        "",
    )
    if ceiling is None:
        yield f"Ceiling, the real digits themselves: {NOT_YET}."
    else:
        low, high = ceiling["interval"]
        yield (
            f"Ceiling: `{ceiling['learner']}` trained on {ceiling['num_train']:,} real digits reads "
            f"{ceiling['mean']:.2%} of {ceiling['num_test']:,} test images ({low:.2%} to {high:.2%}, Student's "
            f"interval over {len(ceiling['seeds'])} seeds; standard deviation {ceiling['spread']:.2%}); seed by seed: "
            f"{', '.join(f'{share:.2%}' for share in ceiling['accuracies'])}."
        )
    yield from (
        "",
        "| recipe | TSTR | 95 % interval | on real digits | gap, points | TRTS | on real test images | seeds |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    )
    notes = []
    for recipe in generators:
        if not find(recipe.model).conditional:
            continue
        lesson = results.get(recipe.name, {}).get("tstr")
        if lesson is None:
            yield f"| `{recipe.name}` | {NOT_YET} | | | | | | |"
            continue
        tstr, trts = lesson["figures"]["tstr"], lesson["figures"]["trts"]
        low, high = tstr["interval"]
        yield (
            f"| `{recipe.name}` | {tstr['value']:.2%} | {low:.2%} to {high:.2%} | {tstr['reference']:.2%} "
            f"| {_gap(lesson['figures'])} | {trts['value']:.2%} | {trts['reference']:.2%} "
            f"| {', '.join(map(str, lesson['seeds']))} |"
        )
        notes += [f"- `{recipe.name}`: {note}" for note in lesson["notes"]]
    yield from ("", *notes, *([""] if notes else []))


def _gap(figures: Mapping[str, Any]) -> str:
    gap = figures.get("tstr_gap")
    if gap is None:
        return f"{100 * (figures['tstr']['value'] - figures['tstr']['reference']):+.2f}"
    low, high = gap["interval"]
    return f"{100 * gap['value']:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})"


def _title(name: str) -> str:
    return MEANINGS[name][0] if name in MEANINGS else f"`{name}`"


def _in_words(unit: Any) -> Callable[[float], str]:
    """What writes a value of that unit; rounding errors of a true 0 are none of its digits."""
    return lambda value: value_in_words(value if abs(value) > ROUNDING else 0.0, unit)


def _cell(figure: Mapping[str, Any] | None) -> str:
    if figure is None:
        return ""
    words = _in_words(figure["unit"])
    if figure["interval"] is None:
        return words(figure["value"])
    low, high = map(words, figure["interval"])
    return f"{words(figure['value'])}<br>{low} to {high}"


def _references(name: str, all_figures: Iterable[Mapping[str, Any] | None]) -> str:
    """The real digits' value; several where it depends on whether classes are asked for."""
    known = [figures[name] for figures in all_figures if figures and name in figures]
    words = [
        _in_words(figure["unit"])(figure["reference"]) for figure in known if figure["reference"] is not None
    ]
    return " or ".join(dict.fromkeys(words))


def _ranks(values: Sequence[float], *, falling: bool) -> list[int]:
    order = sorted(range(len(values)), key=lambda place: values[place], reverse=falling)
    return [order.index(place) + 1 for place in range(len(values))]
