"""The two losses of each player against torch's own cross-entropies and closed forms."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from inkmint.nets.blocks import Critique
from inkmint.objectives import NonSaturating, fake_loss, real_loss

LOGITS = torch.tensor([-3.0, -0.5, 0.0, 0.25, 4.0])


def critic(x_NCHW: Tensor, y_N: Tensor) -> Critique:
    """Calls an image as real as its mean, and of class 0, 1 or 2 by its first pixels."""
    return Critique(x_NCHW.mean(dim=(1, 2, 3)), x_NCHW[:, 0, 0, :3])


def some_images(num: int, seed: int) -> Tensor:
    return torch.randn(num, 1, 4, 4, generator=torch.Generator().manual_seed(seed))


def test_real_and_fake_loss_are_binary_cross_entropy_against_ones_and_zeros() -> None:
    torch.testing.assert_close(
        real_loss(LOGITS), F.binary_cross_entropy_with_logits(LOGITS, torch.ones_like(LOGITS))
    )
    torch.testing.assert_close(
        fake_loss(LOGITS), F.binary_cross_entropy_with_logits(LOGITS, torch.zeros_like(LOGITS))
    )


def test_an_undecided_discriminator_loses_log_two_on_either_side() -> None:
    assert real_loss(torch.zeros(7)).item() == pytest.approx(math.log(2))
    assert fake_loss(torch.zeros(7)).item() == pytest.approx(math.log(2))


def test_losses_of_extreme_logits_are_finite_and_linear() -> None:
    assert real_loss(torch.tensor([-1e4])).item() == 1e4
    assert fake_loss(torch.tensor([1e4])).item() == 1e4
    assert real_loss(torch.tensor([1e4])).item() == 0


def test_the_generator_still_learns_when_the_discriminator_is_sure() -> None:
    """The non-saturating form: the gradient at a logit of -20 is -1, where the minimax form's is 0."""
    logit = torch.tensor([-20.0], requires_grad=True)
    real_loss(logit).backward()
    assert logit.grad.item() == pytest.approx(-1)


def test_the_discriminator_loses_on_real_and_fake_images_apart() -> None:
    x_NCHW, fake_x_NCHW, y_N = some_images(6, 0), some_images(6, 1), torch.arange(6) % 3
    losses = NonSaturating().discriminator_loss(critic, x_NCHW, y_N, fake_x_NCHW, y_N)
    assert losses.keys() == {"real", "fake"}
    torch.testing.assert_close(losses["real"], real_loss(x_NCHW.mean(dim=(1, 2, 3))))
    torch.testing.assert_close(losses["fake"], fake_loss(fake_x_NCHW.mean(dim=(1, 2, 3))))


@pytest.mark.parametrize("weight", [1.0, 0.25])
def test_the_class_term_of_the_discriminator_looks_at_real_images_only(weight: float) -> None:
    x_NCHW, y_N = some_images(6, 0), torch.arange(6) % 3
    expected = weight * F.cross_entropy(x_NCHW[:, 0, 0, :3], y_N)
    for seed in (1, 2):
        fake_x_NCHW, fake_y_N = some_images(6, seed), torch.full((6,), seed)
        losses = NonSaturating(weight).discriminator_loss(critic, x_NCHW, y_N, fake_x_NCHW, fake_y_N)
        assert losses.keys() == {"real", "fake", "class"}
        torch.testing.assert_close(losses["class"], expected)


def test_the_generator_wants_its_images_called_real_and_of_the_class_asked_for() -> None:
    fake_x_NCHW, fake_y_N = some_images(6, 1), torch.arange(6) % 3
    losses = NonSaturating(class_weight=0.5).generator_loss(critic, fake_x_NCHW, fake_y_N)
    assert losses.keys() == {"adversarial", "class"}
    torch.testing.assert_close(losses["adversarial"], real_loss(fake_x_NCHW.mean(dim=(1, 2, 3))))
    torch.testing.assert_close(losses["class"], 0.5 * F.cross_entropy(fake_x_NCHW[:, 0, 0, :3], fake_y_N))


def test_without_a_class_term_the_class_head_is_left_alone() -> None:
    losses = NonSaturating().generator_loss(critic, some_images(6, 1), torch.zeros(6, dtype=torch.int64))
    assert losses.keys() == {"adversarial"}


def test_a_class_term_without_a_class_head_is_a_programming_error() -> None:
    def blind(x_NCHW: Tensor, y_N: Tensor) -> Critique:
        return Critique(x_NCHW.mean(dim=(1, 2, 3)))

    with pytest.raises(AssertionError, match="class head"):
        NonSaturating(class_weight=1.0).generator_loss(blind, some_images(2, 0), torch.zeros(2).long())
