"""A recogniser on onnxruntime.

Shape suffixes: N images, H height, W width, K classes, D features.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inkmint.data.arrays import image_array
from inkmint.errors import DataError, ModelError
from inkmint.inference.onnx_model import OnnxModel

BATCH_IMAGES = 500


class OnnxRecogniser(OnnxModel):
    """Tells digits without torch; safe to use from several threads at once.

    It answers what `inkmint.reading` asks of a recogniser:
    `load_reader(recogniser, recogniser.folder).read("receipt.jpg")`.
    """

    kind = "recogniser"

    @property
    def attention_area(self) -> tuple[float, float, float, float] | None:
        """Left, top, right and bottom of the pixels that the attention mask lies on; None without a mask."""
        return self.config.attention_area

    def probabilities(self, images: ArrayLike) -> NDArray[np.float32]:
        """Probability of every class, (N, K).

        Args:
            images: (N, 28, 28) or (N, 784): integers in 0..255 or floats in 0..1, ink bright on dark.

        Raises:
            DataError: The images do not fit; the message says how.
        """
        return self._run("probabilities", images)

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float32]:
        """`probabilities` by the name that scikit-learn gave it."""
        return self.probabilities(X)

    def features(self, X: ArrayLike) -> NDArray[np.float32]:
        """Activations below the class layer, (N, D); D is 84 for LeNet."""
        return self._run("features", X)

    def attention(self, images: ArrayLike) -> NDArray[np.float32]:
        """How far each place of the feature map is let through, (N, H, W) in (0, 1); lay it on `attention_area`.

        Raises:
            ModelError: The network has no attention mask.
        """
        if self.attention_area is None:
            raise ModelError(
                f"The recogniser {self.name!r} has no attention mask; take one that has, such as 'lenet-attention'."
            )
        return self._run("attention", images)

    def _run(self, output: str, images: ArrayLike) -> NDArray[np.float32]:
        pixels_NHW = image_array(images, "The input")
        if not len(pixels_NHW):
            raise DataError("The input holds no images; give at least one.")
        parts: list[NDArray[np.float32]] = [
            self._session.run([output], {"images": pixels_NHW[start : start + BATCH_IMAGES]})[0]
            for start in range(0, len(pixels_NHW), BATCH_IMAGES)
        ]
        return np.concatenate(parts)
