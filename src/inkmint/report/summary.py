"""The sentences that open the page, made of the figures."""

from collections.abc import Iterable, Sequence
from itertools import islice

from inkmint.evaluation.figure import Figure, value_in_words


def summarise(figures: Sequence[Figure]) -> list[str]:
    """Answer in words: do minted digits teach, can they be read, are they copies?

    Figures that answer none of this, or that lack their reference, are left to the table, and so is what a second
    judge has to say.
    """
    sentences = {"tstr": _worth, "label_agreement": _agreement, "nearest_distance": _copies}
    found = [
        sentence(figure)
        for protocol, sentence in sentences.items()
        for figure in islice(_of(protocol, figures), 1)
        if figure.reference is not None
    ]
    return found or [_accuracy(figure) for figure in _of("test_accuracy", figures)]


def _of(protocol: str, figures: Iterable[Figure]) -> Iterable[Figure]:
    return (
        figure
        for figure in figures
        if figure.name.startswith(f"{protocol}_") and not figure.name.startswith("tstr_gap_")
    )


def _worth(figure: Figure) -> str:
    return (
        f"A recogniser that was trained on minted digits alone reads {_value(figure)} of {figure.num_images:,} real "
        f"test digits; {figure.reference_name}, it reads {_reference(figure)}."
    )


def _agreement(figure: Figure) -> str:
    return (
        f"A judge trained on real digits alone reads {_value(figure)} of {figure.num_images:,} minted ones as the "
        f"class they were asked to be; of real test digits it reads {_reference(figure)} correctly."
    )


def _copies(figure: Figure) -> str:
    return (
        f"The nearest training image is {_value(figure)} pixel units away from a typical minted digit, and "
        f"{_reference(figure)} from a new real one; from a copy it would be near 0."
    )


def _accuracy(figure: Figure) -> str:
    return f"The recogniser reads {_value(figure)} of {figure.num_images:,} real test digits correctly."


def _value(figure: Figure) -> str:
    return value_in_words(figure.value, figure.unit)


def _reference(figure: Figure) -> str:
    assert figure.reference is not None
    return value_in_words(figure.reference, figure.unit)
