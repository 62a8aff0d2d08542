"""EfficientNet-Lite0: a small convolutional network for photographs, without squeeze-and-excitation, with ReLU6.

The attributes are named like the keys of the published weights, so that these are loaded as they are.
Source: Tan and Le 2019, EfficientNet, table 1; the Lite variant of its authors, 2020.
Letters: ``N`` images, ``C`` channels, ``F`` = 1,280 features.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

FEATURES = 1280
CLASSES = 1000  # of ImageNet, that the published head tells
STEM = 32  # channels of the first convolution
STAGES = (  # kernel, stride, expansion, channels, blocks
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)


class SamePadConv(nn.Conv2d):
    """A convolution whose output is the input over the stride, rounded up; an odd pad is right and below.

    Source: the padding ``SAME`` of TensorFlow, in which the published weights were learnt.
    """

    def forward(self, inputs: Tensor) -> Tensor:
        """Convolve (N, C, H, W)."""
        pads = []
        for side, kernel, stride in zip(inputs.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1], strict=True):
            pad = max((-(-side // stride) - 1) * stride + kernel - side, 0)
            pads += [pad // 2, pad - pad // 2]
        if pads[0] == pads[1] and pads[2] == pads[3]:
            return F.conv2d(inputs, self.weight, None, self.stride, (pads[2], pads[0]), 1, self.groups)
        return F.conv2d(F.pad(inputs, pads), self.weight, None, self.stride, 0, 1, self.groups)


class Block(nn.Module):
    """An inverted bottleneck: widen, convolve each channel by itself, narrow; added to its input where shapes allow.

    Source: Sandler et al. 2018, MobileNetV2, section 3.3.
    """

    def __init__(self, kernel: int, stride: int, expansion: int, before: int, after: int) -> None:
        super().__init__()
        wide = before * expansion
        self.widens, self.adds = expansion > 1, stride == 1 and before == after
        if self.widens:
            self._expand_conv, self._bn0 = _conv(before, wide, 1), _norm(wide)
        self._depthwise_conv, self._bn1 = _conv(wide, wide, kernel, stride, groups=wide), _norm(wide)
        self._project_conv, self._bn2 = _conv(wide, after, 1), _norm(after)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return (N, after, H / stride, W / stride) of (N, before, H, W)."""
        wide = F.relu6(self._bn0(self._expand_conv(inputs)), inplace=True) if self.widens else inputs
        mixed = F.relu6(self._bn1(self._depthwise_conv(wide)), inplace=True)
        narrow: Tensor = self._bn2(self._project_conv(mixed))
        return narrow + inputs if self.adds else narrow


class Lite0(nn.Module):
    """The network, from pixels (N, 3, H, W) to features, and from these to logits of ImageNet's classes.

    Args:
        tells: Whether it has the published last layer; otherwise its features are what it returns.
    """

    def __init__(self, *, tells: bool = True) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = _conv(3, STEM, 3, 2), _norm(STEM)
        self._blocks = nn.ModuleList(_blocks())
        before = STAGES[-1][3]
        self._conv_head, self._bn1 = _conv(before, FEATURES, 1), _norm(FEATURES)
        self._fc = nn.Linear(FEATURES, CLASSES) if tells else nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (N, 1000), or features (N, F), of pixels (N, 3, H, W) from about -1 to 1."""
        maps = F.relu6(self._bn0(self._conv_stem(images)), inplace=True)
        for block in self._blocks:
            maps = block(maps)
        maps = F.relu6(self._bn1(self._conv_head(maps)), inplace=True)
        found: Tensor = self._fc(maps.mean(dim=(2, 3)))
        return found

    @property
    def stages(self) -> list[list[nn.Module]]:
        """The layers in parts that can be trained on, from the pixels up; the last holds the widest convolution."""
        counts, found = [stage[-1] for stage in STAGES], list[list[nn.Module]]()
        blocks = iter(self._blocks)
        for count in counts:
            found.append([next(blocks) for _ in range(count)])
        found[0] = [self._conv_stem, self._bn0, *found[0]]
        return [*found, [self._conv_head, self._bn1]]


def _blocks() -> list[Block]:
    found, before = list[Block](), STEM
    for kernel, stride, expansion, after, count in STAGES:
        for number in range(count):
            found.append(Block(kernel, 1 if number else stride, expansion, before, after))
            before = after
    return found


def _conv(before: int, after: int, kernel: int, stride: int = 1, groups: int = 1) -> SamePadConv:
    return SamePadConv(before, after, kernel, stride, groups=groups, bias=False)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)
