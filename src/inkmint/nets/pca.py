"""Generators that draw along the principal components of each class.

Shape suffixes: N batch, C channels, H height, W width, Z latent, K classes, Q components, P pixels.
"""

from abc import abstractmethod
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from inkmint.data.digits import IMAGE_SIZE
from inkmint.data.pixels import to_network
from inkmint.errors import DataError
from inkmint.nets.fitted import FittedModule

if TYPE_CHECKING:
    from sklearn.decomposition import PCA

NUM_PIXELS = IMAGE_SIZE**2


class _ComponentsGenerator(FittedModule):
    """A Gaussian for each class, found from the eigenvectors of its covariance.

    Args:
        num_classes: K; labels are in 0 .. K - 1.
        num_components: Q, eigenvectors of a class.
    """

    mean_KP: Tensor
    components_KQP: Tensor
    variance_KQ: Tensor
    noise_variance_K: Tensor

    def __init__(self, num_classes: int, num_components: int, most_components: int) -> None:
        super().__init__()
        if not 1 <= num_components <= most_components:
            raise ValueError(
                f"{num_components} components cannot be taken of {NUM_PIXELS} pixels; take 1 to {most_components}"
            )
        self.num_classes, self.num_components = num_classes, num_components
        self.declare("mean_KP", (num_classes, NUM_PIXELS))
        self.declare("components_KQP", (num_classes, num_components, NUM_PIXELS))
        self.declare("variance_KQ", (num_classes, num_components))
        self.declare("noise_variance_K", (num_classes,))

    def _fit(self, images_NHW: Tensor, labels_N: Tensor) -> dict[str, Tensor]:
        counts = torch.bincount(labels_N, minlength=self.num_classes).tolist()
        count = min(counts)
        if count <= self.num_components:
            remedy = f", or set num_components to {count - 1} or less" if count > 1 else ""
            raise DataError(
                f"Class {counts.index(count)} has {count} images, too few for {self.num_components} components; "
                f"give it {self.num_components + 1} or more{remedy}."
            )
        fits = [self._fit_class(images_NHW[labels_N == k]) for k in range(self.num_classes)]
        return {
            "mean_KP": torch.stack([torch.from_numpy(pca.mean_) for pca in fits]),
            "components_KQP": torch.stack([torch.from_numpy(pca.components_) for pca in fits]),
            "variance_KQ": torch.stack([torch.from_numpy(pca.explained_variance_) for pca in fits]),
            "noise_variance_K": torch.tensor([float(pca.noise_variance_) for pca in fits]),
        }

    def _fit_class(self, images_NHW: Tensor) -> "PCA":
        from sklearn.decomposition import PCA

        # The covariance solver has no random part, and counts all discarded eigenvalues, the zeros of
        # a class with fewer images than pixels as well, as Tipping and Bishop do.
        pca = PCA(self.num_components, svd_solver="covariance_eigh")
        return pca.fit(to_network(images_NHW).flatten(1).double().numpy())

    @abstractmethod
    def unclamped(self, z_NZ: Tensor, y_N: Tensor) -> Tensor:
        """Draws of the Gaussian itself, (N, 784); some lie outside [-1, 1]."""

    def forward(self, z_NZ: Tensor, y_N: Tensor) -> Tensor:
        """Images (N, 1, 28, 28) in [-1, 1]."""
        return _as_images(self.unclamped(z_NZ, y_N))

    def reconstruct(self, x_NCHW: Tensor, y_N: Tensor) -> Tensor:
        """Project images on the components of their classes, which rzayev2021 (section 5) calls generating.

        Returns:
            Images (N, 1, 28, 28) in [-1, 1]: `mean_y + U_y U_y^T (x - mean_y)`, clamped.
        """
        self._require_fit()
        centred_NP = x_NCHW.flatten(1) - self.mean_KP[y_N]
        scores_NQ = _of_class(torch.einsum("np,kqp->nkq", centred_NP, self.components_KQP), y_N)
        return _as_images(self.mean_KP[y_N] + self._along(scores_NQ, y_N))

    def _along(self, scores_NQ: Tensor, y_N: Tensor) -> Tensor:
        return _of_class(torch.einsum("nq,kqp->nkp", scores_NQ, self.components_KQP), y_N)


class PcaGenerator(_ComponentsGenerator):
    """Draws along the principal components of a class, with its variances (rzayev2021, section 5).

    `x = mean_y + U_y L_y^(1/2) z`, clamped to [-1, 1], with U_y the Q leading eigenvectors of class y's covariance
    and L_y their eigenvalues. rzayev2021 calls the reconstruction of training images from Q components
    generating, and names no way to make new ones; `reconstruct` does what it describes, and this draws new images.

    Args:
        num_classes: K; labels are in 0 .. K - 1.
        num_components: Q, which is also the size of the latent, 1 to 784; the document's gain ends at 64.
    """

    def __init__(self, num_classes: int, num_components: int) -> None:
        super().__init__(num_classes, num_components, most_components=NUM_PIXELS)
        self.latent_size = num_components

    def unclamped(self, z_NZ: Tensor, y_N: Tensor) -> Tensor:
        """Draws of the Gaussian itself, (N, 784); some lie outside [-1, 1]."""
        self._require_fit()
        return self.mean_KP[y_N] + self._along(z_NZ * self.variance_KQ[y_N].sqrt(), y_N)


class ProbabilisticPcaGenerator(_ComponentsGenerator):
    """Draws from probabilistic PCA of a class, which rzayev2021 leaves to future work.

    `x = mean_y + W_y z + s_y e`, clamped to [-1, 1], with `W_y = U_y (L_y - s_y^2 I)^(1/2)` and s_y^2 the mean of
    the discarded eigenvalues: the maximum-likelihood solution with no rotation (Tipping and Bishop, 1999,
    equations 7 and 8). Covariances divide by n - 1, as scikit-learn's, and not by n.

    Args:
        num_classes: K; labels are in 0 .. K - 1.
        num_components: Q, 1 to 783. The latent is z and then e, Q + 784 numbers.

    References:
        Tipping and Bishop, "Probabilistic Principal Component Analysis", J. Royal Statistical Society B, 1999.
    """

    def __init__(self, num_classes: int, num_components: int) -> None:
        super().__init__(num_classes, num_components, most_components=NUM_PIXELS - 1)
        self.latent_size = num_components + NUM_PIXELS

    def unclamped(self, z_NZ: Tensor, y_N: Tensor) -> Tensor:
        """Draws of the Gaussian itself, (N, 784); some lie outside [-1, 1]."""
        self._require_fit()
        z_NQ, e_NP = z_NZ[:, : self.num_components], z_NZ[:, self.num_components :]
        noise_N1 = self.noise_variance_K[y_N][:, None]
        scales_NQ = (self.variance_KQ[y_N] - noise_N1).clamp_min(0).sqrt()
        return self.mean_KP[y_N] + self._along(z_NQ * scales_NQ, y_N) + noise_N1.sqrt() * e_NP


def _of_class(x_NKF: Tensor, y_N: Tensor) -> Tensor:
    return x_NKF[torch.arange(y_N.shape[0], device=y_N.device), y_N]


def _as_images(x_NP: Tensor) -> Tensor:
    return x_NP.clamp(-1, 1).reshape(-1, 1, IMAGE_SIZE, IMAGE_SIZE)
