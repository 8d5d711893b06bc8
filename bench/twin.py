"""The network as `biomedparse export --to torch` writes it, beside which bench/twin.ts measures.

    python3 twin.py FOLDER      FOLDER holds exchange.safetensors (parameters `p:NAME`, batch `b:NAME`) and torch/, the export

Reads one command a line, answers one JSON line:
    matmul    one product of 1024 x 1024 matrices, {"wall": seconds, "cpu": seconds}
    check     writes results.safetensors (`gradient:NAME`, `logits`, `existence`) and gives the loss
    forward   one inference pass, times as above
    backward  one forward + backward pass of the loss, times as above
"""

import json
import os
import sys
import time

import torch

FOLDER = sys.argv[1]
sys.path.insert(0, os.path.join(FOLDER, "torch"))
import tensors
from model import BiomedParse
from train import Loss


def main():
    torch.set_num_threads(1)
    stored, metadata = tensors.read(os.path.join(FOLDER, "exchange.safetensors"))
    of = lambda kind: {name[2:]: tensor for name, tensor in stored.items() if name.startswith(f"{kind}:")}
    batch = of("b")
    batch["filler"] = batch["filler"] > 0
    model = BiomedParse()
    model.load_state_dict(of("p"))
    loss = Loss(model, json.loads(metadata["config"]))

    def backward():
        model.zero_grad(set_to_none=True)
        total = loss(batch)["loss"]
        total.backward()
        return total.item()

    @torch.no_grad()
    def forward():
        memory = model.encode_image(batch["pixels"])
        words, classes = model.encode_text(batch["ids"], batch["ends"], batch["present"].shape[1])
        queries, masks = model.decode(memory, words, batch["filler"], classes)[-1]
        return model.answer(memory, classes, queries, masks)

    def check():
        total = backward()
        logits, existence = forward()
        results = {f"gradient:{name}": tensor.grad for name, tensor in model.named_parameters()}
        results.update(logits=logits, existence=existence)
        tensors.write(os.path.join(FOLDER, "results.safetensors"), results, {})
        return {"loss": total}

    def timed(body):
        wall, cpu = time.perf_counter(), time.process_time()
        body()
        return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}

    matrix, product = torch.arange(1024 * 1024).remainder(7).div(7).reshape(1024, 1024), torch.empty(1024, 1024)
    commands = {
        "check": check,
        "matmul": lambda: timed(lambda: torch.mm(matrix, matrix, out=product)),
        "forward": lambda: timed(forward),
        "backward": lambda: timed(backward),
    }
    print(json.dumps({"torch": torch.__version__}), flush=True)
    for line in sys.stdin:
        print(json.dumps(commands[line.strip()]()), flush=True)


main()
