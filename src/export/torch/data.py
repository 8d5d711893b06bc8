"""
Training images and masks, decoded once into memory. Which ones, and what is known to be absent from them, the export has
written to items.jsonl, one line an image, as it read the data sets' layout; files are relative to the data folder.

As in biomedparse itself, images are kept at no more than 256 pixels a side (bicubic), as grey where the modality or all
pixels are grey, masks where any sample is not 0.
"""
import json
import os
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

SIDE = 256
GREY_TOLERANCE = 3

# pixels: uint8 [channels, height, width]; masks: {target: bits of [height, width], packed}; areas: {target: pixels};
# absent: names of targets; sentences: {target: texts}; group: what is true of all images of a set and kind
Stored = namedtuple("Stored", "group pixels masks areas absent sentences")


def read_samples(path):
    """Samples [height, width, 1 or 3] of a file, alpha left out, and how many bits to shift to have 8."""
    try:
        image = Image.open(path)
    except OSError as error:
        raise SystemExit(f"cannot read {path}: {error}; items.jsonl names it, export again if the data have changed") from None
    with image:
        if image.mode in ("F",):
            raise SystemExit(f"{path}: float samples have no known range; 8 or 16 bits are needed")
        if image.mode.startswith("I"):
            return np.asarray(image).astype(np.int64)[:, :, None], 8
        grey = image.mode in ("1", "L", "LA")
        samples = np.asarray(image.convert("L" if grey else "RGB"))
    return (samples[:, :, None] if grey else samples), 0


def to_bytes(samples, shift, grey_modality):
    """uint8 [height, width, 1 or 3]: one channel, the mean, where the modality or all pixels are grey."""
    small = (samples >> shift).astype(np.uint8)
    if small.shape[2] == 1:
        return small
    spread = small.max(axis=2).astype(int) - small.min(axis=2)
    if not grey_modality and spread.max() > GREY_TOLERANCE:
        return small
    mean = np.floor(samples.sum(axis=2, dtype=np.int64) / 3 + 0.5).astype(np.int64) >> shift
    return mean.astype(np.uint8)[:, :, None]


def resized(samples, width, height):
    """uint8 [h, w, channels] at another size, bicubic."""
    image = Image.fromarray(samples[:, :, 0] if samples.shape[2] == 1 else samples)
    return np.asarray(image.resize((width, height), Image.BICUBIC)).reshape(height, width, -1)


def read_item(root, item, group, grey):
    """One image with its masks; `item` is a line of items.jsonl."""
    samples = to_bytes(*read_samples(os.path.join(root, item["file"])), grey)
    full = samples.shape[:2]
    scale = min(1, SIDE / max(full))
    height, width = (max(1, int(np.floor(n * scale + 0.5))) for n in full)
    small = samples if (height, width) == full else resized(samples, width, height)
    masks, areas = {}, {}
    for target, file in item["masks"].items():
        inside = (read_samples(os.path.join(root, file))[0] != 0).any(axis=2)
        if inside.shape != full:
            raise SystemExit(f"{file}: {inside.shape[1]} x {inside.shape[0]} pixels, its image has {full[1]} x {full[0]}")
        if (height, width) != full:
            inside = resized(inside.astype(np.uint8)[:, :, None] * 255, width, height)[:, :, 0] >= 128
        if inside.any():
            masks[target], areas[target] = np.packbits(inside), int(inside.sum())
    pixels = np.ascontiguousarray(small.transpose(2, 0, 1))
    return Stored(group, pixels, masks, areas, item["absent"], item["sentences"])


def unpack(bits, height, width):
    """A packed mask as uint8 [height, width] of 0 and 1."""
    return np.unpackbits(bits, count=height * width).reshape(height, width)


def load(root, items, sampling):
    """All images that the file `items` lists. Ends the program with one line where a file cannot be read."""
    groups = {(name, kind): {**group, "set": name, "kind": kind} for name, kinds in sampling["sets"].items() for kind, group in kinds.items()}
    with open(items, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]

    def read(row):
        return read_item(root, row, groups[row["set"], row["kind"]], sampling["kinds"][row["kind"]]["grey"])

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(read, rows))
