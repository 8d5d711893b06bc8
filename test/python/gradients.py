"""In an exported folder: losses, answers and all gradients of the batch in batch.safetensors, to found.safetensors."""
import json
import sys

import torch

sys.path.insert(0, ".")
import tensors
from model import BiomedParse
from train import Loss

batch, metadata = tensors.read("batch.safetensors")
config = json.loads(metadata["config"])
batch = {**batch, "filler": batch["filler"] > 0}
model = BiomedParse()
model.load_state_dict(tensors.read("start.safetensors")[0])
scalars = Loss(model, config)(batch)
scalars["loss"].backward()
found = {name: value.detach() for name, value in scalars.items()}
found.update({f"gradient:{name}": p.grad for name, p in model.named_parameters()})
with torch.no_grad():
    prompts = batch["present"].shape[1]
    memory = model.encode_image(batch["pixels"])
    tokens, classes = model.encode_text(batch["ids"], batch["ends"], prompts)
    predictions = model.decode(memory, tokens, batch["filler"], classes)
    answers = model.answer(memory, classes, *predictions[-1])
found["logits"], found["existence_logits"] = answers
tensors.write("found.safetensors", found, {})
