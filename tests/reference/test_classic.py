"""Classic recognisers against scikit-learn, scikit-image and sums written out, on the starter set."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from skimage.feature import local_binary_pattern
from sklearn.decomposition import SparseCoder
from sklearn.metrics import hinge_loss
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC
from torch import Tensor

from inkmint.data.digits import DigitSet, Splits
from inkmint.data.pixels import to_network
from inkmint.errors import DataError
from inkmint.nets.classic import KNearestNeighbours, LbpSvm, SparseRepresentation
from inkmint.nets.fitted import FittedModule

Build = Callable[[], FittedModule]
ALL: dict[str, Build] = {
    "knn": lambda: KNearestNeighbours(10),
    "lbp-svm": lambda: LbpSvm(10),
    "src": lambda: SparseRepresentation(10),
}
every_model = pytest.mark.parametrize("build", ALL.values(), ids=list(ALL))


def fitted(model: Any, digits: DigitSet) -> Any:
    model.fit(digits.images, digits.labels)
    return model


def accuracy(model: FittedModule, digits: DigitSet) -> float:
    return (model(to_network(digits.images)).argmax(dim=1) == digits.labels).float().mean().item()


def pixels(digits: DigitSet) -> np.ndarray:
    return digits.images.flatten(1).double().numpy()


@pytest.mark.parametrize(("name", "least"), [("knn", 0.91), ("lbp-svm", 0.955), ("src", 0.91)])
def test_accuracy_on_the_starter_validation_part(name: str, least: float, starter: Splits) -> None:
    """Measured 0.930, 0.975 and 0.935; two standard deviations of 1,000 digits below."""
    assert accuracy(fitted(ALL[name](), starter.train), starter.validation) >= least


@every_model
def test_asking_before_the_fit_is_refused(build: Build) -> None:
    with pytest.raises(RuntimeError, match="is not fitted"):
        build()(torch.zeros(1, 1, 28, 28))


@every_model
def test_a_state_goes_through_a_file_into_a_new_model(build: Build, few: Splits, tmp_path: Path) -> None:
    model, x_NCHW = fitted(build(), few.train), to_network(few.test.images)
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    other = build()
    other.load_state_dict(load_file(tmp_path / "model.safetensors"))
    assert torch.equal(other(x_NCHW), model(x_NCHW))


@every_model
def test_a_state_replaces_that_of_a_model_fitted_to_other_data(build: Build, few: Splits) -> None:
    model, other = fitted(build(), few.train), fitted(build(), few.test)
    x_NCHW = to_network(few.validation.images)
    other.load_state_dict(model.state_dict())
    assert torch.equal(other(x_NCHW), model(x_NCHW))


@every_model
def test_a_loaded_state_is_a_copy(build: Build, few: Splits) -> None:
    model, other = fitted(build(), few.train), build()
    other.load_state_dict(model.state_dict())
    fitted(model, few.test)
    assert torch.equal(
        other(to_network(few.test.images)), fitted(build(), few.train)(to_network(few.test.images))
    )


@every_model
def test_a_state_of_another_architecture_is_refused(build: Build, few: Splits) -> None:
    state = fitted(build(), few.train).state_dict()
    name = next(key for key in state if state[key].ndim > 1)
    with pytest.raises(RuntimeError, match="size mismatch"):
        build().load_state_dict({**state, name: state[name][:, :5]})
    with pytest.raises(RuntimeError, match="Missing key"):
        build().load_state_dict({key: value for key, value in state.items() if key != name})


@every_model
def test_fitting_twice_is_fitting_once(build: Build, few: Splits) -> None:
    x_NCHW = to_network(few.test.images)
    once = fitted(build(), few.train)(x_NCHW)
    assert torch.equal(fitted(fitted(build(), few.test), few.train)(x_NCHW), once)


@every_model
def test_logits_do_not_depend_on_batch_mates(build: Build, few: Splits) -> None:
    model, x_NCHW = fitted(build(), few.train), to_network(few.test.images)
    torch.testing.assert_close(model(x_NCHW[:1]), model(x_NCHW)[:1], rtol=1e-4, atol=1e-4)


@every_model
def test_no_images_are_refused(build: Build, few: Splits) -> None:
    with pytest.raises(DataError, match="no images"):
        build().fit(few.train.images[:0], few.train.labels[:0])


@every_model
def test_a_class_without_images_is_never_the_answer(build: Build, few: Splits) -> None:
    lacking = few.train.subset((few.train.labels != 4).nonzero().squeeze(1))
    logits_NK = fitted(build(), lacking)(to_network(few.test.images))
    assert logits_NK.shape == (len(few.test), 10)
    assert logits_NK.isfinite().all()
    assert not (logits_NK.argmax(dim=1) == 4).any()


@every_model
def test_an_empty_image_gets_finite_logits(build: Build, few: Splits) -> None:
    assert fitted(build(), few.train)(-torch.ones(2, 1, 28, 28)).isfinite().all()


@pytest.mark.parametrize("num_neighbours", [1, 3, 8])
def test_neighbours_vote_as_scikit_learns_do(num_neighbours: int, starter: Splits) -> None:
    model = fitted(KNearestNeighbours(10, num_neighbours), starter.train)
    oracle = KNeighborsClassifier(num_neighbours, weights="distance", algorithm="kd_tree")
    oracle.fit(pixels(starter.train), starter.train.labels.numpy())
    some = starter.validation.subset(torch.arange(50))
    shares = torch.softmax(model(to_network(some.images)), dim=1)
    np.testing.assert_allclose(shares.numpy(), oracle.predict_proba(pixels(some)), atol=2e-5)


def test_neighbours_vote_by_the_inverse_of_their_distances() -> None:
    images = torch.zeros(3, 28, 28, dtype=torch.uint8)
    images[0, 0, 0], images[1, 0, 0], images[2, 0, 0] = 10, 40, 200
    model = KNearestNeighbours(2, num_neighbours=2)
    model.fit(images, torch.tensor([0, 1, 1]))
    asked = torch.zeros(1, 28, 28, dtype=torch.uint8)
    asked[0, 0, 0] = 20  # 10 from the first, 20 from the second
    shares = torch.softmax(model(to_network(asked)), dim=1)
    torch.testing.assert_close(shares, torch.tensor([[2 / 3, 1 / 3]]), rtol=0, atol=1e-5)


def test_neighbours_store_the_images_as_bytes(few: Splits) -> None:
    state = fitted(KNearestNeighbours(10), few.train).state_dict()
    assert state["images_MHW"].dtype == torch.uint8
    assert torch.equal(state["images_MHW"], few.train.images)


def test_more_neighbours_than_images_are_refused(few: Splits) -> None:
    with pytest.raises(DataError, match="201 neighbours cannot be found among 200 images"):
        fitted(KNearestNeighbours(10, 201), few.train)


def written_out_histogram(image: np.ndarray, radius: int) -> np.ndarray:
    codes = local_binary_pattern(image, 8, radius, "nri_uniform")
    parts = []
    for row in range(0, 28, 7):
        for column in range(0, 28, 7):
            counts, _ = np.histogram(codes[row : row + 7, column : column + 7], bins=np.arange(60))
            parts.append(np.sqrt(counts / 49))
    return np.concatenate(parts)


@pytest.mark.parametrize("radius", [1, 2, 3])
def test_pattern_histograms_are_those_of_each_image_and_cell(radius: int, few: Splits) -> None:
    features_ND = LbpSvm(10, radius).features(to_network(few.test.images[:20]))
    expected = np.stack([written_out_histogram(image, radius) for image in few.test.images[:20].numpy()])
    np.testing.assert_allclose(features_ND.numpy(), expected, atol=1e-6)
    np.testing.assert_allclose(
        features_ND.square().sum(dim=1).numpy(), 16, rtol=1e-5
    )  # each cell's shares are all


def test_support_vectors_reach_the_loss_of_another_solver(few: Splits) -> None:
    """The dual solver on the same problem: equal objective, equal decisions."""
    model = fitted(LbpSvm(10, regularisation=10.0), few.train)
    inputs = model.features(to_network(few.train.images)).double().numpy()
    labels = few.train.labels.numpy()
    dual = LinearSVC(C=0.1, dual=True, tol=1e-6, max_iter=100_000, random_state=0).fit(inputs, labels)
    scores = model(to_network(few.test.images)).numpy()
    tested = model.features(to_network(few.test.images)).double().numpy()
    np.testing.assert_allclose(scores, dual.decision_function(tested), atol=0.02)
    assert hinge_loss(few.test.labels.numpy(), scores) < 1


def test_two_classes_get_two_logits_of_opposite_sign(few: Splits) -> None:
    pair = few.train.subset((few.train.labels < 2).nonzero().squeeze(1))
    logits_N2 = fitted(LbpSvm(2), pair)(to_network(pair.images))
    assert logits_N2.shape == (len(pair), 2)
    assert torch.equal(logits_N2[:, 0].sign(), -logits_N2[:, 1].sign())
    assert torch.equal(logits_N2.argmax(dim=1), pair.labels)


def test_one_class_cannot_be_told_from_the_rest(few: Splits) -> None:
    with pytest.raises(DataError, match="one class only"):
        LbpSvm(10).fit(few.train.images, torch.zeros_like(few.train.labels))


def test_stronger_regularisation_makes_smaller_weights(few: Splits) -> None:
    sizes = [
        fitted(LbpSvm(10, regularisation=c), few.train).weight_KD.norm().item() for c in (0.1, 10.0, 1000.0)
    ]
    assert sizes[0] > sizes[1] > sizes[2]


def pursuit(dictionary_MP: np.ndarray, y_P: np.ndarray, num_nonzero: int) -> np.ndarray:
    """Orthogonal matching pursuit written out: add the atom nearest the residual, solve least squares anew."""
    chosen: list[int] = []
    residual = y_P
    for _ in range(num_nonzero):
        chosen.append(int(np.abs(dictionary_MP @ residual).argmax()))
        weights, *_ = np.linalg.lstsq(dictionary_MP[chosen].T, y_P, rcond=None)
        residual = y_P - dictionary_MP[chosen].T @ weights
    code = np.zeros(len(dictionary_MP))
    code[chosen] = weights
    return code


def test_codes_and_residuals_are_those_of_the_pursuit_written_out(few: Splits) -> None:
    model = fitted(SparseRepresentation(10, num_atoms=12, num_nonzero=4), few.train)
    x_NCHW = to_network(few.test.images[:25])
    atoms, labels = model.atoms_MP.double().numpy(), model.labels_M.numpy()
    codes, logits = model.codes(x_NCHW).numpy(), model(x_NCHW).numpy()
    for n, unit in enumerate(model.features(x_NCHW).double().numpy()):
        expected = pursuit(atoms, unit, 4)
        np.testing.assert_allclose(codes[n], expected, atol=1e-4)
        residuals = [np.linalg.norm(unit - (expected * (labels == k)) @ atoms) for k in range(10)]
        np.testing.assert_allclose(logits[n], -15 * np.array(residuals), atol=1e-3)


def test_codes_are_those_of_scikit_learns_coder_without_a_gram_matrix(few: Splits) -> None:
    model = fitted(SparseRepresentation(10, num_atoms=20, num_nonzero=6), few.train)
    x_NCHW = to_network(few.test.images)
    coder = SparseCoder(
        model.atoms_MP.double().numpy(), transform_algorithm="omp", transform_n_nonzero_coefs=6
    )
    expected = coder.transform(model.features(x_NCHW).double().numpy())
    close = np.isclose(model.codes(x_NCHW).numpy(), expected, atol=1e-3).all(axis=1)
    assert close.mean() > 0.97  # near ties may fall otherwise in single precision


def test_the_dictionary_holds_unit_images_of_each_class_spread_over_the_set(few: Splits) -> None:
    model = fitted(SparseRepresentation(10, num_atoms=5), few.train)
    assert model.labels_M.bincount().tolist() == [5] * 10
    torch.testing.assert_close(model.atoms_MP.norm(dim=1), torch.ones(50))
    threes = few.train.images[few.train.labels == 3].flatten(1).float()[[0, 4, 8, 12, 16]]
    expected = torch.nn.functional.normalize(threes)
    torch.testing.assert_close(model.atoms_MP[model.labels_M == 3], expected)


def test_an_image_of_the_dictionary_is_its_own_code(few: Splits) -> None:
    model = fitted(SparseRepresentation(10, num_atoms=20), few.train)
    logits_NK = model(to_network(few.train.images))
    own_N = logits_NK.gather(1, few.train.labels[:, None])
    torch.testing.assert_close(own_N, torch.zeros_like(own_N), rtol=0, atol=0.05)
    assert torch.equal(logits_NK.argmax(dim=1), few.train.labels)


def test_empty_images_stay_out_of_the_dictionary() -> None:
    images = torch.zeros(4, 28, 28, dtype=torch.uint8)
    images[2, 5, 5], images[3, 9, 9] = 200, 200
    model = SparseRepresentation(2, num_nonzero=1)
    model.fit(images, torch.tensor([0, 0, 0, 1]))
    assert model.labels_M.tolist() == [0, 1]
    with pytest.raises(DataError, match="is empty"):
        model.fit(images[:2], torch.tensor([0, 1]))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: KNearestNeighbours(10, 0), "0 neighbours cannot vote"),
        (lambda: LbpSvm(10, radius=0), "radius 0"),
        (lambda: LbpSvm(10, regularisation=0.0), "not above 0"),
        (lambda: SparseRepresentation(10, num_atoms=0), "from 0 images"),
        (lambda: SparseRepresentation(2, num_atoms=2, num_nonzero=5), "a sum of 5 images"),
    ],
)
def test_impossible_sizes_are_refused_when_the_model_is_built(build: Build, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()


def test_pictures_between_the_grey_levels_are_read_as_the_nearest(few: Splits) -> None:
    x_NCHW: Tensor = to_network(few.test.images[:5])
    model = LbpSvm(10)
    assert torch.equal(model.features(x_NCHW + 0.001), model.features(x_NCHW))
