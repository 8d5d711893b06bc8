"""
Data sets in BiomedParseData's layout, decoded once into memory:
<root>/<set>/train/NAME_MODALITY_SITE.png with <root>/<set>/train_mask/NAME_MODALITY_SITE_TARGET.png, blanks as '+'.

As in biomedparse itself, images are kept at no more than 256 pixels a side (bicubic), as grey where the modality or all
pixels are grey, masks where any sample is not 0. What the ontology says of these sets comes from sampling.json.
"""
import os
import re
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

SIDE = 256
GREY_TOLERANCE = 3
IMAGE = re.compile(r"\.(webp|png|jpe?g|tiff?)$", re.IGNORECASE)

# pixels: uint8 [channels, height, width]; masks: {target: bits of [height, width], packed}; absent: names of targets
Stored = namedtuple("Stored", "group pixels masks areas absent")


def read_samples(path):
    """Samples [height, width, 1 or 3] of a file, alpha left out, and how many bits to shift to have 8."""
    with Image.open(path) as image:
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


def read_item(path, mask_files, group, grey):
    """One image with its masks, {target: file}."""
    samples = to_bytes(*read_samples(path), grey)
    full = samples.shape[:2]
    scale = min(1, SIDE / max(full))
    height, width = (max(1, int(np.floor(n * scale + 0.5))) for n in full)
    small = samples if (height, width) == full else resized(samples, width, height)
    masks, areas = {}, {}
    for target, file in mask_files.items():
        inside = (read_samples(file)[0] != 0).any(axis=2)
        if inside.shape != full:
            raise SystemExit(f"{file}: {inside.shape[1]} x {inside.shape[0]} pixels, its image has {full[1]} x {full[0]}")
        if (height, width) != full:
            inside = resized(inside.astype(np.uint8)[:, :, None] * 255, width, height)[:, :, 0] >= 128
        if inside.any():
            masks[target], areas[target] = np.packbits(inside), int(inside.sum())
    absent = [target for target in group["absent"] if target not in mask_files]
    return Stored(group, np.ascontiguousarray(small.transpose(2, 0, 1)), masks, areas, absent)


def unpack(bits, height, width):
    """A packed mask as uint8 [height, width] of 0 and 1."""
    return np.unpackbits(bits, count=height * width).reshape(height, width)


def load(root, sampling):
    """All training images of the sets in sampling.json. Ends the program with one line where the data do not fit it."""
    jobs = []
    for name, kinds in sampling["sets"].items():
        folder = os.path.join(root, name, "train")
        if not os.path.isdir(folder):
            continue  # a set with test images alone
        masks = {}
        for file in sorted(os.listdir(f"{folder}_mask")) if os.path.isdir(f"{folder}_mask") else []:
            image, _, target = file[:-4].rpartition("_")
            masks.setdefault(image, {})[target.replace("+", " ")] = os.path.join(f"{folder}_mask", file)
        for file in sorted(file for file in os.listdir(folder) if IMAGE.search(file)):
            stem = IMAGE.sub("", file)
            kind = "_".join(stem.split("_")[-2:])
            unknown = [t for t in masks.get(stem, {}) if t not in sampling["targets"]]
            if kind not in kinds or unknown:
                raise SystemExit(f"{folder}/{file}: {kind} {', '.join(unknown)} is not in sampling.json; export again with these data")
            grey = sampling["kinds"][kind]["grey"]
            jobs.append((os.path.join(folder, file), masks.get(stem, {}), {**kinds[kind], "kind": kind, "set": name}, grey))
    if not jobs:
        raise SystemExit(f"{root}: no training images of {', '.join(sampling['sets'])}")
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda job: read_item(*job), jobs))
