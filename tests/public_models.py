"""Models of ProtoSeg and ScaleProtoSeg: state dicts and a plain forward.

Written from the names, shapes and formulas of the public code alone.
"""

import torch
import torch.nn.functional as F

BASE = 'features.base.'
RATES = (6, 12, 18, 24)
# name, blocks, channels in and out, stride and dilation
LAYERS = (
    ('layer2', 3, 64, 256, 1, 1),
    ('layer3', 4, 256, 512, 2, 1),
    ('layer4', 23, 512, 1024, 1, 2),
    ('layer5', 3, 1024, 2048, 1, 4),
)


def feature_shapes(channels=64):
    """Public names and shapes of DeepLabV2 with ResNet-101."""
    shapes = {}

    def unit(name, inside, outside, kernel):
        shapes[f'{name}.conv.weight'] = (outside, inside, kernel, kernel)
        for part in ('weight', 'bias', 'running_mean', 'running_var'):
            shapes[f'{name}.bn.{part}'] = (outside,)
        shapes[f'{name}.bn.num_batches_tracked'] = ()

    unit(f'{BASE}layer1.conv1', 3, 64, 7)
    for layer, blocks, inside, outside, _, _ in LAYERS:
        middle = outside // 4
        for number in range(1, blocks + 1):
            block = f'{BASE}{layer}.block{number}'
            unit(f'{block}.reduce', inside, middle, 1)
            unit(f'{block}.conv3x3', middle, middle, 3)
            unit(f'{block}.increase', middle, outside, 1)
            if number == 1:
                unit(f'{block}.shortcut', inside, outside, 1)
            inside = outside
    for branch in range(4):
        shapes[f'{BASE}aspp.c{branch}.weight'] = (channels, 2048, 3, 3)
        shapes[f'{BASE}aspp.c{branch}.bias'] = (channels,)
    return shapes


def random_features(channels=64):
    """State dict with values that neither explode nor vanish."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for name, shape in feature_shapes(channels).items():
        if name.endswith('num_batches_tracked'):
            state[name] = torch.tensor(len(state))
            continue
        value = torch.randn(shape, generator=generator)
        if len(shape) == 4:
            value /= value[0].numel() ** 0.5
        elif name.endswith(('bn.weight', 'running_var')):
            value = 1 + 0.2 * value.tanh()
        state[name] = value
    return state


def flat_features(channels=64):
    """State dict that takes no space: one number in every tensor."""
    return {
        name: torch.tensor(0.5).expand(shape)
        for name, shape in feature_shapes(channels).items()
    }


def forward_features(state, image):
    """Maps (N,D,H,W) of the four rates, before sum and sigmoid."""

    def unit(name, x, stride=1, dilation=1, padding=0):
        parts = ('running_mean', 'running_var', 'weight', 'bias')
        weight = state[f'{BASE}{name}.conv.weight']
        x = F.conv2d(x, weight, None, stride, padding, dilation)
        return F.batch_norm(
            x, *(state[f'{BASE}{name}.bn.{part}'] for part in parts)
        )

    x = unit('layer1.conv1', image, stride=2, padding=3).relu()
    x = F.max_pool2d(x, 3, 2, 1, ceil_mode=True)
    for layer, blocks, _, _, stride, dilation in LAYERS:
        for number in range(1, blocks + 1):
            block = f'{layer}.block{number}'
            step = stride if number == 1 else 1
            y = unit(f'{block}.reduce', x, step).relu()
            y = unit(f'{block}.conv3x3', y, 1, dilation, dilation).relu()
            y = unit(f'{block}.increase', y)
            x = unit(f'{block}.shortcut', x, step) if number == 1 else x
            x = (x + y).relu()
    return [
        F.conv2d(
            x,
            state[f'{BASE}aspp.c{branch}.weight'],
            state[f'{BASE}aspp.c{branch}.bias'],
            padding=rate,
            dilation=rate,
        )
        for branch, rate in enumerate(RATES)
    ]


class PublicHead:
    """Random prototypes in the public order, any of them pruned.

    Args:
        classes: Classes.
        scales: Scales, 1 in ProtoSeg.
        size: Prototypes of a class and scale.
        channels: Latent channels.
        groups: Groups of a class; 0 for the stage without.
        pruned: Prototypes that are dropped.
    """

    def __init__(
        self, classes, scales, size, channels=64, groups=0, pruned=()
    ):
        generator = torch.Generator().manual_seed(1)
        owners = [
            (scale, owner)
            for scale in range(scales)
            for owner in range(classes)
            for _ in range(size)
        ]
        owners = [o for i, o in enumerate(owners) if i not in set(pruned)]
        self.scale = [scale for scale, _ in owners]
        self.owner = [owner for _, owner in owners]
        self.identity = torch.zeros(len(owners), classes)
        for row, owner in enumerate(self.owner):
            self.identity[row, owner] = 1
        borders = [sum(s < b for s in self.scale) for b in range(scales + 1)]
        self.ranges = {
            scale: (borders[scale], borders[scale + 1])
            for scale in range(scales)
        }
        shape = (len(owners), channels, 1, 1)
        self.state = dict(
            prototype_vectors=torch.rand(shape, generator=generator)
        )
        self.state['ones'] = torch.ones(shape)
        if not groups:
            weight = torch.randn(classes, len(owners), generator=generator)
            self.state['last_layer.weight'] = weight
            return
        members = [self.rows(c) for c in range(classes) if self.rows(c)]
        for i, rows in enumerate(members):
            weight = torch.rand(groups, len(rows), generator=generator)
            name = f'group_projection.{i}.weight'
            self.state[name] = weight / weight.sum(1, keepdim=True)
        self.state['last_layer_group.weight'] = torch.randn(
            classes, groups * len(members), generator=generator
        )

    def rows(self, owner):
        return [row for row, c in enumerate(self.owner) if c == owner]

    def forward(self, maps):
        """Logits (N,C,H,W) of one latent map (N,D,H,W) a scale."""
        activations = []
        for vector, scale in zip(self.state['prototype_vectors'], self.scale):
            distance = (maps[scale] - vector).square().sum(dim=1)
            activations.append(((distance + 1) / (distance + 1e-4)).log())
        activations = torch.stack(activations, dim=-1)  # N,H,W,P
        if 'last_layer.weight' in self.state:
            logits = activations @ self.state['last_layer.weight'].T
            return logits.permute(0, 3, 1, 2)
        owners = sorted(set(self.owner))
        groups = [
            activations[..., self.rows(owner)]
            @ self.state[f'group_projection.{i}.weight'].T
            for i, owner in enumerate(owners)
        ]
        weight = self.state['last_layer_group.weight']
        logits = torch.cat(groups, dim=-1).exp() @ weight.T
        return logits.permute(0, 3, 1, 2)
