"""
A batch of samples on the device: one affine warp with waves of pixels (bilinear) and masks (area coverage of the cells that mask logits stand for), then
tones, shading, saturation and noise: the chances and formulas of src/dataset/augment.ts, sample.ts and warp.ts.

What is drawn for a sample (`draw`) depends on its random stream alone and is made on the host; `render` is without chance.
"""
import math

import numpy as np
import torch

from data import SIDE, unpack

NORMALS = 1 << 14
LEAST_VARIANCE = 0.05


def weaker(ranges, strength):
    """The same ranges drawn together by a strength of 0 to 1; ends, lengths and the pivot stay."""

    def less(name, value):
        if isinstance(value, dict):
            return {key: v * strength if key in ("deviation", "slope", "share") else v for key, v in value.items()}
        return value if name == "pivot" else value * strength

    return {name: less(name, value) for name, value in ranges.items()}


def draw(rng, image, mirror, ranges, size):
    """Placement and intensities of one sample, as plain numbers."""
    colour = image.pixels.shape[0] == 3

    def spread(most):
        return math.exp(rng.uniform(-most, most))

    def sometimes(chance):
        return rng.uniform(chance["least"], chance["most"]) if rng.random() < chance["share"] else 0.0

    def wave(slope, least, most):
        """Height, length (sides of the output) and phase."""
        length = least * (most / least) ** rng.random()
        return rng.uniform(-slope, slope) * length / (2 * math.pi), length, rng.uniform(0, 2 * math.pi)

    scale, shading = ranges["scale"], ranges["shading"]
    contrast = spread(ranges["contrast"])
    shaded = rng.random() < shading["share"]
    return {
        "scale": min(scale["most"], max(scale["least"], math.exp(scale["deviation"] * rng.normal()))),
        "stretch": spread(ranges["stretch"]),
        "angle": rng.uniform(-ranges["angle"], ranges["angle"]),
        "shift": rng.uniform(-ranges["shift"], ranges["shift"], 2),
        "waves": [wave(**ranges["waves"]) for _ in range(2)],  # of rows, of columns
        "mirror": -1.0 if mirror else 1.0,
        "gain": [contrast * spread(ranges["gain"]) for _ in range(3)] if colour else [contrast] * 3,
        "brightness": rng.uniform(-ranges["brightness"], ranges["brightness"]),
        "gamma": spread(ranges["gamma"]),
        "bend": rng.uniform(-ranges["bend"], ranges["bend"]) / (2 * math.pi),
        "pivot": ranges["pivot"],
        "invert": float(rng.random() < ranges["inversion"]),
        "shading": rng.uniform(-shading["most"], shading["most"], 4) * shaded,
        "saturation": spread(ranges["saturation"]) if colour else 1.0,
        "noise": sometimes(ranges["noise"]),
        "blur": sometimes(ranges["blur"]),
        # where each row of noise starts in the table of normal numbers; grey images have the same noise in all channels
        "starts": np.broadcast_to(rng.integers(0, NORMALS, (3 if colour else 1, size)), (3, size)),
    }


def host_batch(samples, prompts):
    """Arrays of `samples`, a list of (image, asks, drawn), padded to a canvas of SIDE x SIDE pixels."""
    count = len(samples)
    canvas = np.zeros((count, 3, SIDE, SIDE), np.uint8)
    masks = np.zeros((count, prompts, SIDE, SIDE), np.uint8)
    areas = np.zeros((count, prompts), np.float32)
    for i, (image, asks, _) in enumerate(samples):
        _, height, width = image.pixels.shape
        canvas[i] = np.pad(image.pixels, ((0, 0), (0, SIDE - height), (0, SIDE - width)), mode="edge")
        for j, (_, target) in enumerate(asks):
            if target is not None:
                masks[i, j, :height, :width] = unpack(image.masks[target], height, width)
                areas[i, j] = image.areas[target]
    drawn = {key: np.asarray([one[key] for _, _, one in samples]) for key in samples[0][2]}
    extent = np.asarray([image.pixels.shape[:0:-1] for image, _, _ in samples], np.float32)  # width, height
    numbers = {key: values.astype(np.int64 if key == "starts" else np.float32) for key, values in drawn.items()}
    return {key: torch.from_numpy(values) for key, values in {"canvas": canvas, "masks": masks, "areas": areas, "extent": extent, **numbers}.items()}


def source_positions(batch, size, milder, fine=1):
    """Where the centres of output pixels lie in the image: x, y [N, n, n], n = size * fine; which lie in it but for waves
    (bool [N, n, n]); and the step of one pixel [N].

    milder: 0 as drawn, 1 half as far from the whole image, None the whole image itself.
    """
    width, height = batch["extent"].T
    longer = batch["extent"].max(dim=1).values
    share = 0.0 if milder is None else 0.5**milder
    angle, shift = batch["angle"] * share, batch["shift"] * share
    step = longer / size / batch["scale"] ** share
    ratio = batch["stretch"] ** (share / 2)
    across, down = step / ratio, step * ratio
    cosine, sine = angle.cos(), angle.sin()
    xx, xy = batch["mirror"] * across * cosine, -across * sine
    yx, yy = batch["mirror"] * down * sine, down * cosine
    n = size * fine
    centres = (torch.arange(n, device=width.device, dtype=torch.float32) + 0.5) / fine - size / 2
    high, length, phase = batch["waves"].permute(2, 1, 0)[:, :, :, None]  # each [2, N, 1]
    rows, columns = high * share * size * ((centres / size + 0.5) * 2 * math.pi / length + phase).sin()
    u, v = centres[None, None, :], centres[None, :, None]
    at = lambda a, b, c: a[:, None, None] * u + b[:, None, None] * v + c[:, None, None]
    x, y = at(xx, xy, width / 2 + shift[:, 0] * longer), at(yx, yy, height / 2 + shift[:, 1] * longer)
    inside = (x >= 0) & (x < width[:, None, None]) & (y >= 0) & (y < height[:, None, None])
    moved = lambda a, b: a[:, None, None] * rows[:, :, None] + b[:, None, None] * columns[:, None, :]
    return x + moved(xx, xy), y + moved(yx, yy), inside, step


def coverage(batch, size, milder, fine, cell):
    """Targets [N, P, size/cell, size/cell], the share of each cell that is inside, and whether enough of every mask is kept [N]."""
    x, y, inside, step = source_positions(batch, size, milder, fine)
    width, height = batch["extent"].T[:, :, None, None]
    column = torch.minimum(x.clamp(min=0).floor(), width - 1).long()
    row = torch.minimum(y.clamp(min=0).floor(), height - 1).long()
    count, prompts = batch["masks"].shape[:2]
    index = (row * SIDE + column).reshape(count, 1, -1).expand(-1, prompts, -1)
    taken = batch["masks"].reshape(count, prompts, -1).gather(2, index).reshape(count, prompts, *x.shape[1:])
    found = taken.float() * inside[:, None]
    targets = torch.nn.functional.avg_pool2d(found, cell * fine)
    sums = targets.sum(dim=(2, 3))
    needed = batch["leastKept"] * batch["areas"] / (cell * step[:, None]) ** 2
    kept = (batch["areas"] == 0) | ((sums > 0) & (sums >= needed))
    return targets, kept.all(dim=1)


def smooth(pixels, variance):
    """Pixels [N, C, H, W] smoothed by a bell of that variance (square pixels, [N]): passes of [a, 1 - 2a, a] along both axes."""
    variance = torch.where(variance < LEAST_VARIANCE, torch.zeros_like(variance), variance)
    passes = (variance / 0.5).ceil()
    side = variance / passes.clamp(min=1) / 2
    for i in range(int(passes.max())):
        a = torch.where(passes > i, side, torch.zeros_like(side))[:, None, None, None]
        for axis in (2, 3):
            n = pixels.shape[axis]
            first, last = pixels.narrow(axis, 0, 1), pixels.narrow(axis, n - 1, 1)
            before = torch.cat([first, pixels.narrow(axis, 0, n - 1)], dim=axis)
            after = torch.cat([pixels.narrow(axis, 1, n - 1), last], dim=axis)
            pixels = a * (before + after) + (1 - 2 * a) * pixels
    return pixels


def bilinear(pixels, batch, x, y):
    """Pixels at positions; the border pixels of an image extend half a pixel."""
    right, bottom = (batch["extent"].T - 1)[:, :, None, None]
    grid = [torch.minimum((p - 0.5).clamp(min=0), end) * 2 / (SIDE - 1) - 1 for p, end in ((x, right), (y, bottom))]
    return torch.nn.functional.grid_sample(pixels, torch.stack(grid, dim=3), mode="bilinear", align_corners=True)


def shades(batch, size):
    """Factors [N, 1, S, S] of the shading: exp of a u + b u^2 + c v + d v^2, u and v from -1 to 1."""
    place = (2 * torch.arange(size, device=batch["shading"].device, dtype=torch.float32) + 1) / size - 1
    a, b, c, d = batch["shading"].T[:, :, None]
    across, down = a * place + b * place**2, c * place + d * place**2
    return (across[:, None, None, :] + down[:, None, :, None]).exp()


def intensities(pixels, batch, table):
    """Tones, shading, saturation and noise of pixels [N, 3, S, S], 0 to 255."""
    each = lambda key: batch[key][:, None, None, None]
    curved = (pixels / 255) ** each("gamma")
    bent = 255 * (curved + each("bend") * torch.sin(2 * math.pi * curved))
    tone = (bent - each("pivot")) * batch["gain"][:, :, None, None] + each("pivot") + each("brightness")
    kept = tone.clamp(0, 255)
    kept = torch.where(each("invert") > 0, 255 - kept, kept)
    kept = (kept * shades(batch, pixels.shape[3])).clamp(max=255)
    grey = kept.mean(dim=1, keepdim=True)
    kept = torch.where(each("saturation") == 1, kept, (grey + (kept - grey) * each("saturation")).clamp(0, 255))
    places = (batch["starts"][:, :, :, None] + torch.arange(pixels.shape[3], device=pixels.device)) % NORMALS
    return (kept + each("noise") * table[places]).clamp(0, 255)


def render(batch, size, sampling, table):
    """Pixels [N, 3, S, S] 0 to 255 and targets [N, P, S/cell * S/cell] of a host batch that lies on the device."""
    batch, cell = {**batch, "leastKept": sampling["chances"]["leastKept"]}, sampling["cell"]
    fine = 2 ** max(0, math.ceil(math.log2(SIDE / size)))
    targets, _ = coverage(batch, size, None, fine, cell)
    *place, step = source_positions(batch, size, None)
    for milder in (1, 0):
        own, kept = coverage(batch, size, milder, 1, cell)
        targets = torch.where(kept[:, None, None, None], own, targets)
        *milder_place, milder_step = source_positions(batch, size, milder)
        place = [torch.where(kept[:, None, None], new, old) for new, old in zip(milder_place, place)]
        step = torch.where(kept, milder_step, step)
    x, y, inside = place
    variance = ((step**2 - 1) / 12).clamp(min=0) + (batch["blur"] * step) ** 2
    pixels = bilinear(smooth(batch["canvas"].float(), variance), batch, x, y)
    pixels = intensities(pixels, batch, table)
    pixels = pixels * inside[:, None]
    return pixels, targets.flatten(2)


def noise_table(device):
    """The normal numbers that noise is made of, the same everywhere."""
    return torch.from_numpy(np.random.default_rng(77).standard_normal(NORMALS).astype(np.float32)).to(device)
