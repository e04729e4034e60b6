"""Reads digits.

Shape suffixes: N images, H height, W width, K classes, D features.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils import Tags
from sklearn.utils.validation import column_or_1d
from torch import Tensor, nn

from inkmint.data.digits import DIGIT_NAMES, IMAGE_SIZE, UNLABELLED, DigitSet, as_images
from inkmint.data.pixels import to_network
from inkmint.errors import DataError, SettingsError
from inkmint.inference.folders import find_model
from inkmint.models.loading import BATCH_IMAGES, load
from inkmint.recipes import find_recipe
from inkmint.runtime import resolve_device, set_threads
from inkmint.training.build import build_task
from inkmint.training.engine import Engine, initialise
from inkmint.training.recipe import Recipe
from inkmint.training.weights import ModelConfig, save_model
from inkmint.zoo import find

if TYPE_CHECKING:
    from PIL import Image

    from inkmint.reading.reader import Reader, Reading

FEWEST_STEPS = 1000


class Recogniser(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Reads digits; trained here in scikit-learn's way, or loaded.

    Args:
        recipe: Name of a recogniser's recipe, or a `Recipe`.
        epochs: Passes over the images; None takes the recipe's, or more for small sets, to make 1,000 steps.
        seed: Of everything that is drawn.
        device: One of `runtime.DEVICES`.
        threads: CPU threads for training; None for torch's choice.

    Attributes:
        classes_: Labels as they were given to `fit`, sorted, (K,).
        n_features_in_: 784, pixels per image.
        network_: In evaluation mode, on the CPU.
        config_: What the network is.

    Images are (N, 28, 28) or (N, 784): integers in 0..255 or floats in 0..1, ink bright on dark.
    """

    network_: nn.Module
    config_: ModelConfig
    _folder: Path | None
    classes_: NDArray[Any]
    n_features_in_: int

    def __init__(
        self,
        recipe: str | Recipe = "hao2020/lenet-attention-quick",
        *,
        epochs: int | None = None,
        seed: int = 0,
        device: str = "auto",
        threads: int | None = None,
    ) -> None:
        self.recipe = recipe
        self.epochs = epochs
        self.seed = seed
        self.device = device
        self.threads = threads

    @classmethod
    def from_pretrained(cls, path_or_name: str | Path) -> Self:
        """Load a recogniser from a run folder, a model folder, or by the name of one that comes with inkmint.

        Raises:
            ModelError: There is none, it is damaged, or it is no recogniser.
        """
        network, config = load(path_or_name, "recogniser")
        recogniser = cls(config.recipe)
        names = np.array(config.class_names)
        recogniser._take(network, config, np.arange(10) if config.class_names == DIGIT_NAMES else names)
        recogniser._folder = find_model(path_or_name)
        return recogniser

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = tags.input_tags.positive_only = True
        return tags

    def _take(self, network: nn.Module, config: ModelConfig, classes: NDArray[Any]) -> None:
        self.network_, self.config_, self.classes_ = network, config, classes
        self.n_features_in_ = IMAGE_SIZE**2
        self._folder = None

    @property
    def name(self) -> str:
        """The row of the zoo."""
        return self.config_.model

    @property
    def class_names(self) -> tuple[str, ...]:
        """One name per class, in label order."""
        return self.config_.class_names

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of the weights file; empty until they are saved."""
        return self.config_.weights_sha256

    def save_pretrained(self, path: str | Path) -> None:
        """Write a model folder that `from_pretrained` reads, with the calibration if there is one."""
        from inkmint.reading.model import save_reader

        self._require_fitted()
        reader = self.reader()
        self.config_ = save_model(Path(path), self.network_, self.config_)
        save_reader(reader, Path(path))

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train on images `X` and their labels `y`, (N,), of any type that can be sorted.

        With a recipe that learns from unlabelled images too, such as `inkmint/few-labels`, the label -1 marks those, as
        in scikit-learn's semi-supervised estimators.

        Raises:
            DataError: The images or labels do not fit; the message says how.
            SettingsError: The recipe is not one of a recogniser.
        """
        recipe = find_recipe(self.recipe) if isinstance(self.recipe, str) else self.recipe
        images = self._images(X)
        given = _label_array(y, len(images))
        unlabelled = (
            given == UNLABELLED if find(recipe.model).learns_unlabelled else np.zeros(len(images), bool)
        )
        classes, labels = np.unique(given[~unlabelled], return_inverse=True)
        if len(classes) < 2:
            raise DataError("The labels hold one class only; a recogniser needs at least two classes.")
        digits = DigitSet.from_arrays(
            images[~unlabelled],
            labels,
            name="The training set",
            class_names=tuple(str(name) for name in classes),
        )
        if unlabelled.any():
            digits = digits.with_unlabelled(images[unlabelled])
        recipe = sized(recipe, len(digits), self.epochs)
        set_threads(self.threads)
        with torch.random.fork_rng(devices=[]):
            initialise(self.seed)
            task = build_task(recipe, digits)
        if task.product != "recogniser":
            raise SettingsError(
                f"The recipe {recipe.name!r} trains a {task.product}; name one of a recogniser."
            )
        engine = Engine(recipe, task, digits, seed=self.seed, device=resolve_device(self.device))
        engine.train()
        config = ModelConfig(
            kind=task.product,
            model=recipe.model,
            options=recipe.options,
            class_names=digits.class_names,
            recipe=recipe.name,
            data="given to fit",
            seed=self.seed,
        )
        self._take(engine.finished_product().cpu(), config, classes)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float32]:
        """Probability of every class, (N, K), in the order of `classes_`."""
        logits_NK = self._forward(X, self._fitted_network())
        return torch.softmax(logits_NK, dim=1).numpy()

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The most probable label of each image, (N,)."""
        indices = self.predict_indices(X)
        return self.classes_[indices]

    def predict_indices(self, X: ArrayLike) -> NDArray[np.int64]:
        """The most probable class of each image as its place in `classes_`, (N,)."""
        return self._forward(X, self._fitted_network()).argmax(dim=1).numpy()

    def reader(self, threshold: float | None = None) -> "Reader":
        """What reads pictures of any size with this recogniser and the calibration in its model folder.

        Args:
            threshold: Confidence below which a digit is rejected; None for the calibration's.

        Raises:
            ModelError: The calibration is damaged.
        """
        from inkmint.reading.model import load_reader  # scikit-image takes its time to import

        self._require_fitted()
        return load_reader(self, self._folder, threshold)

    def read(self, image: "ArrayLike | Image.Image | Path | str") -> "Reading":
        """Read all digits of a photograph, scan or drawing; see `reading.reader.Reader.read`."""
        return self.reader().read(image)

    def judge(self, images_NHW: Tensor) -> Tensor:
        """The class index of each uint8 image (N, 28, 28), int64 (N,), for `training.tasks`."""
        return torch.from_numpy(self.predict_indices(images_NHW.cpu().numpy()))

    def features(self, X: ArrayLike) -> NDArray[np.float32]:
        """Activations below the class layer, (N, D); D is 84 for LeNet."""
        return self._forward(X, self._fitted_network().features).numpy()

    def _forward(self, X: ArrayLike, function: Any) -> Tensor:
        images = self._images(X)
        with torch.inference_mode():
            return torch.cat([function(to_network(part)) for part in images.split(BATCH_IMAGES)])

    def _images(self, X: ArrayLike) -> Tensor:
        images = as_images(X, "The input")
        if not len(images):
            raise DataError("The input holds no images; give at least one.")
        return images

    def _fitted_network(self) -> nn.Module:
        self._require_fitted()
        return self.network_

    def _require_fitted(self) -> None:
        if not hasattr(self, "network_"):
            raise NotFittedError(
                "This Recogniser is not trained yet; call fit, or load one with from_pretrained."
            )


def sized(recipe: Recipe, num_images: int, epochs: int | None = None) -> Recipe:
    """The recipe for this many images: batches no larger than all of them, and at least 1,000 steps.

    Args:
        recipe: Of a recogniser; one that is fitted at once is passed as often as it says.
        num_images: Of the training set.
        epochs: Passes over the images, however many steps that makes; None takes the recipe's, or more.
    """
    num_images = max(num_images, recipe.images_per_epoch)
    batch_size = min(recipe.batch_size, num_images)
    if epochs is None:
        enough = -(-FEWEST_STEPS // (num_images // batch_size)) if recipe.optimisers else 1
        epochs = max(recipe.epochs, enough)
    return recipe.derive(batch_size=batch_size, epochs=epochs)


def _label_array(y: ArrayLike, num_images: int) -> NDArray[Any]:
    try:
        labels: NDArray[Any] = column_or_1d(y, warn=True)
    except ValueError as error:
        reason = str(error).rstrip(".")
        raise DataError(f"{reason}; give one label per image, ({num_images},).") from error
    if len(labels) != num_images:
        raise DataError(f"There are {num_images} images but {len(labels)} labels; give one label per image.")
    if labels.dtype.kind == "f" and not np.array_equal(labels, np.rint(labels)):
        raise DataError("Unknown label type: the labels are fractions; a recogniser needs classes.")
    return labels
