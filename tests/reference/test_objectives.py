"""The losses of each player against torch's own cross-entropies, closed forms, and the papers' equations."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from inkmint.nets.blocks import Critique
from inkmint.objectives import ADVERSARIAL, Critic, Objective, Sample, fake_loss, real_loss

LOGITS = torch.tensor([-3.0, -0.5, 0.0, 0.25, 4.0])
NUM = 6
every_loss = pytest.mark.parametrize("loss", ADVERSARIAL)


def means(x_NCHW: Tensor) -> Tensor:
    return x_NCHW.mean(dim=(1, 2, 3))


def judge(x_NCHW: Tensor, y_N: Tensor) -> Critique:
    """Calls an image as real as its mean, and of class 0 to 3 by its first pixels."""
    return Critique(means(x_NCHW), x_NCHW[:, 0, 0, :4])


CRITIC = Critic(judge)


def some(seed: int, num_classes: int = 2) -> Sample:
    x_NCHW = torch.randn(NUM, 1, 4, 4, generator=torch.Generator().manual_seed(seed))
    return Sample(x_NCHW, (torch.arange(NUM) + seed) % num_classes)


def uniform(size: int) -> Tensor:
    return torch.linspace(0, 1, NUM * size).reshape(NUM, size)


def d_losses(objective: Objective, critic: Critic = CRITIC, fake_seed: int = 1) -> dict[str, Tensor]:
    return objective.discriminator_loss(critic, some(0), some(fake_seed), uniform)


def g_losses(objective: Objective, critic: Critic = CRITIC) -> dict[str, Tensor]:
    return objective.generator_loss(critic, some(0), some(1))


def test_real_and_fake_loss_are_binary_cross_entropy_against_ones_and_zeros() -> None:
    torch.testing.assert_close(
        real_loss(LOGITS), F.binary_cross_entropy_with_logits(LOGITS, torch.ones_like(LOGITS))
    )
    torch.testing.assert_close(
        fake_loss(LOGITS), F.binary_cross_entropy_with_logits(LOGITS, torch.zeros_like(LOGITS))
    )


@pytest.mark.parametrize("target", [0.9, 0.7])
def test_a_smoothed_target_is_binary_cross_entropy_against_it(target: float) -> None:
    torch.testing.assert_close(
        real_loss(LOGITS, target),
        F.binary_cross_entropy_with_logits(LOGITS, torch.full_like(LOGITS, target)),
    )


def test_an_undecided_discriminator_loses_log_two_on_either_side() -> None:
    assert real_loss(torch.zeros(7)).item() == pytest.approx(math.log(2))
    assert fake_loss(torch.zeros(7)).item() == pytest.approx(math.log(2))


def test_losses_of_extreme_logits_are_finite_and_linear() -> None:
    assert real_loss(torch.tensor([-1e4])).item() == 1e4
    assert fake_loss(torch.tensor([1e4])).item() == 1e4
    assert real_loss(torch.tensor([1e4])).item() == 0


def generator_gradient(loss: str, logit: float) -> float:
    logit_1 = torch.tensor([logit], requires_grad=True)
    ADVERSARIAL[loss].generator(logit_1).backward()
    return logit_1.grad.item()


def test_when_the_discriminator_is_sure_the_minimax_generator_stalls_and_the_non_saturating_one_does_not() -> (
    None
):
    assert generator_gradient("minimax", -20.0) == pytest.approx(0, abs=1e-8)
    assert generator_gradient("non-saturating", -20.0) == pytest.approx(-1)


@every_loss
@pytest.mark.parametrize("logit", [-3.0, 0.0, 0.5])
def test_every_generator_wants_a_higher_logit(loss: str, logit: float) -> None:
    assert generator_gradient(loss, logit) < 0


@every_loss
def test_every_discriminator_wants_real_logits_higher_and_generated_ones_lower(loss: str) -> None:
    real_N, fake_N = (torch.tensor([0.25, 0.75], requires_grad=True) for _ in range(2))
    sum(ADVERSARIAL[loss].discriminator(real_N, fake_N, 1.0).values()).backward()
    assert (real_N.grad < 0).all()
    assert (fake_N.grad > 0).all()


def test_each_loss_is_its_papers_formula() -> None:
    real_N, fake_N = torch.tensor([2.0, -0.5]), torch.tensor([0.5, -3.0])
    expected = {
        "least-squares": ((1 + 2.25) / 4 + (0.25 + 9) / 4, (0.25 + 16) / 4),
        "hinge": ((0 + 1.5) / 2 + (1.5 + 0) / 2, 1.25),
        "wasserstein": (-0.75 - 1.25, 1.25),
    }
    for name, (discriminator, generator) in expected.items():
        loss = ADVERSARIAL[name]
        assert sum(loss.discriminator(real_N, fake_N, 1.0).values()).item() == pytest.approx(discriminator)
        assert loss.generator(fake_N).item() == pytest.approx(generator)
    log_d, log_not_d = F.logsigmoid(real_N).mean(), F.logsigmoid(-fake_N).mean()
    minimax = ADVERSARIAL["minimax"]
    torch.testing.assert_close(sum(minimax.discriminator(real_N, fake_N, 1.0).values()), -log_d - log_not_d)
    torch.testing.assert_close(minimax.generator(fake_N), log_not_d)


def test_the_relativistic_loss_is_of_differences_within_pairs() -> None:
    objective = Objective(loss="relativistic")
    apart_N = means(some(0).x_NCHW) - means(some(1).x_NCHW)
    assert d_losses(objective).keys() == {"pairs"}
    torch.testing.assert_close(d_losses(objective)["pairs"], -F.logsigmoid(apart_N).mean())
    torch.testing.assert_close(g_losses(objective)["adversarial"], -F.logsigmoid(-apart_N).mean())


def test_the_discriminator_loses_on_real_and_fake_images_apart() -> None:
    losses = d_losses(Objective())
    assert losses.keys() == {"real", "fake"}
    torch.testing.assert_close(losses["real"], real_loss(means(some(0).x_NCHW)))
    torch.testing.assert_close(losses["fake"], fake_loss(means(some(1).x_NCHW)))


def test_real_and_generated_images_together_or_apart_give_the_same_losses() -> None:
    apart = Critic(judge, together=False)
    for conditioning in ("none", "auxiliary", "adc"):
        objective = Objective(conditioning=conditioning)
        for name, loss in d_losses(objective).items():
            torch.testing.assert_close(d_losses(objective, apart)[name], loss)


def test_a_critic_that_must_not_mix_images_sees_them_apart() -> None:
    seen: list[int] = []

    def counting(x_NCHW: Tensor, y_N: Tensor) -> Critique:
        seen.append(len(x_NCHW))
        return judge(x_NCHW, y_N)

    d_losses(Objective(), Critic(counting, together=False))
    d_losses(Objective(), Critic(counting))
    assert seen == [NUM, NUM, 2 * NUM]


def test_an_embedded_critic_sees_codes_in_place_of_images() -> None:
    doubled = d_losses(Objective(loss="wasserstein"), Critic(judge, embed=lambda x_NCHW: 2 * x_NCHW))
    for name, loss in d_losses(Objective(loss="wasserstein")).items():
        torch.testing.assert_close(doubled[name], 2 * loss)


@pytest.mark.parametrize("smoothing", [0.1, 0.3])
def test_label_smoothing_moves_the_target_of_real_images_only(smoothing: float) -> None:
    plain, smoothed = d_losses(Objective()), d_losses(Objective(label_smoothing=smoothing))
    torch.testing.assert_close(smoothed["fake"], plain["fake"], rtol=0, atol=0)
    torch.testing.assert_close(smoothed["real"], real_loss(means(some(0).x_NCHW), 1 - smoothing))
    squares = d_losses(Objective(loss="least-squares", label_smoothing=smoothing))
    torch.testing.assert_close(squares["real"], (means(some(0).x_NCHW) - (1 - smoothing)).square().mean() / 2)


@pytest.mark.parametrize("loss", ["hinge", "wasserstein", "relativistic"])
def test_smoothing_without_targets_is_refused(loss: str) -> None:
    with pytest.raises(ValueError, match="no targets that label_smoothing"):
        Objective(loss=loss, label_smoothing=0.1)


@pytest.mark.parametrize("weight", [1.0, 0.25])
def test_the_auxiliary_term_of_the_discriminator_looks_at_real_images_only(weight: float) -> None:
    real = some(0)
    expected = weight * F.cross_entropy(real.x_NCHW[:, 0, 0, :4], real.y_N)
    for seed in (1, 2):
        losses = d_losses(Objective(conditioning="auxiliary", class_weight=weight), fake_seed=seed)
        assert losses.keys() == {"real", "fake", "class"}
        torch.testing.assert_close(losses["class"], expected)


def test_the_auxiliary_generator_wants_its_images_called_real_and_of_the_class_asked_for() -> None:
    fake = some(1)
    losses = g_losses(Objective(conditioning="auxiliary", class_weight=0.5))
    assert losses.keys() == {"adversarial", "class"}
    torch.testing.assert_close(losses["adversarial"], real_loss(means(fake.x_NCHW)))
    torch.testing.assert_close(losses["class"], 0.5 * F.cross_entropy(fake.x_NCHW[:, 0, 0, :4], fake.y_N))


def test_the_adc_term_tells_real_classes_from_generated_ones() -> None:
    real, fake = some(0), some(1)
    real_NK, fake_NK = real.x_NCHW[:, 0, 0, :4], fake.x_NCHW[:, 0, 0, :4]
    objective = Objective(conditioning="adc")
    torch.testing.assert_close(
        d_losses(objective)["class"],
        F.cross_entropy(real_NK, real.y_N) + F.cross_entropy(fake_NK, fake.y_N + 2),
    )
    log_p_NK = F.log_softmax(fake_NK, dim=1)
    rows = torch.arange(NUM)
    torch.testing.assert_close(
        g_losses(objective)["class"],
        -(log_p_NK[rows, fake.y_N] - log_p_NK[rows, fake.y_N + 2]).mean(),
    )


def test_without_a_class_term_the_class_head_is_left_alone() -> None:
    assert g_losses(Objective()).keys() == {"adversarial"}
    assert g_losses(Objective(conditioning="projection")).keys() == {"adversarial"}


def test_a_class_term_without_a_class_head_is_a_programming_error() -> None:
    blind = Critic(lambda x_NCHW, _y_N: Critique(means(x_NCHW)))
    with pytest.raises(AssertionError, match="class head"):
        g_losses(Objective(conditioning="auxiliary"), blind)


def slope(x_NCHW: Tensor, y_N: Tensor) -> Critique:
    """Half the squared length of an image: the gradient is the image itself."""
    return Critique(x_NCHW.flatten(1).square().sum(dim=1) / 2)


def test_penalties_are_the_squared_gradients_at_real_and_at_generated_images() -> None:
    losses = d_losses(Objective(r1=0.5, r2=3.0), Critic(slope))
    for name, weight, sample in (("r1", 0.5, some(0)), ("r2", 3.0, some(1))):
        squared_N = sample.x_NCHW.flatten(1).square().sum(dim=1)
        torch.testing.assert_close(losses[name], weight / 2 * squared_N.mean())


def test_the_gradient_penalty_holds_lengths_at_one_between_real_and_generated_images() -> None:
    losses = d_losses(Objective(loss="wasserstein", gradient_penalty=10.0), Critic(slope))
    share_N111 = uniform(1)[:, :, None, None]
    between = some(0).x_NCHW * (1 - share_N111) + some(1).x_NCHW * share_N111
    lengths_N = between.flatten(1).norm(dim=1)
    torch.testing.assert_close(losses["gradient_penalty"], 10 * (lengths_N - 1).square().mean())


@pytest.mark.parametrize("penalty", ["r1", "r2", "gradient_penalty"])
def test_penalties_reach_the_weights(penalty: str) -> None:
    weight = torch.ones((), requires_grad=True)
    critic = Critic(lambda x_NCHW, _y_N: Critique(weight * x_NCHW.flatten(1).square().sum(dim=1)))
    d_losses(Objective(**{penalty: 1.0}), critic)[penalty].backward()
    assert weight.grad.abs() > 0
