"""Networks that tell which digit an image shows.

LeNet, AlexNet, VGG-16 and ResNet-18 are those of hao2020's table 1, which names them and gives no sizes. The last
three are made for 224x224 colour images; each says what it changes for 28x28 images of one channel.

Shape suffixes: N batch, C channels, H height, W width, K classes, D features.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from inkmint.nets.blocks import AttentionMask, Dropout


class LeNet(nn.Module):
    """LeNet-5, with hao2020's attention mask if asked for.

    As hao2020's figure 2 draws it: 32x32 in, 6 maps of 28x28, halved, 16 maps of 10x10, halved, then
    two dense layers (120 and 84) and the class layer. 28x28 images are padded with two pixels
    of background. The document names no activation: we use ReLU and max pooling. It draws one
    attention module after the convolutional features and prints no position; ours sits on the 16
    maps before the last down-sampling, where it still sees 10x10 locations.

    Args:
        num_classes: K.
        attention: Whether the mask is there (`lenet-attention`) or not (`lenet`).
    """

    def __init__(self, num_classes: int, attention: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, kernel_size=5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, kernel_size=5)
        self.attention = AttentionMask(16) if attention else nn.Identity()
        self.dense1 = nn.Linear(16 * 5 * 5, 120)
        self.dense2 = nn.Linear(120, 84)
        self.head = nn.Linear(84, num_classes)

    def features(self, x_NCHW: Tensor) -> Tensor:
        """The 84 activations below the class layer, (N, 84)."""
        x_NCHW = F.max_pool2d(F.relu(self.conv1(x_NCHW)), 2)
        x_NCHW = F.max_pool2d(self.attention(F.relu(self.conv2(x_NCHW))), 2)
        return F.relu(self.dense2(F.relu(self.dense1(x_NCHW.flatten(1)))))

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Class logits (N, K)."""
        logits_NK: Tensor = self.head(self.features(x_NCHW))
        return logits_NK


class _Stage(NamedTuple):
    """Layers that see maps of one size.

    Attributes:
        layers: What computes the stage's features.
        num_channels: Of the features.
        size_px: Height and width of the features.
        shrink: What makes the features smaller for the next stage.
    """

    layers: nn.Module
    num_channels: int
    size_px: int
    shrink: nn.Module


def _joined(stages: Sequence[_Stage], attention: int) -> nn.Sequential:
    """The stages one after the other, with hao2020's mask on the features of stage number `attention`, if any.

    As in `LeNet`, the mask comes before the down-sampling that follows, where the map is at its largest.
    """
    if not 0 <= attention <= len(stages):
        raise ValueError(
            f"there is no stage {attention} to put attention after; take 1 to {len(stages)}, or 0 for none"
        )
    layers: list[nn.Module] = []
    for number, stage in enumerate(stages, 1):
        layers.append(stage.layers)
        if number == attention:
            if stage.size_px < 2:
                raise ValueError(
                    f"attention after stage {number} would see a feature map of {stage.size_px}x{stage.size_px}; "
                    "put it after an earlier stage, where the map is at least 2x2"
                )
            layers.append(AttentionMask(stage.num_channels))
        layers.append(stage.shrink)
    return nn.Sequential(*layers)


def _scaled(width: float, num_units: int) -> int:
    if not 0 < width < float("inf"):
        raise ValueError(f"a width of {width} leaves no channels; take a number above 0, such as 0.25")
    return max(1, round(width * num_units))


def _started(layer: nn.Conv2d | nn.Linear) -> nn.Module:
    """Draw the weights from N(0, 2 / fan_in), so that deep stacks train without the tricks of their papers.

    References:
        He et al., "Delving Deep into Rectifiers", ICCV 2015.
    """
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return layer


def _conv_relu(num_in: int, num_out: int, kernel_size: int) -> list[nn.Module]:
    conv = nn.Conv2d(num_in, num_out, kernel_size=kernel_size, padding=kernel_size // 2)
    return [_started(conv), nn.ReLU(inplace=True)]


def _dense(sizes: Sequence[int]) -> nn.Sequential:
    """Dense layers, ReLU and dropout of 0.5 after each, as AlexNet and VGG-16 have them."""
    layers: list[nn.Module] = [nn.Flatten()]
    for num_in, num_out in pairwise(sizes):
        layers += [_started(nn.Linear(num_in, num_out)), nn.ReLU(inplace=True), Dropout(p=0.5)]
    return nn.Sequential(*layers)


class _StagedRecogniser(nn.Module):
    """Stages, then what turns maps into features, then the class layer."""

    def __init__(self, stages: nn.Sequential, top: nn.Module, num_features: int, num_classes: int) -> None:
        super().__init__()
        self.stages, self.top = stages, top
        self.head = nn.Linear(num_features, num_classes)

    def features(self, x_NCHW: Tensor) -> Tensor:
        """The activations below the class layer, (N, D)."""
        features_ND: Tensor = self.top(self.stages(x_NCHW))
        return features_ND

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Class logits (N, K)."""
        logits_NK: Tensor = self.head(self.features(x_NCHW))
        return logits_NK


class AlexNet(_StagedRecogniser):
    """AlexNet: five convolutions in three stages, two dense layers (Krizhevsky et al., 2012).

    The widths are torchvision's, of a single tower: 64, then 192, then 384-256-256 channels, dense 4096-4096. For
    28x28 images the first convolution is 5x5 with stride 1 in place of 11x11 with stride 4. Poolings are the
    paper's, 3x3 with stride 2, so that stages see 28, 13 and 6 pixels and the dense layers 2x2. Like
    torchvision's it has no local response normalisation.

    Args:
        num_classes: K.
        width: Factor of all channels and dense layers, above 0; the product is rounded, and at least 1.
        attention: Number of the stage, 1 to 3, after whose features hao2020's mask sits; 0 for none.

    Raises:
        ValueError: There is no such stage, or the width is not above 0.

    References:
        Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural
        Networks", NIPS 2012, section 3.5.
    """

    def __init__(self, num_classes: int, width: float, attention: int) -> None:
        c1, c2, c3, c4, c5, d = (_scaled(width, n) for n in (64, 192, 384, 256, 256, 4096))
        deepest = [*_conv_relu(c2, c3, 3), *_conv_relu(c3, c4, 3), *_conv_relu(c4, c5, 3)]
        stages = [
            _Stage(nn.Sequential(*_conv_relu(1, c1, 5)), c1, 28, nn.MaxPool2d(kernel_size=3, stride=2)),
            _Stage(nn.Sequential(*_conv_relu(c1, c2, 5)), c2, 13, nn.MaxPool2d(kernel_size=3, stride=2)),
            _Stage(nn.Sequential(*deepest), c5, 6, nn.MaxPool2d(kernel_size=3, stride=2)),
        ]
        super().__init__(_joined(stages, attention), _dense((c5 * 2 * 2, d, d)), d, num_classes)


class Vgg16(_StagedRecogniser):
    """VGG-16: thirteen 3x3 convolutions in five stages, two dense layers (Simonyan and Zisserman, 2015).

    Configuration D, with batch normalisation after each convolution: the paper initialises deep networks from
    trained shallow ones, and without either this depth stays at chance for long under plain SGD. 28 pixels halve
    four times, not five, so the last stage has no pooling: stages see 28, 14, 7, 3 and 1 pixels, and the dense
    layers (4096-4096) 1x1.

    Args:
        num_classes: K.
        width: Factor of all channels and dense layers, above 0; the product is rounded, and at least 1.
        attention: Number of the stage, 1 to 4, after whose features hao2020's mask sits; 0 for none.

    Raises:
        ValueError: There is no such stage, its map is a single pixel, or the width is not above 0.

    References:
        Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
        ICLR 2015, table 1.
    """

    def __init__(self, num_classes: int, width: float, attention: int) -> None:
        stages: list[_Stage] = []
        num_in = 1
        for num_convs, num_channels, size_px in (
            (2, 64, 28),
            (2, 128, 14),
            (3, 256, 7),
            (3, 512, 3),
            (3, 512, 1),
        ):
            num_out = _scaled(width, num_channels)
            layers: list[nn.Module] = []
            for _ in range(num_convs):
                layers += _conv_norm(num_in, num_out), nn.ReLU(inplace=True)
                num_in = num_out
            shrink = nn.MaxPool2d(kernel_size=2) if size_px > 1 else nn.Identity()
            stages.append(_Stage(nn.Sequential(*layers), num_out, size_px, shrink))
        d = _scaled(width, 4096)
        super().__init__(_joined(stages, attention), _dense((num_in, d, d)), d, num_classes)


def _conv_norm(num_in: int, num_out: int, stride: int = 1, kernel_size: int = 3) -> nn.Sequential:
    """A convolution and the batch normalisation that takes the place of its bias."""
    conv = nn.Conv2d(
        num_in, num_out, kernel_size=kernel_size, stride=stride, padding=kernel_size // 2, bias=False
    )
    return nn.Sequential(_started(conv), nn.BatchNorm2d(num_out))


class _BasicBlock(nn.Module):
    """Two 3x3 convolutions around which the input goes (He et al., 2016, figure 5, left)."""

    def __init__(self, num_in: int, num_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = _conv_norm(num_in, num_out, stride=stride)
        self.conv2 = _conv_norm(num_out, num_out)
        self.shortcut = (
            nn.Identity() if stride == 1 else _conv_norm(num_in, num_out, stride=stride, kernel_size=1)
        )

    def forward(self, x_NCHW: Tensor) -> Tensor:
        inner_NCHW = self.conv2(F.relu(self.conv1(x_NCHW)))
        return F.relu(inner_NCHW + self.shortcut(x_NCHW))


class ResNet18(_StagedRecogniser):
    """ResNet-18: a stem, four stages of two basic blocks, the mean over locations (He et al., 2016).

    hao2020 does not say which ResNet it ran. For 28x28 images the stem is a 3x3 convolution with stride 1 and a 2x2
    max pooling in place of 7x7 with stride 2 and 3x3 pooling; the stages see 14, 7, 4 and 2 pixels. Where a
    stage halves the map, the way around is a 1x1 convolution (option B of the paper).

    Args:
        num_classes: K.
        width: Factor of all channels, above 0; the product is rounded, and at least 1.
        attention: Number of the stage, 1 to 4, after whose features hao2020's mask sits; 0 for none.

    Raises:
        ValueError: There is no such stage, or the width is not above 0.

    References:
        He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, table 1.
    """

    def __init__(self, num_classes: int, width: float, attention: int) -> None:
        channels = [_scaled(width, n) for n in (64, 64, 128, 256, 512)]
        stages: list[_Stage] = []
        for index, (num_in, num_out) in enumerate(pairwise(channels)):
            blocks = nn.Sequential(
                _BasicBlock(num_in, num_out, stride=2 if index else 1),
                _BasicBlock(num_out, num_out, stride=1),
            )
            stages.append(_Stage(blocks, num_out, (14, 7, 4, 2)[index], nn.Identity()))
        stem = nn.Sequential(_conv_norm(1, channels[0]), nn.ReLU(inplace=True), nn.MaxPool2d(kernel_size=2))
        top = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        super().__init__(nn.Sequential(stem, *_joined(stages, attention)), top, channels[-1], num_classes)
