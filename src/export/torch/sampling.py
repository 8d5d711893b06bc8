"""
Which image comes next and what is asked of it: the plan of src/dataset/plan.ts and the prompts of src/ontology/prompts.ts, with
the same chances, drawn from NumPy's random streams. A sample depends on the seed and its index alone.
"""
import re
from collections import Counter, defaultdict

import numpy as np

# pieces of a text that tokens never cross, and the blanks before them
PIECE = re.compile(r"(\s*)('(?:s|t|re|ve|m|ll|d)|[^\W\d_]+|\d+|(?:[^\w\s]|_)+)")


class Weighted:
    """Things to draw from by weight."""

    def __init__(self, items, weights):
        self.items = items
        self.sums = np.cumsum(weights)

    def draw(self, rng):
        return self.items[min(int(np.searchsorted(self.sums, rng.random() * self.sums[-1], side="right")), len(self.items) - 1)]


def pick(rng, items):
    return items[int(rng.integers(len(items)))]


class Planner:
    """Draws an image and prompts about it."""

    def __init__(self, images, sampling, config):
        self.sampling, self.config, self.chances = sampling, config, sampling["chances"]
        counts = Counter(target for image in images for target in image.masks)
        self.rarity = {target: 1 / np.sqrt(count) for target, count in counts.items()}
        sets = defaultdict(list)
        for image in images:
            if image.masks or image.absent or image.group["foreign"]:
                sets[image.group["set"]].append(image)
        if not sets:
            raise SystemExit("no image of the data has anything that can be asked for")
        self.table = Weighted([self.images_of(own) for own in sets.values()], [self.weight_of(own) for own in sets.values()])

    def weight_of(self, images):
        """Weight of a set: what the configuration says, times its images to a power, times its number of targets to another."""
        targets = {target for image in images for target in image.masks}
        said = self.config.get("data", {}).get("setWeights", {}).get(images[0].group["set"], 1)
        return said * len(images) ** self.chances["imagesPower"] * max(1, len(targets)) ** self.chances["targetsPower"]

    def images_of(self, images):
        """Images of a set; those with rare targets are drawn more often, up to a factor."""
        common = min((self.rarity[t] for image in images for t in image.masks), default=1)
        rarest = [max((self.rarity[t] for t in image.masks), default=common) for image in images]
        return Weighted(images, [min(self.chances["mostFavour"], one / common) for one in rarest])

    def absent(self, rng, image, used):
        """An object that is not in the image, one not in `used` while there is any; None where none is known."""
        kinds = [image.absent, image.group["foreignSameModality"], image.group["foreign"]]
        fresh = [[name for name in names if name not in used] for names in kinds]
        siblings, near, foreign = fresh if any(fresh) else kinds
        if rng.random() < self.chances["sibling"]:
            order = [siblings, near, foreign]
        elif rng.random() < self.chances["sameModality"]:
            order = [near, foreign, siblings]
        else:
            order = [foreign, siblings]
        names = next((names for names in order if names), None)
        if names is None:
            return None
        name = pick(rng, names)
        used.add(name)
        return name

    def __call__(self, rng, mirrors=True):
        """An image, whether it is mirrored, and (prompt, target with a mask or None) as often as the configuration says."""
        image = self.table.draw(rng).draw(rng)
        mirror = mirrors and image.group["mirror"] and rng.random() < 0.5
        used, left, asks = set(), [], []
        for _ in range(self.config["promptsPerImage"]):
            negative = not image.masks or rng.random() < self.config["negativeFraction"]
            target = self.absent(rng, image, used) if negative else None
            is_absent = target is not None
            if not is_absent:
                left = left or list(image.masks)
                target = Weighted(left, [self.rarity[t] for t in left]).draw(rng)
                left.remove(target)
            shown = self.sampling["targets"][target]["mirrored"] if mirror else target
            # a sentence of the mask's own names the side that a mirror image does not show
            sentences = image.sentences.get(target) if not is_absent and shown == target else None
            if sentences and rng.random() < self.chances["ownSentence"]:
                text = pick(rng, sentences)
            else:
                text = self.prompt(rng, shown, image.group["kind"], is_absent)
            asks.append((text, None if is_absent else target))
        return image, mirror, asks

    def prompt(self, rng, target, kind, absent):
        """One prompt for a target in an image of that kind."""
        names = self.sampling["targets"][target]["specific" if absent else "names"]
        name = target if len(names) == 1 or rng.random() < self.chances["ownName"] else pick(rng, names[1:])
        chance = rng.random()
        if chance < self.chances["bare"]:
            return name
        words = self.sampling["kinds"][kind]
        if chance < self.chances["bare"] + self.chances["published"]:
            return words["published"].replace("{name}", name)
        text = pick(rng, self.sampling["templates"]).replace("{name}", name)
        for key in ("view", "modality", "site"):
            text = text.replace("{" + key + "}", pick(rng, words[key]))
        return text


def encode(text, sampling, length):
    """Token ids of a prompt, start and end included, at most `length`; words that sampling.json lacks are refused."""
    ids = []
    for found in PIECE.finditer(text.lower()):
        blanks, piece = found.groups()
        piece = " " + piece if blanks or found.start() == 0 else piece
        if piece not in sampling["words"]:
            raise SystemExit(f"{text!r}: {piece!r} is not in sampling.json; export again with these data")
        ids += sampling["words"][piece]
    return [sampling["start"], *ids[: length - 2], sampling["end"]]
