"""Every row of the zoo that is a network answers on onnxruntime as on torch, whatever the number of images."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from inkmint.inference.generator import OnnxGenerator
from inkmint.inference.recogniser import OnnxRecogniser
from inkmint.zoo import ZOO

QUICK = ("acgan-sa", "house", "lenet-attention", "house-reader")
WITH_SCIKIT_LEARN = ("lbp-svm", "src", "knn")


def rows(kind: str) -> list[Any]:
    return [
        pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow])
        for name, spec in ZOO.items()
        if spec.kind == kind and name not in WITH_SCIKIT_LEARN
    ]


@pytest.mark.parametrize("num_images", [1, 2, 30])
@pytest.mark.parametrize("name", rows("generator"))
def test_a_generator_draws_what_torch_draws(name: str, num_images: int, exported: Any) -> None:
    model, folder, config = exported(name)
    generator = OnnxGenerator.from_pretrained(folder, threads=1)
    labels = (np.arange(num_images) + 7) % 10
    images = generator.sample(labels, seed=3)
    expected = model.sample(num_images, labels=labels if model.conditional else None, seed=3)
    assert images.dtype == np.uint8 and images.shape == (num_images, 28, 28)
    assert (np.abs(images.astype(int) - expected) > 1).mean() <= 1e-3
    assert expected.std() > 0.5  # an untrained network draws greys, but not one grey
    assert (config.kind, config.model, config.latent_size) == ("generator", name, model.latent_size)
    assert config.conditional == generator.conditional == model.conditional


@pytest.mark.parametrize("num_images", [1, 2, 30])
@pytest.mark.parametrize("name", rows("recogniser"))
def test_a_recogniser_says_what_torch_says(name: str, num_images: int, exported: Any, few: Any) -> None:
    model, folder, config = exported(name)
    recogniser = OnnxRecogniser.from_pretrained(folder, threads=1)
    images = few.validation.images[:num_images].numpy()
    probabilities = recogniser.probabilities(images)
    assert_allclose(probabilities, model.predict_proba(images), atol=1e-5)
    assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    features = model.features(images)
    assert_allclose(recogniser.features(images), features, atol=1e-4 * np.abs(features).max())
    assert (config.kind, config.model, config.class_names) == ("recogniser", name, model.class_names)


def test_the_flow_of_the_house_leads_some_codes_and_not_others(exported: Any) -> None:
    """Or the test above would show one of its two ways alone."""
    import torch

    model, *_ = exported("house")
    latents = torch.randn(30, model.latent_size, generator=torch.Generator().manual_seed(3))
    _, unsure = model.network.first_codes(latents, (torch.arange(30) + 7) % 10)
    assert 0 < unsure.sum() < 30
