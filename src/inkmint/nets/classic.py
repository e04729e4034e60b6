"""Recognisers from before deep networks, fitted once: neighbours, local binary patterns, sparse codes.

hao2020 argues against the second and the third kind without running them; the settings are ours, chosen by the
accuracy on the starter set's validation part. scikit-learn and scikit-image are imported where they work: they take as
long as torch, and every command reads the zoo.

Shape suffixes: N images, M stored images, C channels, H height, W width, K classes, D features, P pixels.
"""

import warnings

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inkmint.data.digits import IMAGE_SIZE
from inkmint.data.pixels import to_pixels
from inkmint.errors import DataError
from inkmint.nets.fitted import FittedModule


class KNearestNeighbours(FittedModule):
    """The nearest training images by Euclidean distance vote, each by the inverse of its distance.

    `logit_k = log(share_k + 1e-6)`, share_k class k's part of all votes. Where an image is a training
    image, only copies of it vote. All training images are stored, so the model is as large as its data.

    Args:
        num_classes: K.
        num_neighbours: How many images vote, 1 or more.

    References:
        Cover and Hart, "Nearest Neighbor Pattern Classification", IEEE Trans. Information Theory, 1967.
        Dudani, "The Distance-Weighted k-Nearest-Neighbor Rule", IEEE Trans. SMC, 1976.
    """

    images_MHW: Tensor
    labels_M: Tensor

    def __init__(self, num_classes: int, num_neighbours: int = 3) -> None:
        super().__init__()
        if num_neighbours < 1:
            raise ValueError(f"{num_neighbours} neighbours cannot vote; take 1 or more")
        self.num_classes, self.num_neighbours = num_classes, num_neighbours
        self.declare("images_MHW", (0, IMAGE_SIZE, IMAGE_SIZE), dtype=torch.uint8)
        self.declare("labels_M", (0,), dtype=torch.int64)

    def _fit(self, images_NHW: Tensor, labels_N: Tensor) -> dict[str, Tensor]:
        if len(images_NHW) < self.num_neighbours:
            raise DataError(
                f"{self.num_neighbours} neighbours cannot be found among {len(images_NHW)} images; "
                "give more images or set num_neighbours lower."
            )
        return {"images_MHW": images_NHW, "labels_M": labels_N}

    def features(self, x_NCHW: Tensor) -> Tensor:
        """The pixels between which distances are taken, 0 to 255, (N, 784)."""
        return x_NCHW.flatten(1).add(1).mul(127.5)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Class logits (N, K)."""
        from sklearn.neighbors import KNeighborsClassifier

        self._require_fit()
        vote = KNeighborsClassifier(self.num_neighbours, weights="distance", algorithm="brute")
        vote.fit(_array(self.images_MHW.flatten(1).float()), _array(self.labels_M))
        share_NK = x_NCHW.new_zeros(len(x_NCHW), self.num_classes)
        shares = vote.predict_proba(_array(self.features(x_NCHW).float()))
        share_NK[:, torch.from_numpy(vote.classes_)] = torch.from_numpy(shares).to(share_NK)
        return share_NK.add(1e-6).log()


class LbpSvm(FittedModule):
    """Histograms of local binary patterns under a linear support vector machine.

    A pattern says which of eight points on a circle about a pixel are at least as bright as it (hao2020,
    figure 1). Each of 4x4 cells of 7x7 pixels counts its 58 uniform patterns, those that change at most twice
    around the circle, and the rest as one (Ojala et al., 2002), and the cells are joined (Ahonen et al., 2006).
    The square root of each share goes into the machine, so that products compare histograms as the
    Hellinger distance does. One class is told from the rest by the squared hinge loss.

    hao2020 and the work it cites leave the classifier and all sizes open. Its figure's 3x3 window is
    `radius=1`; 2 is more accurate on digits, whose strokes are wider than a pixel.

    Args:
        num_classes: K.
        radius: Of the circle in pixels, 1 or more.
        regularisation: Weight of `|w|^2 / 2` against the sum of the losses of all images (1/C), above 0.

    References:
        Ojala et al., "Multiresolution Gray-Scale and Rotation Invariant Texture Classification with Local
        Binary Patterns", IEEE Trans. PAMI, 2002.
        Ahonen et al., "Face Description with Local Binary Patterns", IEEE Trans. PAMI, 2006.
    """

    cell_px = 7
    num_patterns = 59
    weight_KD: Tensor
    bias_K: Tensor

    def __init__(self, num_classes: int, radius: int = 2, regularisation: float = 3.0) -> None:
        super().__init__()
        if radius < 1:
            raise ValueError(f"a circle of radius {radius} has no points; take 1 or more")
        if not 0 < regularisation < float("inf"):
            raise ValueError(f"a regularisation of {regularisation} is not above 0")
        self.num_classes, self.radius, self.regularisation = num_classes, radius, regularisation
        self.num_features = (IMAGE_SIZE // self.cell_px) ** 2 * self.num_patterns
        self.declare("weight_KD", (num_classes, self.num_features))
        self.declare("bias_K", (num_classes,))

    def _fit(self, images_NHW: Tensor, labels_N: Tensor) -> dict[str, Tensor]:
        if len(labels_N.unique()) < 2:
            raise DataError("The labels hold one class only; a recogniser needs at least two classes.")
        from sklearn.svm import LinearSVC

        machine = LinearSVC(C=1 / self.regularisation, dual=False, tol=1e-3)
        machine.fit(self._histograms(images_NHW), labels_N.numpy())
        weight_KD, bias_K = torch.from_numpy(machine.coef_), torch.from_numpy(machine.intercept_)
        if len(machine.classes_) == 2:  # scikit-learn keeps the second class's side alone
            weight_KD, bias_K = torch.cat([-weight_KD, weight_KD]), torch.cat([-bias_K, bias_K])
        present = torch.from_numpy(machine.classes_)
        every_weight_KD = torch.zeros(self.num_classes, self.num_features)
        every_bias_K = torch.full((self.num_classes,), -1e3)  # a class without an image is never the answer
        every_weight_KD[present], every_bias_K[present] = weight_KD.float(), bias_K.float()
        return {"weight_KD": every_weight_KD, "bias_K": every_bias_K}

    def _histograms(self, images_NHW: Tensor) -> NDArray[np.float32]:
        from skimage.feature import local_binary_pattern

        side = IMAGE_SIZE // self.cell_px
        codes_NHW = np.stack(
            [local_binary_pattern(image, 8, self.radius, "nri_uniform") for image in _array(images_NHW)]
        ).astype(np.int64)
        cells = np.arange(side**2).reshape(side, side).repeat(self.cell_px, 0).repeat(self.cell_px, 1)
        images = np.arange(len(codes_NHW))[:, None, None]
        places_NHW = (images * side**2 + cells) * self.num_patterns + codes_NHW
        counts = np.bincount(places_NHW.ravel(), minlength=len(codes_NHW) * self.num_features)
        shares: NDArray[np.float32] = np.sqrt(counts / self.cell_px**2).astype(np.float32)
        return shares.reshape(-1, self.num_features)

    def features(self, x_NCHW: Tensor) -> Tensor:
        """Square roots of each cell's shares of patterns, (N, 944): 59 for each cell, row by row."""
        return torch.from_numpy(self._histograms(to_pixels(x_NCHW))).to(x_NCHW)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Class logits (N, K): signed distances from each class's plane, times its normal's length."""
        self._require_fit()
        return torch.addmm(self.bias_K, self.features(x_NCHW), self.weight_KD.T)


class SparseRepresentation(FittedModule):
    """An image belongs to the class whose training images rebuild it best in a sparse sum (Wright et al., 2009).

    The image y, at unit length, is coded over a dictionary A of training images at unit length;
    `logit_k = -15 |y - A_k s_k|`, where s_k is the part of the code on class k's images. The factor makes
    softmax's probabilities about right on the starter set's validation part.

    The paper minimises `|s|_1` subject to `|y - A s| <= error`. Ours finds few non-zero entries by orthogonal
    matching pursuit, which fixes their number instead of the error and takes milliseconds. The dictionary is
    `num_atoms` images of each class, evenly spaced in the order of the training set, or all there are.

    Args:
        num_classes: K.
        num_atoms: Images of each class in the dictionary, 1 or more. Time grows with its square.
        num_nonzero: Images in a sum, 1 to K * num_atoms; fewer if the dictionary is smaller.

    References:
        Wright et al., "Robust Face Recognition via Sparse Representation", IEEE Trans. PAMI, 2009, algorithm 1.
        Rubinstein et al., "Efficient Implementation of the K-SVD Algorithm using Batch Orthogonal Matching
        Pursuit", Technion CS-2008-08.
    """

    sharpness = 15.0
    atoms_MP: Tensor
    labels_M: Tensor

    def __init__(self, num_classes: int, num_atoms: int = 200, num_nonzero: int = 5) -> None:
        super().__init__()
        if num_atoms < 1 or not 1 <= num_nonzero <= num_atoms * num_classes:
            raise ValueError(
                f"a sum of {num_nonzero} images cannot be taken from {num_atoms} images of {num_classes} classes"
            )
        self.num_classes, self.num_atoms, self.num_nonzero = num_classes, num_atoms, num_nonzero
        self.declare("atoms_MP", (0, IMAGE_SIZE**2))
        self.declare("labels_M", (0,), dtype=torch.int64)

    def _fit(self, images_NHW: Tensor, labels_N: Tensor) -> dict[str, Tensor]:
        pixels_NP = images_NHW.flatten(1).float()
        inked_N = pixels_NP.any(dim=1)  # an empty image has no direction
        if not inked_N.any():
            raise DataError("Every training image is empty; give images that show something.")
        picks = [
            self._spread((inked_N & (labels_N == k)).nonzero().squeeze(1)) for k in range(self.num_classes)
        ]
        chosen_M = torch.cat(picks)
        return {"atoms_MP": _unit_length(pixels_NP[chosen_M]), "labels_M": labels_N[chosen_M]}

    def _spread(self, indices_N: Tensor) -> Tensor:
        wanted = min(self.num_atoms, len(indices_N))
        return indices_N[torch.arange(wanted) * len(indices_N) // max(wanted, 1)]

    def features(self, x_NCHW: Tensor) -> Tensor:
        """The pixels at unit length, (N, 784); of an empty image all 0."""
        return _unit_length(x_NCHW.flatten(1).add(1))

    def codes(self, x_NCHW: Tensor) -> Tensor:
        """The sparse code of each image over the dictionary, (N, M)."""
        from sklearn.linear_model import orthogonal_mp_gram

        self._require_fit()
        gram_MM = _array(self.atoms_MP @ self.atoms_MP.T)
        products_MN = _array(self.atoms_MP @ self.features(x_NCHW).T)
        with warnings.catch_warnings():
            # An image that is in the dictionary, or empty, is rebuilt before all entries are used.
            warnings.filterwarnings("ignore", "(?s).*Orthogonal matching pursuit ended prematurely")
            codes = orthogonal_mp_gram(
                gram_MM, products_MN, n_nonzero_coefs=min(self.num_nonzero, len(gram_MM)), copy_Xy=False
            )
        return torch.from_numpy(codes.reshape(products_MN.shape).T.copy()).to(x_NCHW)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Class logits (N, K)."""
        codes_NM, unit_NP = self.codes(x_NCHW), self.features(x_NCHW)
        residuals = [
            torch.linalg.vector_norm(unit_NP - (codes_NM * (self.labels_M == k)) @ self.atoms_MP, dim=1)
            for k in range(self.num_classes)
        ]
        return torch.stack(residuals, dim=1).mul(-self.sharpness)


def _array(tensor: Tensor) -> NDArray[np.generic]:
    array: NDArray[np.generic] = tensor.detach().cpu().numpy()
    return array


def _unit_length(x_NP: Tensor) -> Tensor:
    length_N1: Tensor = torch.linalg.vector_norm(x_NP, dim=1, keepdim=True)
    return x_NP / length_N1.clamp_min(1e-6)
