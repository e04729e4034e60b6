"""Networks that tell which digit an image shows.

Shape suffixes: N batch, C channels, H height, W width, K classes.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from inkmint.nets.blocks import AttentionMask


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
