"""What the generated model.py calls: a tree of parameters, layers on it, and tables that formulas make."""
import functools
import math

import torch
import torch.nn.functional as F
from torch import nn


class Branch(nn.Module):
    """A branch of the parameters' names: `backbone.layers.0.norm.weight` is `backbone.layers[0].norm.weight`."""

    def __getitem__(self, index):
        return getattr(self, str(index))

    def add(self, name, shape):
        """Makes the parameter of a dotted name, filled with zeros, and the branches that lead to it."""
        head, _, rest = name.partition(".")
        if not rest:
            self.register_parameter(head, nn.Parameter(torch.zeros(shape)))
            return
        if head not in self._modules:
            self.add_module(head, Branch())
        self._modules[head].add(rest, shape)


def linear(x, m):
    """x W^T + b over the last axis."""
    return F.linear(x, m.weight, m.bias)


def norm(x, m, eps=1e-5):
    """Layer normalisation over the last axis."""
    return F.layer_norm(x, x.shape[-1:], m.weight, m.bias, eps)


def depthwise(x, weight):
    """Depthwise convolution of channels-last [B, H, W, C], size kept; weight [C, 1, k, k], k odd."""
    y = F.conv2d(x.permute(0, 3, 1, 2), weight, padding=weight.shape[-1] // 2, groups=weight.shape[0])
    return y.permute(0, 2, 3, 1)


@functools.lru_cache(maxsize=64)
def sine_position(height, width, dim, device):
    """Sine position embedding (Carion et al. 2020), normalised, [1, height * width, dim]: the y half, then the x half."""

    def table(n):
        half = dim // 2
        places = (torch.arange(n, dtype=torch.float64) + 1) / (n + 1e-6) * 2 * math.pi
        i = torch.arange(half)
        angles = places[:, None] / 10000 ** (2 * (i // 2) / half)
        return torch.where(i % 2 == 0, angles.sin(), angles.cos())

    rows = table(height)[:, None, :].expand(height, width, -1)
    columns = table(width)[None, :, :].expand(height, width, -1)
    return torch.cat([rows, columns], dim=2).reshape(1, height * width, dim).float().to(device)


@functools.lru_cache(maxsize=64)
def fourier_position(height, width, bands, device):
    """Fourier features (Tancik et al. 2020) of the centres of cells, [1, height, width, 4 * bands]: down, then across."""

    def waves(n):
        centres = (2 * torch.arange(n, dtype=torch.float64) + 1) / n - 1
        angles = centres[:, None] * (math.pi / 2) * 2 ** torch.arange(bands)
        return torch.stack([angles.sin(), angles.cos()], dim=2).reshape(n, 2 * bands)

    rows = waves(height)[:, None, :].expand(height, width, -1)
    columns = waves(width)[None, :, :].expand(height, width, -1)
    return torch.cat([rows, columns], dim=2)[None].float().to(device)


@functools.lru_cache(maxsize=64)
def causal_mask(n, device):
    """Bool [1, 1, n, n], True where a token must not look: at what comes after it."""
    return torch.ones(n, n, dtype=torch.bool, device=device).triu(1)[None, None]
