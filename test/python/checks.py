"""In an exported folder, what the tests compare with the trainer of biomedparse itself; argument: which check."""
import json
import os
import signal
import sys

import numpy as np
import torch

sys.path.insert(0, os.getcwd())
import augment
import data
import tensors
import train
from model import BiomedParse
from sampling import Planner, encode
from state import State

config, sampling = train.read_json("training.json"), train.read_json("sampling.json")


def prompts():
    """Token ids of the prompts in prompts.json, and what a few thousand plans hold."""
    ids = [encode(prompt, sampling, config["tokens"]) for prompt in train.read_json("prompts.json")]
    planner = Planner(data.load(config["data"]["root"], "items.jsonl", sampling), sampling, config)
    plans = [planner(np.random.default_rng([7, i])) for i in range(3000)]
    asks = [target is None for _, _, asks in plans for _, target in asks]
    shares = {
        "dermoscopy": np.mean([image.group["set"] == "dermoscopy" for image, _, _ in plans]),
        "mirrored": np.mean([mirror for _, mirror, _ in plans]),
        "absent": np.mean(asks),
        "bare": np.mean([prompt in sampling["targets"] for _, _, asks in plans for prompt, _ in asks]),
    }
    print(json.dumps({"ids": ids, "shares": shares}))


def warp():
    """Pixels and targets of all images under the placement and intensities in placement.json."""
    given = train.read_json("placement.json")
    images = data.load(config["data"]["root"], "items.jsonl", sampling)
    samples = [(image, [("", target) for target in sorted(image.masks)][:1], given["drawn"]) for image in images]
    batch = augment.host_batch(samples, 1)
    pixels, targets = augment.render(batch, given["size"], sampling, augment.noise_table("cpu"))
    tensors.write("warped.safetensors", {"pixels": pixels, "targets": targets}, {})


def strengths():
    """The ranges of every kind of image at half the strength, and at none."""
    kinds = sampling["kinds"]
    print(json.dumps({kind: [augment.weaker(about["ranges"], s) for s in (0.5, 0)] for kind, about in kinds.items()}))


def optimiser():
    """Two steps with the gradients in found.safetensors."""
    state = State(BiomedParse(), config, "optimised")
    found, _ = tensors.read("found.safetensors")
    for step in range(2):
        for name, p in state.parameters.items():
            p.grad = found[f"gradient:{name}"].clone()
        state.update(step, train.learning_rate(config, step, 8))
    state.save(2)


def interrupted():
    """A run that is interrupted while it writes its first checkpoint."""
    save = State.save

    def save_and_stop(self, step):
        save(self, step)
        os.kill(os.getpid(), signal.SIGINT)

    State.save = save_and_stop
    sys.argv = ["train.py", *sys.argv[2:]]
    train.main()


{"prompts": prompts, "warp": warp, "strengths": strengths, "optimiser": optimiser, "interrupted": interrupted}[sys.argv[1]]()
