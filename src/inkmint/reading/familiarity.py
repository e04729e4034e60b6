"""Telling what looks like no digit at all, which a recogniser's confidence alone does not.

Shape suffixes: N images, D features, K classes, P pixels, C components.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from inkmint.errors import ModelError
from inkmint.files import atomic_path, sha256_bytes

FILE_NAME = "reading.safetensors"
NUM_COMPONENTS = 20
FAMILIAR_SHARE = 0.99
"""Of the calibration's digits, which stay below the limit."""

_SMALLEST = 1e-12

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Familiarity:
    """What digits look like to a recogniser and as pictures, so that other things can be told from them.

    Attributes:
        means_KD: Mean features of every class.
        whitening_DD: Square root of the inverse covariance of features within classes.
        mean_P: Mean picture, in [0, 1].
        components_CP: The directions in which pictures of digits differ most.
        centres_2: Means over digits of the logarithms of both distances.
        spreads_2: Their standard deviations.
        limit: What 99 in 100 digits stay below.
    """

    means_KD: Floats
    whitening_DD: Floats
    mean_P: Floats
    components_CP: Floats
    centres_2: Floats
    spreads_2: Floats
    limit: float

    def is_strange(self, features_ND: NDArray[Any], images_NHW: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Which images look like no digit.

        Args:
            features_ND: The recogniser's, of these images.
            images_NHW: Normalised, uint8 (N, 28, 28).
        """
        return np.asarray(self.strangeness(features_ND, images_NHW) > self.limit)

    def strangeness(self, features_ND: NDArray[Any], images_NHW: NDArray[np.uint8]) -> NDArray[np.float64]:
        """How far each image is from all digits, (N,): about 0 for digits, higher for what is none.

        The sum of two logarithms in units of their spread over digits: of the Mahalanobis distance of the features
        to the nearest class, and of what principal components of digits leave over of the picture.

        References:
            Lee et al., A Simple Unified Framework for Detecting Out-of-Distribution Samples, NeurIPS 2018.
        """
        looks = (self.means_KD, self.whitening_DD, self.mean_P, self.components_CP)
        logarithms_N2 = _log_distances(features_ND, images_NHW, *looks)
        strangeness_N: NDArray[np.float64] = ((logarithms_N2 - self.centres_2) / self.spreads_2).sum(axis=1)
        return strangeness_N


def _log_distances(
    features_ND: NDArray[Any],
    images_NHW: NDArray[np.uint8],
    means_KD: Floats,
    whitening_DD: Floats,
    mean_P: Floats,
    components_CP: Floats,
) -> NDArray[np.float64]:
    """Logarithms of the squared distances to the nearest class and to the plane of the components, (N, 2)."""
    white_ND = np.asarray(features_ND, np.float64) @ whitening_DD
    to_class_KN = [((white_ND - white_D) ** 2).sum(axis=1) for white_D in means_KD @ whitening_DD]
    apart_NP = images_NHW.reshape(len(images_NHW), -1) / 255 - mean_P
    apart_NP = apart_NP - apart_NP @ components_CP.T @ components_CP
    both_N2 = np.stack([np.min(to_class_KN, axis=0), (apart_NP**2).sum(axis=1)], axis=1)
    return np.log(both_N2 + _SMALLEST)


def fit_familiarity(
    features_ND: NDArray[Any], images_NHW: NDArray[np.uint8], labels_N: NDArray[Any]
) -> Familiarity:
    """Learn what digits look like from normalised validation digits, of every class at least one.

    Args:
        features_ND: The recogniser's, of these images.
        images_NHW: uint8 (N, 28, 28).
        labels_N: Their classes, 0 to K - 1.
    """
    from sklearn.covariance import LedoitWolf
    from sklearn.decomposition import PCA

    means_KD = np.stack([features_ND[labels_N == label].mean(axis=0) for label in range(labels_N.max() + 1)])
    covariance = LedoitWolf(assume_centered=True).fit(features_ND - means_KD[labels_N]).covariance_
    values_D, vectors_DD = np.linalg.eigh(covariance.astype(np.float64))
    whitening_DD = vectors_DD / np.sqrt(values_D.clip(_SMALLEST))
    pictures_NP = images_NHW.reshape(len(images_NHW), -1) / np.float32(255)
    pca = PCA(min(NUM_COMPONENTS, len(pictures_NP) - 1), svd_solver="covariance_eigh").fit(pictures_NP)
    looks = (
        means_KD.astype(np.float32),
        whitening_DD.astype(np.float32),
        pca.mean_.astype(np.float32),
        pca.components_.astype(np.float32),
    )
    logarithms_N2 = _log_distances(features_ND, images_NHW, *looks)
    centres_2 = logarithms_N2.mean(axis=0).astype(np.float32)
    spreads_2 = logarithms_N2.std(axis=0).clip(_SMALLEST).astype(np.float32)
    scores_N = ((logarithms_N2 - centres_2) / spreads_2).sum(axis=1)
    return Familiarity(*looks, centres_2, spreads_2, float(np.quantile(scores_N, FAMILIAR_SHARE)))


def save_familiarity(familiarity: Familiarity, folder: Path) -> str:
    """Write it beside the weights, as float32; the SHA-256 of the file."""
    tensors = {
        name: np.atleast_1d(np.asarray(value, np.float32)) for name, value in vars(familiarity).items()
    }
    content = save({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()})
    with atomic_path(folder / FILE_NAME) as temporary:
        temporary.write_bytes(content)
    return sha256_bytes(content)


def load_familiarity(folder: Path, sha256: str) -> Familiarity:
    """Read it back.

    Raises:
        ModelError: The file is missing, damaged, or another than the calibration's.
    """
    path = folder / FILE_NAME
    try:
        content = path.read_bytes()
        if sha256_bytes(content) != sha256:
            raise ValueError
        tensors = load(content)
        limit = float(tensors.pop("limit")[0])
        return Familiarity(**tensors, limit=limit)
    except (OSError, ValueError, TypeError, KeyError, SafetensorError) as error:
        raise ModelError(
            f"{path} is missing, or not the file that was measured; write it anew with: inkmint read --calibrate"
        ) from error
