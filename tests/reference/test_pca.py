"""Component generators against scikit-learn's covariance and the moments of the class they were fitted to."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sklearn.decomposition import PCA
from torch import Tensor

from inkmint.data.digits import Splits
from inkmint.data.pixels import to_network
from inkmint.errors import DataError
from inkmint.nets.pca import PcaGenerator, ProbabilisticPcaGenerator

Generator = PcaGenerator | ProbabilisticPcaGenerator
Build = Callable[[int, int], Generator]
every_generator = pytest.mark.parametrize("build", [PcaGenerator, ProbabilisticPcaGenerator])
NUM_COMPONENTS = 8
CLASS = 3


@pytest.fixture(scope="module")
def fits(starter: Splits) -> dict[Build, Generator]:
    return {build: fitted(build, starter) for build in (PcaGenerator, ProbabilisticPcaGenerator)}


def fitted(build: Build, splits: Splits, num_components: int = NUM_COMPONENTS) -> Generator:
    model = build(10, num_components)
    model.fit(splits.train.images, splits.train.labels)
    return model


def rows(splits: Splits, k: int = CLASS) -> np.ndarray:
    return splits.train.images[splits.train.labels == k].flatten(1).double().numpy() / 127.5 - 1


def draw(model: Generator, n: int, seed: int = 0) -> Tensor:
    z_NZ = torch.randn(n, model.latent_size, generator=torch.Generator().manual_seed(seed))
    return model.unclamped(z_NZ, torch.full((n,), CLASS)).double()


def linear_map(model: Generator) -> np.ndarray:
    """A of x = A z + mean, column by column: the covariance of x is A A^T."""
    latent_size = model.latent_size
    y_N = torch.full((latent_size + 1,), CLASS)
    x_NP = model.unclamped(torch.cat([torch.zeros(1, latent_size), torch.eye(latent_size)]), y_N).double()
    return (x_NP[1:] - x_NP[0]).T.numpy()


@every_generator
def test_the_middle_of_the_latent_is_the_mean_of_the_class(
    build: Build, fits: dict[Build, Generator], starter: Splits
) -> None:
    model = fits[build]
    for k in range(10):
        x_NP = model.unclamped(torch.zeros(1, model.latent_size), torch.tensor([k]))
        np.testing.assert_allclose(x_NP[0].numpy(), rows(starter, k).mean(axis=0), atol=1e-5)


def test_pca_has_the_covariance_of_the_class_along_its_components_and_none_across(
    fits: dict[Build, Generator], starter: Splits
) -> None:
    covariance = np.cov(rows(starter).T)
    values, vectors = np.linalg.eigh(covariance)
    leading, of_leading = vectors[:, -NUM_COMPONENTS:], values[-NUM_COMPONENTS:]
    a = linear_map(fits[PcaGenerator])
    np.testing.assert_allclose(a @ a.T, (leading * of_leading) @ leading.T, atol=1e-4)
    np.testing.assert_allclose(np.trace(a @ a.T), of_leading.sum(), rtol=1e-4)


def test_ppca_has_the_covariance_of_scikit_learns_model(
    fits: dict[Build, Generator], starter: Splits
) -> None:
    oracle = PCA(NUM_COMPONENTS, svd_solver="covariance_eigh").fit(rows(starter))
    a = linear_map(fits[ProbabilisticPcaGenerator])
    np.testing.assert_allclose(a @ a.T, oracle.get_covariance(), atol=1e-4)


def test_ppca_keeps_the_total_variance_and_its_noise_is_the_mean_of_what_was_discarded(
    fits: dict[Build, Generator], starter: Splits
) -> None:
    """400 images span at most 399 directions, and the mean still runs over all 784 - 8 (Tipping and Bishop, eq. 8)."""
    values = np.linalg.eigvalsh(np.cov(rows(starter).T))
    model = fits[ProbabilisticPcaGenerator]
    expected = values[:-NUM_COMPONENTS].sum() / (784 - NUM_COMPONENTS)
    assert model.noise_variance_K[CLASS].item() == pytest.approx(expected, rel=1e-4)
    a = linear_map(model)
    assert np.trace(a @ a.T) == pytest.approx(values.sum(), rel=1e-4)


@every_generator
def test_draws_have_the_mean_and_the_variance_of_the_class_in_component_space(
    build: Build, fits: dict[Build, Generator], starter: Splits
) -> None:
    oracle = PCA(NUM_COMPONENTS, svd_solver="full").fit(rows(starter))
    num_draws = 4000
    scores = oracle.transform(draw(fits[build], num_draws).numpy())
    deviations = np.sqrt(oracle.explained_variance_)
    assert np.abs(scores.mean(axis=0) / deviations).max() < 5 / num_draws**0.5
    covariance = np.cov(scores.T) / np.outer(deviations, deviations)
    np.testing.assert_allclose(covariance, np.eye(NUM_COMPONENTS), atol=5 * (2 / num_draws) ** 0.5)


@every_generator
def test_images_are_the_draws_clamped(build: Build, fits: dict[Build, Generator]) -> None:
    model = fits[build]
    z_NZ = torch.randn(20, model.latent_size, generator=torch.Generator().manual_seed(1))
    y_N = torch.arange(20) % 10
    x_NCHW, x_NP = model(z_NZ, y_N), model.unclamped(z_NZ, y_N)
    assert x_NCHW.shape == (20, 1, 28, 28)
    assert x_NP.abs().max() > 1  # else nothing is clamped
    assert torch.equal(x_NCHW.flatten(1), x_NP.clamp(-1, 1))


@every_generator
def test_the_label_of_each_row_decides_its_class(build: Build, fits: dict[Build, Generator]) -> None:
    model = fits[build]
    z_NZ = torch.randn(10, model.latent_size, generator=torch.Generator().manual_seed(2))
    together = model(z_NZ, torch.arange(10))
    for k in range(10):
        torch.testing.assert_close(model(z_NZ[k : k + 1], torch.tensor([k])), together[k : k + 1])


@every_generator
def test_reconstruction_is_scikit_learns_clamped(
    build: Build, fits: dict[Build, Generator], starter: Splits
) -> None:
    images = starter.test.images[starter.test.labels == CLASS][:30]
    oracle = PCA(NUM_COMPONENTS, svd_solver="full").fit(rows(starter))
    inputs = images.flatten(1).double().numpy() / 127.5 - 1
    expected = oracle.inverse_transform(oracle.transform(inputs)).clip(-1, 1)
    rebuilt = fits[build].reconstruct(to_network(images), torch.full((len(images),), CLASS))
    np.testing.assert_allclose(rebuilt.flatten(1).numpy(), expected, atol=1e-3)


def test_all_components_rebuild_the_training_images(few: Splits) -> None:
    """19 components span the 20 images of a class."""
    model = fitted(PcaGenerator, few, num_components=19)
    x_NCHW = to_network(few.train.images)
    torch.testing.assert_close(model.reconstruct(x_NCHW, few.train.labels), x_NCHW, rtol=0, atol=1e-3)


@every_generator
def test_a_state_goes_through_a_file_into_a_new_model(
    build: Build, fits: dict[Build, Generator], tmp_path: Path
) -> None:
    save_file(fits[build].state_dict(), tmp_path / "model.safetensors")
    other = build(10, NUM_COMPONENTS)
    with pytest.raises(RuntimeError, match="is not fitted"):
        other(torch.zeros(1, other.latent_size), torch.tensor([0]))
    other.load_state_dict(load_file(tmp_path / "model.safetensors"))
    assert torch.equal(draw(other, 5), draw(fits[build], 5))


@every_generator
def test_a_state_with_another_number_of_components_is_refused(
    build: Build, fits: dict[Build, Generator]
) -> None:
    with pytest.raises(RuntimeError, match="size mismatch"):
        build(10, NUM_COMPONENTS + 1).load_state_dict(fits[build].state_dict())


@every_generator
def test_the_same_images_give_the_same_model_whatever_torchs_random_state(build: Build, few: Splits) -> None:
    torch.manual_seed(1)
    np.random.seed(1)
    one = fitted(build, few, 3).state_dict()
    torch.manual_seed(2)
    np.random.seed(2)
    other = fitted(build, few, 3).state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)


@every_generator
def test_too_few_images_of_a_class_are_refused_with_what_to_do(build: Build, few: Splits) -> None:
    message = (
        "Class 0 has 20 images, too few for 20 components; give it 21 or more, or set num_components to 19"
    )
    with pytest.raises(DataError, match=message):
        fitted(build, few, num_components=20)


@every_generator
def test_a_class_without_images_is_refused_by_its_index(build: Build, few: Splits) -> None:
    kept = few.train.labels != 7
    with pytest.raises(DataError, match="Class 7 has 0 images, too few for 1 components; give it 2 or more"):
        build(10, 1).fit(few.train.images[kept], few.train.labels[kept])


@pytest.mark.parametrize(
    ("build", "num_components"),
    [(PcaGenerator, 0), (PcaGenerator, 785), (ProbabilisticPcaGenerator, 784)],
)
def test_impossible_sizes_are_refused_when_the_model_is_built(build: Build, num_components: int) -> None:
    with pytest.raises(ValueError, match=f"{num_components} components cannot be taken"):
        build(10, num_components)


@every_generator
def test_the_latent_has_a_number_for_each_component_and_for_each_pixel_of_noise(build: Build) -> None:
    assert build(10, 5).latent_size == (5 if build is PcaGenerator else 5 + 784)
