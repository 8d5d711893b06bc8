"""
Trains the network of model.py as training.json says, on one GPU, on many, or on processors:

    python3 train.py training.json                                 # one process
    torchrun --nproc_per_node 8 train.py training.json             # DDP (python3 -m torch.distributed.run without torchrun)
    python3 train.py training.json --resume                        # go on from the last checkpoint

`workers` of the configuration keeps its meaning: a batch has that many shares, each with a loss of its own, and the
gradient is their mean. The shares are divided among the processes, so the number of processes does not change a run
beyond rounding. checkpoint.safetensors and the folder model/ are those that `biomedparse train` writes and reads.
"""
import argparse
import contextlib
import json
import math
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

import augment
import data
from model import BiomedParse
from sampling import Planner, encode
from state import State

HERE = os.path.dirname(os.path.abspath(__file__))


def read_json(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, json.JSONDecodeError) as error:
        raise SystemExit(f"cannot read {path}: {error}; biomedparse export writes it for a training configuration") from None


class Loss(nn.Module):
    """The network with its losses: a batch in, a dictionary of scalars out, `loss` to be made small."""

    def __init__(self, model, config):
        super().__init__()
        self.model, self.config = model, config

    def forward(self, batch):
        model, weights, decoder = self.model, self.config["losses"], self.config["model"]["decoder"]
        device = batch["pixels"].device.type
        # PyTorch 1.13 has no bfloat16 for some operators on processors: there everything stays float32
        with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
            memory = model.encode_image(batch["pixels"])
            tokens, classes = model.encode_text(batch["ids"], batch["ends"], batch["present"].shape[1])
            predictions = model.decode(memory, tokens, batch["filler"], classes)
        # losses in float32
        memory, classes = {name: t.float() for name, t in memory.items()}, classes.float()
        predictions = [(queries.float(), masks.float()) for queries, masks in predictions]
        # without text in the first queries, the prediction before the first layer cannot know the prompt
        judged = predictions if decoder["textQueries"] else predictions[1:]
        parts = [
            model.prediction_loss(memory, classes, queries, masks, batch["targets"], batch["present"], weights)
            for queries, masks in judged
        ]
        last = parts[-1]
        loss = last["total"] + weights["intermediate"] * sum(part["total"] for part in parts[:-1])
        scalars = {name: last[name] for name in ("cross_entropy", "dice", "similarity")}
        if weights["pyramid"] > 0:
            scalars["pyramid"] = model.pyramid_loss(memory, last["judged"], batch["targets"], batch["present"], weights)
            loss = loss + weights["pyramid"] * scalars["pyramid"]
        if weights["separation"] > 0:
            scalars["separation"] = model.separation_loss(classes, batch["targets"], batch["present"])
            loss = loss + weights["separation"] * scalars["separation"]
        if decoder["existence"]:
            queries, masks = predictions[-1]
            scalars["existence"] = model.existence_loss(memory, classes, queries, masks, last["choice"], batch["present"])
            loss = loss + weights["existence"] * scalars["existence"]
        return {"loss": loss, **scalars}


class Batches:
    """Samples by index, as batches on the device; the next batch is drawn while the device computes."""

    def __init__(self, config, sampling, root, device):
        self.config, self.sampling, self.device = config, sampling, device
        self.planner = Planner(data.load(root, os.path.join(HERE, "items.jsonl"), sampling), sampling, config)
        self.table = augment.noise_table(device)
        self.pool, self.next = ThreadPoolExecutor(1), {}

    def host(self, indices, size, strength):
        """The part of a batch that chance and files decide."""
        tokens, prompts = self.config["tokens"], self.config["promptsPerImage"]
        samples, ids = [], []
        for index in indices:
            rng = np.random.default_rng([self.config["seed"], index])
            image, mirror, asks = self.planner(rng, mirrors=strength > 0)
            ranges = augment.weaker(self.sampling["kinds"][image.group["kind"]]["ranges"], strength)
            samples.append((image, asks, augment.draw(rng, image, mirror, ranges, size)))
            ids += [encode(prompt, self.sampling, tokens) for prompt, _ in asks]
        present = [[float(target is not None) for _, target in asks] for _, asks, _ in samples]
        return {
            **augment.host_batch(samples, prompts),
            "ids": torch.tensor([row + [row[-1]] * (tokens - len(row)) for row in ids]),
            "ends": torch.tensor([len(row) - 1 for row in ids]),
            "filler": torch.tensor([[k >= len(row) for k in range(tokens)] for row in ids]),
            "present": torch.tensor(present),
        }

    def get(self, job, following):
        """The batch of a job, (indices, size, strength of augmentation); `following` is the job after it, or None."""
        drawn = self.next.pop(job, None) or self.pool.submit(self.host, *job)
        if following is not None:
            self.next = {following: self.pool.submit(self.host, *following)}
        host = {name: values.to(self.device) for name, values in drawn.result().items()}
        with torch.no_grad():
            pixels, targets = augment.render(host, job[1], self.sampling, self.table)
        return {"pixels": pixels, "targets": targets, **{name: host[name] for name in ("ids", "ends", "filler", "present")}}


def schedule(config, shares):
    """Shares of every step: (size, strength of augmentation, [indices of each share]) for the given share numbers."""
    before = 0
    for stage in config["stages"]:
        images = stage["imagesPerWorker"]
        for _ in range(stage["steps"]):
            yield stage["size"], stage.get("augmentation", 1), [range(before + share * images, before + (share + 1) * images) for share in shares]
            before += images * config["workers"]


def learning_rate(config, step, steps):
    """Linear warm-up, then a cosine down to a fraction."""
    o = config["optimiser"]
    if step < o["warmupSteps"]:
        return o["learningRate"] * (step + 1) / o["warmupSteps"]
    progress = min(1, (step - o["warmupSteps"]) / max(1, steps - o["warmupSteps"]))
    return o["learningRate"] * (o["finalFraction"] + (1 - o["finalFraction"]) * 0.5 * (1 + math.cos(math.pi * progress)))


def train(config, sampling, root, output, resume, device, rank, world):
    torch.manual_seed(config["seed"])
    model = BiomedParse().to(device)
    state = State(model, config, output)
    first = state.resume() if resume else 0
    loss_of = Loss(model, config)
    if world > 1:
        loss_of = DistributedDataParallel(loss_of, device_ids=[device.index] if device.type == "cuda" else None)
    batches = Batches(config, sampling, root, device)
    shares = range(rank * config["workers"] // world, (rank + 1) * config["workers"] // world)
    plan = list(schedule(config, shares))
    jobs = [(indices, size, strength) for size, strength, step in plan for indices in step]
    stop = torch.zeros(1, device=device)
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.fill_(1))
    sums, steps, images, started = {}, 0, 0, time.time()
    for step in range(first, len(plan)):
        size, _, parts = plan[step]
        rate = learning_rate(config, step, len(plan))
        for p in state.trained.values():
            p.grad = None
        for i, indices in enumerate(parts):
            at = step * len(parts) + i
            batch = batches.get(jobs[at], jobs[at + 1] if at + 1 < len(jobs) else None)
            last = world == 1 or i + 1 == len(parts)
            with contextlib.nullcontext() if last else loss_of.no_sync():
                scalars = loss_of(batch)
                (scalars["loss"] / len(parts)).backward()
            images += len(indices) * world
            for name, value in scalars.items():
                sums[name] = sums.get(name, 0) + value.detach() / len(parts)
        norm = state.update(step, rate)
        done, steps = step + 1, steps + 1
        if done % config["logEverySteps"] == 0:
            means = torch.stack(list(sums.values())) / steps
            if world > 1:
                dist.all_reduce(means)
                means /= world
            if rank == 0:
                speed = images / (time.time() - started)
                line = dict(zip(sums, (round(float(value), 5) for value in means)))
                print(f"step {done}/{len(plan)} | {size} px | {speed:.1f} images/s | " + " ".join(f"{k} {v:.3f}" for k, v in line.items()), flush=True)
                entry = {"step": done, "size": size, "images_per_second": round(speed, 2), "rate": rate, "norm": round(norm, 4), **line}
                with open(os.path.join(output, "log.jsonl"), "a", encoding="utf-8") as file:
                    file.write(json.dumps(entry) + "\n")
            sums, steps, images, started = {}, 0, 0, time.time()
        if world > 1:
            dist.all_reduce(stop, dist.ReduceOp.MAX)  # all processes stop after the same step
        if rank == 0 and (stop or done % config["checkpointEverySteps"] == 0 or done == len(plan)):
            state.save(done)
            print(f"checkpoint at step {done}", flush=True)
        if stop:
            break


def main():
    parser = argparse.ArgumentParser(description="Trains the network of model.py.")
    parser.add_argument("config", help="training.json")
    parser.add_argument("--data", help="folder of the data sets (default: data.root of the configuration)")
    parser.add_argument("--output", help="folder for checkpoint, log and model (default: output of the configuration)")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in the output folder")
    args = parser.parse_args()
    config = read_json(args.config)
    at = lambda path: os.path.join(os.path.dirname(os.path.abspath(args.config)), path)
    root, output = args.data or at(config["data"]["root"]), args.output or at(config["output"])
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if config["workers"] % world != 0:
        raise SystemExit(f"workers is {config['workers']}; {world} processes need a multiple of {world}")
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if torch.cuda.is_available() else torch.device("cpu")
    if device.type == "cuda":
        torch.cuda.set_device(device)
        torch.backends.cuda.matmul.allow_tf32 = True
    if world > 1:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    os.makedirs(output, exist_ok=True)
    train(config, read_json(os.path.join(HERE, "sampling.json")), root, output, args.resume, device, rank, world)
    if world > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
