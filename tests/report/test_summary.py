from dataclasses import replace

from inkmint.evaluation.figure import Figure
from inkmint.report.summary import summarise


def test_the_first_sentence_says_whether_minted_digits_teach(evaluation):
    sentences = summarise(evaluation.figures)
    assert sentences == [
        "A recogniser that was trained on minted digits alone reads 91.2% of 1,000 real test digits; trained on "
        "10,000 real digits, it reads 97.5%.",
        "A judge trained on real digits alone reads 96.1% of 1,000 minted ones as the class they were asked to be; "
        "of real test digits it reads 98.8% correctly.",
        "The nearest training image is 4.90 pixel units away from a typical minted digit, and 5.10 from a new real "
        "one; from a copy it would be near 0.",
    ]


def test_a_figure_without_reference_makes_no_sentence(evaluation):
    bare = [figure.model_copy(update={"reference": None}) for figure in evaluation.figures]
    assert summarise(replace(evaluation, figures=tuple(bare)).figures) == []


def test_a_recogniser_alone_is_summed_up_by_its_accuracy():
    figure = Figure(
        name="test_accuracy_lenet_1k",
        value=0.98,
        unit="share",
        num_images=1000,
        better="higher",
        protocol="Share read correctly.",
    )
    assert summarise([figure]) == ["The recogniser reads 98.0% of 1,000 real test digits correctly."]
