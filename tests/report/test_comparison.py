"""The page of a comparison, from hand-made figures."""

import numpy as np

from inkmint.evaluation.figure import Figure
from inkmint.evaluation.record import Evaluation
from inkmint.report.comparison import render_comparison
from inkmint.studies.comparison import Comparison, PairTest, Subject, rows_of

HOSTILE = "<script>alert('x')</script>{{ 7 * 7 }}"


def comparison(*values: float, pictures: bool = True) -> Comparison:
    names = [HOSTILE, *(f"subject {place}" for place in range(1, len(values)))]
    figures = [
        Figure(
            name="agreement_judge_1k",
            value=value,
            unit="share",
            interval=(value - 0.02, value + 0.02),
            reference=0.9,
            reference_name="judge on 1,000 real test images",
            num_images=1000,
            better="higher",
            protocol="Share of the digits.",
            judge_sha256="0123456789abcdef",
        )
        for value in values
    ]
    sheet = np.zeros((30, 40), dtype=np.uint8)
    shown = {"samples": sheet, "real": sheet} if pictures else {}
    subjects = tuple(
        Subject(name, name, Evaluation("digits", (figure,), ("0", "1"), pictures=shown))
        for name, figure in zip(names, figures, strict=True)
    )
    tests = () if pictures else (PairTest(names[0], names[1], 1234, 5, 1e-9),)
    return Comparison(subjects, rows_of(names, [[figure] for figure in figures]), "few", 3, tests)


def test_the_best_is_strong_where_the_intervals_part() -> None:
    assert '<strong class="value">80.0% *</strong>' in render_comparison(comparison(0.7, 0.8, 0.6))
    assert "<strong" not in render_comparison(comparison(0.79, 0.8, 0.6))


def test_the_reference_is_the_last_column() -> None:
    page = render_comparison(comparison(0.7, 0.8))
    row = page.split("<tbody>")[1].split("</tr>")[0]
    assert row.index("70.0%") < row.index("80.0%") < row.index("90.0%") < row.index("judge on 1,000")


def test_data_seed_and_judge_are_named() -> None:
    page = render_comparison(comparison(0.7, 0.8))
    for expected in ("Real digits: few.", "mint from seed 3.", "<code>0123456789ab</code>", "n = 1,000"):
        assert expected in page


def test_names_are_text_and_nothing_is_loaded() -> None:
    page = render_comparison(comparison(0.7, 0.8))
    assert "<script" not in page
    assert "{{ 7 * 7 }}" in page
    assert "http" not in page
    assert page.count("<img") == 3


def test_recognisers_have_tests_and_no_sheets() -> None:
    page = render_comparison(comparison(0.7, 0.8, pictures=False))
    assert "1,234" in page
    assert "1e-09" in page
    assert "<img" not in page
