"""Parameters, their moving average and the optimiser of a run, and the files they are kept in: those of `biomedparse train`."""
import math
import os
import shutil

import torch
from torch import nn

import tensors
from model import PARAMETERS

HERE = os.path.dirname(os.path.abspath(__file__))


class State:
    """Parameters, their moving average, the optimiser, and the files they are kept in."""

    def __init__(self, model, config, output):
        self.config, self.output = config, output
        self.parameters = {name: dict(model.named_parameters())[name] for name in PARAMETERS}
        words = config.get("trainable")
        for name, p in self.parameters.items():
            p.requires_grad_(words is None or any(word in name for word in words))
        start, self.metadata = tensors.read(os.path.join(HERE, "start.safetensors"))
        with torch.no_grad():
            for name, p in self.parameters.items():
                p.copy_(start[name])
        self.trained = {name: p for name, p in self.parameters.items() if p.requires_grad}
        o = config["optimiser"]
        matrices = [p for p in self.trained.values() if p.dim() >= 2]
        others = [p for p in self.trained.values() if p.dim() < 2]
        groups = [{"params": matrices, "weight_decay": o["weightDecay"]}, {"params": others, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW([g for g in groups if g["params"]], lr=0.0, betas=(o["beta1"], o["beta2"]), eps=1e-8)
        self.average = {name: p.detach().clone() for name, p in self.parameters.items()}

    def update(self, step, rate):
        """One step of AdamW from the gradients, clipped; gives their norm. A norm that is not finite changes nothing."""
        o = self.config["optimiser"]
        norm = float(nn.utils.clip_grad_norm_(self.trained.values(), o["clip"]))
        if math.isfinite(norm):
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            self.optimiser.step()
            keep = min(o["averaging"], (1 + step) / (10 + step))
            for name, p in self.trained.items():
                self.average[name].lerp_(p.detach(), 1 - keep)
        return norm

    def moments(self, key):
        return [self.optimiser.state[p][key] if self.optimiser.state.get(p) else torch.zeros_like(p) for p in self.parameters.values()]

    def save(self, step):
        """checkpoint.safetensors and the averaged weights as a model folder (float16), as `biomedparse train` writes them."""
        flat = lambda values: torch.cat([v.detach().float().cpu().reshape(-1) for v in values])
        arrays = {
            "parameters": flat(self.parameters.values()),
            "average": flat(self.average.values()),
            "firstMoment": flat(self.moments("exp_avg")),
            "secondMoment": flat(self.moments("exp_avg_sq")),
        }
        folder = os.path.join(self.output, "model")
        os.makedirs(folder, exist_ok=True)
        tensors.write(os.path.join(self.output, "checkpoint.safetensors"), arrays, {"step": str(step), "model": self.metadata["model"]})
        for name in ("config.json", "tokenizer.json"):
            shutil.copyfile(os.path.join(HERE, name), os.path.join(folder, name))
        halves = {name: value.half() for name, value in self.average.items()}
        tensors.write(os.path.join(folder, "model.safetensors"), halves, {"format": "biomedparse", "step": str(step)})

    def resume(self):
        """Takes the state from the checkpoint; gives its step."""
        path = os.path.join(self.output, "checkpoint.safetensors")
        if not os.path.exists(path):
            raise SystemExit(f"{path}: no checkpoint to resume from")
        arrays, metadata = tensors.read(path)
        if metadata.get("model") != self.metadata["model"]:
            raise SystemExit(f"{path}: checkpoint of another model configuration")
        step, at = int(metadata["step"]), 0
        with torch.no_grad():
            for name, p in self.parameters.items():
                part = lambda key: arrays[key][at : at + p.numel()].reshape(p.shape).to(p.device)
                p.copy_(part("parameters"))
                self.average[name].copy_(part("average"))
                if p.requires_grad:
                    moments = {"exp_avg": part("firstMoment").clone(), "exp_avg_sq": part("secondMoment").clone()}
                    self.optimiser.state[p] = {"step": torch.tensor(float(step)), **moments}
                at += p.numel()
        return step
