"""What is seen of a generator at an epoch's end: figures of constructed sets."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from inkmint.data.digits import DigitSet, Splits
from inkmint.data.pixels import to_network
from inkmint.training.tasks import Draws
from inkmint.training.views import MEASURED_SAMPLES, GeneratorView, InformedJudge, Judge, class_spread


def numbered(digits: DigitSet) -> Tensor:
    """One picture of each class that tells its label in its first pixel."""
    pictures_KHW = torch.stack([digits.images[digits.labels == label][0] for label in range(10)])
    pictures_KHW[:, 0, 0] = 20 * torch.arange(10)
    return pictures_KHW


def read_number(images_NHW: Tensor) -> Tensor:
    return images_NHW[:, 0, 0].long() // 20


class Stamp(nn.Module):
    """Draws the same picture whenever it is asked for the same label."""

    latent_size = 2

    def __init__(self, pictures_KHW: Tensor, label_of: Callable[[Tensor], Tensor] = lambda y_N: y_N) -> None:
        super().__init__()
        self.pictures_KHW, self.label_of = pictures_KHW, label_of

    def forward(self, z_NZ: Tensor, y_N: Tensor) -> Tensor:
        return to_network(self.pictures_KHW[self.label_of(y_N)])


def measured(product: nn.Module, judge: Judge | None, conditional: bool = True) -> dict[str, float]:
    draws = Draws(torch.Generator().manual_seed(0), 64, torch.device("cpu"))
    return GeneratorView(10, conditional, judge=judge).measure(product, draws)


def diversity(images_NHW: Tensor, y_N: Tensor, real: DigitSet) -> float | None:
    return InformedJudge(read_number, real).diversity(images_NHW, y_N)


def known(found: float | None) -> float:
    assert found is not None
    return found


def test_one_picture_of_each_class_is_no_diversity_at_all(starter: Splits) -> None:
    y_N = torch.arange(100) % 10
    assert diversity(numbered(starter.train)[y_N], y_N, starter.validation) == 0


def test_other_real_digits_are_as_varied_as_real_ones(starter: Splits) -> None:
    for digits in (starter.train, starter.test):
        found = known(diversity(digits.images, digits.labels, starter.validation))
        assert found == pytest.approx(1, abs=0.05)


def test_two_pictures_of_each_class_are_half_as_varied(starter: Splits) -> None:
    """Over many pairs of pictures: `1 - 1 / m` for m pictures, each shown 50 times."""
    found = []
    for seed in range(20):
        pair = starter.train.sample_per_class(2, seed)
        found.append(
            known(diversity(pair.images.repeat(50, 1, 1), pair.labels.repeat(50), starter.validation))
        )
    assert sum(found) / len(found) == pytest.approx(0.5, abs=0.04)


def test_faint_digits_are_less_varied_and_inverted_ones_as_much(starter: Splits) -> None:
    images, labels = starter.test.images, starter.test.labels
    whole = known(diversity(images, labels, starter.validation))
    assert diversity(images // 2, labels, starter.validation) == pytest.approx(whole / 2, rel=0.01)
    assert diversity(255 - images, labels, starter.validation) == pytest.approx(whole, rel=1e-6)


def test_digits_of_mixed_classes_are_more_varied_than_those_of_one(starter: Splits) -> None:
    mixed = starter.test.labels[torch.randperm(len(starter.test), generator=torch.Generator().manual_seed(0))]
    assert known(diversity(starter.test.images, mixed, starter.validation)) > 1.1


def test_classes_that_are_rare_do_not_count(starter: Splits) -> None:
    same = numbered(starter.train)
    four = starter.test.images[starter.test.labels == 3][:4]
    images, labels = torch.cat([same[:1].repeat(6, 1, 1), four]), torch.tensor([0] * 6 + [3] * 4)
    assert diversity(images, labels, starter.validation) == 0
    assert diversity(four, labels[6:], starter.validation) is None


def test_classes_of_which_all_real_digits_are_the_same_do_not_count(starter: Splits) -> None:
    y_N = torch.arange(100) % 10
    real = DigitSet(numbered(starter.train)[y_N], y_N, "stamps")
    assert diversity(starter.test.images, starter.test.labels, real) is None


def test_the_spread_is_the_mean_distance_of_all_pairs() -> None:
    images_NHW = torch.zeros(5, 28, 28, dtype=torch.uint8)
    images_NHW[0, 3, 4] = 255
    images_NHW[1, 5, 5] = 255
    two_to_each_other, six_to_the_rest, rest = 2**0.5, 6 * 1.0, 3 * 0.0
    spread_K = class_spread(images_NHW, torch.ones(5, dtype=torch.int64), 3)
    assert spread_K[1].item() == pytest.approx((two_to_each_other + six_to_the_rest + rest) / 10)
    assert spread_K.isnan().tolist() == [True, False, True]


def test_evenly_spaced_digits_stand_for_a_large_class() -> None:
    images_NHW = torch.randint(256, (1000, 28, 28), generator=torch.Generator().manual_seed(0)).byte()
    y_N = torch.zeros(1000, dtype=torch.int64)
    assert torch.equal(class_spread(images_NHW, y_N, 1), class_spread(images_NHW[::5], y_N[::5], 1))


def test_an_obedient_stamp_has_every_class_and_no_variety(starter: Splits) -> None:
    judge = InformedJudge(read_number, starter.validation)
    figures = measured(Stamp(numbered(starter.train)), judge)
    assert figures.keys() == {
        "background",
        "contrast",
        "classes_present",
        "smallest_class",
        "label_agreement",
        "diversity",
    }
    assert (figures["classes_present"], figures["label_agreement"], figures["diversity"]) == (10, 1, 0)
    assert 0.06 < figures["smallest_class"] <= 0.1


def test_missing_classes_are_counted_and_the_rarest_has_no_share(starter: Splits) -> None:
    stamp = Stamp(numbered(starter.train), lambda y_N: y_N % 7)
    figures = measured(stamp, read_number)
    assert (figures["classes_present"], figures["smallest_class"]) == (7, 0)
    assert figures["label_agreement"] == pytest.approx(0.7, abs=0.05)


def test_the_share_of_the_rarest_class_is_exact(starter: Splits) -> None:
    seen_N = torch.arange(MEASURED_SAMPLES) % 10
    seen_N[130:] = 0
    figures = measured(Stamp(numbered(starter.train)), lambda images_NHW: seen_N, conditional=False)
    assert figures["smallest_class"] == 0.013
    assert "label_agreement" not in figures


def test_without_real_digits_nothing_is_said_of_variety_and_without_a_judge_nothing_of_classes(
    starter: Splits,
) -> None:
    stamp = Stamp(numbered(starter.train))
    assert "diversity" not in measured(stamp, read_number)
    assert measured(stamp, None).keys() == {"background", "contrast"}


def test_what_is_drawn_on_paper_is_as_varied(starter: Splits) -> None:
    judge = InformedJudge(read_number, starter.validation)
    draws = Draws(torch.Generator().manual_seed(0), 64, torch.device("cpu"))
    on_paper = GeneratorView(10, True, on_paper=True, judge=judge)
    figures = on_paper.measure(Stamp(255 - numbered(starter.train)), draws)
    assert (figures["classes_present"], figures["label_agreement"], figures["diversity"]) == (10, 1, 0)


def test_measuring_twice_gives_the_same_and_draws_what_it_did_before(starter: Splits) -> None:
    """Diversity takes no random numbers: the draws after it are those without it."""
    stamp = Stamp(numbered(starter.train))
    found, left = [], []
    for judge in (InformedJudge(read_number, starter.validation), read_number):
        generator = torch.Generator().manual_seed(3)
        view = GeneratorView(10, True, judge=judge)
        found.append(view.measure(stamp, Draws(generator, 64, torch.device("cpu"))))
        left.append(torch.rand(3, generator=generator))
    assert {**found[1], "diversity": 0.0} == found[0]
    assert torch.equal(*left)
