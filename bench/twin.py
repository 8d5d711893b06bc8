"""The compact network in plain PyTorch, forward and backward with the trainer's loss terms, beside which bench/twin.ts measures.

Written from src/model and src/train/losses.ts, with the same parameter names; features are channels last where the
network is, convolutions run in PyTorch's own order. Only the compact options are there (see `refuse_other_options`).

    python3 twin.py FOLDER      FOLDER holds setting.json and exchange.safetensors (parameters `p:NAME`, batch `b:NAME`)

Reads one command a line, answers one JSON line:
    matmul    one product of 1024 x 1024 matrices, {"wall": seconds, "cpu": seconds}
    check     writes results.safetensors (`gradient:NAME`, `logits`, `existence`) and gives the loss
    forward   one inference pass, times as above
    backward  one forward + backward pass of the loss, times as above
"""

import json
import math
import os
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

DTYPES = {"F32": np.float32, "I64": np.int64, "BOOL": np.bool_}
DECODER = "sem_seg_head.predictor"
PIXELS = "sem_seg_head.pixel_decoder"
TEXT = "sem_seg_head.predictor.lang_encoder"


def read_safetensors(path):
    with open(path, "rb") as file:
        data = file.read()
    start = 8 + int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8:start]).items():
        low, high = entry["data_offsets"]
        values = np.frombuffer(data[start + low : start + high], DTYPES[entry["dtype"]]).reshape(entry["shape"])
        tensors[name] = torch.from_numpy(values.copy())
    return tensors


def write_safetensors(path, tensors):
    header, parts, at = {}, [], 0
    for name, tensor in tensors.items():
        part = tensor.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [at, at + len(part)]}
        parts.append(part)
        at += len(part)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + b"".join(parts))


def refuse_other_options(config):
    backbone, pixel, decoder = config["backbone"], config["pixelDecoder"], config["decoder"]
    allowed = [
        ("backbone.embed", backbone["embed"], "patch"),
        ("backbone.activation", backbone["activation"], "relu"),
        ("backbone.postNorm", backbone["postNorm"], True),
        ("backbone.layerScale", backbone["layerScale"], False),
        ("backbone.scalingModulator", backbone["scalingModulator"], True),
        ("pixelDecoder.norm", pixel["norm"], "layer"),
        ("pixelDecoder.convolution", pixel["convolution"], "separable"),
        ("pixelDecoder.maskKernel", pixel["maskKernel"], 1),
        ("decoder.textQueries", decoder["textQueries"], True),
        ("decoder.existence", decoder["existence"], True),
    ]
    for field, found, expected in allowed:
        if found != expected:
            sys.exit(f"the twin knows the compact network only: {field} is {found!r}; allowed: {expected!r}")


class Twin:
    def __init__(self, config, weights, parameters):
        self.config, self.weights, self.p = config, weights, parameters

    # building blocks

    def dense(self, name, x):
        return F.linear(x, self.p[f"{name}.weight"], self.p[f"{name}.bias"])

    def norm(self, name, x, epsilon=1e-5):
        return F.layer_norm(x, x.shape[-1:], self.p[f"{name}.weight"], self.p[f"{name}.bias"], epsilon)

    def pointwise(self, name, x):
        weight = self.p[f"{name}.weight"]
        return F.linear(x, weight.flatten(1), self.p.get(f"{name}.bias"))

    def depthwise(self, x, weight):
        y = F.conv2d(x.permute(0, 3, 1, 2), weight, padding=weight.shape[2] // 2, groups=weight.shape[0])
        return y.permute(0, 2, 3, 1)

    def patches(self, name, x):
        weight = self.p[f"{name}.weight"]
        y = F.conv2d(x.permute(0, 3, 1, 2), weight, self.p[f"{name}.bias"], stride=weight.shape[2])
        return y.permute(0, 2, 3, 1)

    def projection(self, name, x, which):
        width = x.shape[-1]
        rows = slice(which * width, (which + 1) * width)
        return F.linear(x, self.p[f"{name}.in_proj_weight"][rows], self.p[f"{name}.in_proj_bias"][rows])

    def attend(self, q, k, v, blocked=None):
        scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
        if blocked is not None:
            scores = scores.masked_fill(blocked, float("-inf"))
        return (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)

    def attention(self, name, query, key, value, heads, blocked=None):
        q, k, v = (split_heads(self.projection(name, x, i), heads) for i, x in enumerate((query, key, value)))
        return self.dense(f"{name}.out_proj", self.attend(q, k, v, blocked))

    def feed_forward(self, name, x):
        return self.dense(f"{name}.linear2", F.relu(self.dense(f"{name}.linear1", x)))

    # image encoder

    def modulation(self, name, x, kernels):
        channels, levels = x.shape[-1], len(kernels)
        query, context, gates = self.dense(f"{name}.f", x).split([channels, channels, levels + 1], -1)
        modulator = 0
        for level in range(levels):
            context = F.relu(self.depthwise(context, self.p[f"{name}.focal_layers.{level}.0.weight"]))
            modulator = modulator + context * gates[..., level : level + 1]
        modulator = modulator + F.relu(context.mean((1, 2), keepdim=True)) * gates[..., levels:]
        return self.dense(f"{name}.proj", query * self.pointwise(f"{name}.h", modulator / (levels + 1)))

    def backbone(self, image):
        config, maps = self.config["backbone"], []
        x = self.norm("backbone.patch_embed.norm", self.patches("backbone.patch_embed.proj", image))
        for stage, depth in enumerate(config["depths"]):
            for i in range(depth):
                name = f"backbone.layers.{stage}.blocks.{i}"
                branch = self.modulation(f"{name}.modulation", x, config["focalKernels"][stage])
                x = x + self.norm(f"{name}.norm1", branch)
                branch = self.dense(f"{name}.mlp.fc2", F.relu(self.dense(f"{name}.mlp.fc1", x)))
                x = x + self.norm(f"{name}.norm2", branch)
            maps.append(self.norm(f"backbone.norm{stage}", x))
            if stage < 3:
                down = f"backbone.layers.{stage}.downsample"
                x = self.norm(f"{down}.norm", self.patches(f"{down}.proj", x))
        return maps

    def pyramid_layer(self, name, x):
        y = self.pointwise(name, self.depthwise(x, self.p[f"{name}.depthwise.weight"]))
        return F.relu(self.norm(f"{name}.norm", y))

    def pixel_decoder(self, maps):
        config = self.config["pixelDecoder"]
        coarse = self.pointwise(f"{PIXELS}.input_proj", maps[3])
        position = sine_position(coarse.shape[1], coarse.shape[2], config["dim"])
        x = coarse.flatten(1, 2)
        for n in range(config["transformerLayers"]):
            name = f"{PIXELS}.transformer.encoder.layers.{n}"
            placed = x + position
            attended = self.attention(f"{name}.self_attn", placed, placed, x, config["heads"])
            x = self.norm(f"{name}.norm1", x + attended)
            x = self.norm(f"{name}.norm2", x + self.feed_forward(name, x))
        pyramid = [self.pyramid_layer(f"{PIXELS}.layer_4", x.reshape(coarse.shape))]
        for level in (3, 2, 1):
            name = f"{PIXELS}.adapter_{level}"
            lateral = self.norm(f"{name}.norm", self.pointwise(name, maps[level - 1]))
            above = F.interpolate(pyramid[-1].permute(0, 3, 1, 2), scale_factor=2, mode="nearest").permute(0, 2, 3, 1)
            pyramid.append(self.pyramid_layer(f"{PIXELS}.layer_{level}", lateral + above))
        return pyramid[:3], self.pointwise(f"{PIXELS}.mask_features", pyramid[3])

    def image(self, pixels):
        """Planes [B,3,S,S], 0..255, to everything prompts need (`ImageMemory`)."""
        mean, deviation = (torch.tensor(self.config[key]) for key in ("pixelMean", "pixelStd"))
        maps = self.backbone((pixels.permute(0, 2, 3, 1) - mean) / deviation)
        memories, masks = self.pixel_decoder(maps)
        config = self.config["decoder"]
        levels, placed = [], []
        for level, memory in enumerate(memories):
            height, width = memory.shape[1:3]
            value = memory.flatten(1, 2) + self.p[f"{DECODER}.level_embed.weight"][level]
            placed.append((value, value + sine_position(height, width, config["dim"])))
            small = F.interpolate(masks.permute(0, 3, 1, 2), (height, width), mode="bilinear", align_corners=False)
            levels.append(small.flatten(2).transpose(1, 2))
        keys, values = [], []
        for n in range(config["layers"]):
            name = f"{DECODER}.transformer_cross_attention_layers.{n}.multihead_attn"
            value, key = placed[n % 3]
            keys.append(split_heads(self.projection(name, key, 1), config["heads"]))
            values.append(split_heads(self.projection(name, value, 2), config["heads"]))
        return {"keys": keys, "values": values, "levels": levels, "masks": masks.flatten(1, 2), "summary": placed[0][0].mean(1), "pyramid": memories}

    # text encoder

    def text(self, ids, ends):
        config, name = self.config["text"], f"{TEXT}.lang_encoder"
        length = ids.shape[1]
        causal = torch.ones(length, length, dtype=torch.bool).triu(1)
        x = F.embedding(ids, self.p[f"{name}.token_embedding.weight"]) + self.p[f"{name}.positional_embedding"][:length]
        for n in range(config["layers"]):
            block = f"{name}.resblocks.{n}"
            y = self.norm(f"{block}.ln_1", x, 1e-12)
            x = x + self.attention(f"{block}.attn", y, y, y, config["heads"], causal)
            hidden = self.dense(f"{block}.mlp.c_fc", self.norm(f"{block}.ln_2", x, 1e-12))
            x = x + self.dense(f"{block}.mlp.c_proj", hidden * torch.sigmoid(1.702 * hidden))
        tokens = self.norm(f"{name}.ln_final", x, 1e-12) @ self.p[f"{TEXT}.lang_proj"]
        return tokens, tokens[torch.arange(len(ends)), ends]

    # query decoder

    def predict(self, queries):
        y = self.norm(f"{DECODER}.decoder_norm", queries)
        hidden = F.relu(self.dense(f"{DECODER}.mask_embed.layers.0", y))
        hidden = F.relu(self.dense(f"{DECODER}.mask_embed.layers.1", hidden))
        return y, self.dense(f"{DECODER}.mask_embed.layers.2", hidden)

    def decode(self, memory, tokens, classes, filler):
        """Predictions (queries [B,P*Q,D], mask embeddings [B,P*Q,M]) before the first layer and after each."""
        config = self.config["decoder"]
        count, dim, heads = config["queries"], config["dim"], config["heads"]
        images, groups = memory["masks"].shape[0], tokens.shape[0]
        start = self.dense(f"{DECODER}.text_query", classes.unsqueeze(1))
        queries = (self.p[f"{DECODER}.query_feat.weight"] + start).reshape(images, -1, dim)
        query_position = self.p[f"{DECODER}.query_embed.weight"].expand(groups, count, dim)
        position = torch.cat([query_position, tokens], 1)
        hidden_keys = F.pad(filler, (count, 0), value=False)[:, None, None]
        predictions = [self.predict(queries)]
        for n in range(config["layers"]):
            with torch.no_grad():
                hidden = predictions[-1][1] @ memory["levels"][n % 3].transpose(1, 2) < 0
                hidden &= ~hidden.all(-1, keepdim=True)
            cross = f"{DECODER}.transformer_cross_attention_layers.{n}"
            placed = (queries.reshape(groups, count, dim) + query_position).reshape(images, -1, dim)
            q = split_heads(self.projection(f"{cross}.multihead_attn", placed, 0), heads)
            looked = self.attend(q, memory["keys"][n], memory["values"][n], hidden.unsqueeze(1))
            seen = self.dense(f"{cross}.multihead_attn.out_proj", looked)
            queries = self.norm(f"{cross}.norm", queries + seen)
            own = f"{DECODER}.transformer_self_attention_layers.{n}"
            sequence = torch.cat([queries.reshape(groups, count, dim), tokens], 1)
            where = sequence + position
            mixed = sequence + self.attention(f"{own}.self_attn", where, where, sequence, heads, hidden_keys)
            mixed = self.norm(f"{own}.norm", mixed)
            ffn = f"{DECODER}.transformer_ffn_layers.{n}"
            grown = self.norm(f"{ffn}.norm", mixed + self.feed_forward(ffn, mixed))
            queries, tokens = grown[:, :count].reshape(images, -1, dim), grown[:, count:]
            predictions.append(self.predict(queries))
        return predictions

    def similarity(self, queries, classes):
        """Cosine of every query with its prompt, [B,P,Q]."""
        captions = (queries @ self.p[f"{DECODER}.class_embed"]).reshape(*classes.shape[:2], -1, classes.shape[-1])
        return (unit(captions) @ unit(classes).unsqueeze(-1)).squeeze(-1)

    def existence(self, prediction, choice, classes, memory):
        """Existence logits [B,P] of the chosen queries; every input is detached."""
        with torch.no_grad():
            queries, masks = (pick(rows, choice) for rows in prediction)
            logits = masks @ memory["levels"][2].transpose(1, 2)
            probability, inside = torch.sigmoid(logits), (logits > 0).float()
            confidence = (probability * inside).sum(-1) / (inside.sum(-1) + 1)
            figures = [0.1 * logits.amax(-1), probability.mean(-1), inside.mean(-1), confidence, 0.1 * logits.abs().mean(-1)]
            summary = memory["summary"].unsqueeze(1).expand_as(classes)
            parts = [F.layer_norm(x, x.shape[-1:]) for x in (queries, classes, summary)]
            features = torch.cat([*parts, torch.stack(figures, -1)], -1)
        hidden = F.relu(self.dense(f"{DECODER}.existence.linear1", features))
        hidden = F.relu(self.dense(f"{DECODER}.existence.linear2", hidden))
        return self.dense(f"{DECODER}.existence.linear3", hidden).squeeze(-1)

    def encode(self, batch):
        memory = self.image(batch["pixels"])
        tokens, classes = self.text(batch["ids"], batch["ends"])
        predictions = self.decode(memory, tokens, classes, batch["filler"])
        return memory, classes.reshape(*batch["present"].shape, -1), predictions

    @torch.no_grad()
    def forward(self, batch):
        """Inference: mask logits [B,P,hw] of the query that text chooses, and existence logits [B,P]."""
        memory, classes, predictions = self.encode(batch)
        choice = self.similarity(predictions[-1][0], classes).argmax(-1)
        logits = pick(predictions[-1][1], choice) @ memory["masks"].transpose(1, 2)
        return logits, self.existence(predictions[-1], choice, classes, memory)

    # losses

    @torch.no_grad()
    def match(self, masks, log_probability, memory, coarse, present):
        """The query [B,P] with the least cost."""
        logits = (masks @ memory["levels"][2].transpose(1, 2)).reshape(*log_probability.shape, -1)
        target = coarse.unsqueeze(2).expand_as(logits)
        entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none").mean(-1)
        dice = dice_loss(torch.sigmoid(logits), target) * present.unsqueeze(-1)
        w = self.weights
        return (w["crossEntropy"] * entropy + w["dice"] * dice - w["similarity"] * log_probability).argmin(-1)

    def mask_loss(self, logits, targets, present):
        """Weighted cross-entropy and Dice of mask logits [B,P,n]."""
        entropy = F.binary_cross_entropy_with_logits(logits, targets, weight=emphasis(targets))
        dice = (dice_loss(torch.sigmoid(logits), targets) * present).sum() / (present.sum() + 1e-6)
        return self.weights["crossEntropy"] * entropy + self.weights["dice"] * dice

    def pyramid_loss(self, maps, embeddings, targets, present):
        """Mean loss of the maps at 1/8, 1/16 and 1/32, each with the finest one's head."""
        total = 0
        for x in reversed(maps):
            side = x.shape[1]
            here = F.adaptive_avg_pool2d(targets.unflatten(-1, (math.isqrt(targets.shape[-1]), -1)), side).flatten(2)
            features = self.pointwise(f"{PIXELS}.mask_features", x).flatten(1, 2)
            total = total + self.mask_loss(embeddings @ features.transpose(1, 2), here, present)
        return total / len(maps)

    def loss(self, batch):
        memory, classes, predictions = self.encode(batch)
        w, targets, present = self.weights, batch["targets"], batch["present"]
        side = math.isqrt(targets.shape[-1])
        coarse = F.avg_pool2d(targets.reshape(*present.shape, side, side), 2).flatten(2)
        scale = self.p[f"{TEXT}.logit_scale"].exp()
        total = 0
        for n, (queries, masks) in enumerate(predictions):
            log_probability = F.log_softmax(self.similarity(queries, classes) * scale, -1)
            choice = self.match(masks, log_probability, memory, coarse, present)
            logits = pick(masks, choice) @ memory["masks"].transpose(1, 2)
            alike = -log_probability.gather(-1, choice.unsqueeze(-1)).mean()
            part = self.mask_loss(logits, targets, present) + w["similarity"] * alike
            total = total + (part if n == len(predictions) - 1 else w["intermediate"] * part)
        total = total + w["pyramid"] * self.pyramid_loss(memory["pyramid"], pick(masks, choice).detach(), coarse, present)
        existence = self.existence(predictions[-1], choice, classes, memory)
        return total + w["existence"] * F.binary_cross_entropy_with_logits(existence, present)


def split_heads(x, heads):
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def unit(x):
    return x / ((x * x).sum(-1, keepdim=True).add(1e-30).sqrt() + 1e-7)


def pick(rows, choice):
    """Rows [B,P*Q,X] by one query a prompt [B,P] to [B,P,X]."""
    grouped = rows.reshape(*choice.shape, -1, rows.shape[-1])
    index = choice[..., None, None].expand(*choice.shape, 1, rows.shape[-1])
    return grouped.gather(2, index).squeeze(2)


def emphasis(targets):
    """Weights of pixels [B,P,n] in the cross-entropy: outside 1, inside sqrt(outside / inside) from 1 to 5, more if tiny."""
    inside = targets.sum(-1, keepdim=True)
    ratio = ((targets.shape[-1] - inside) / (inside + 1)).sqrt()
    tiny = 0.02 / (inside / targets.shape[-1] + 0.0004)
    return 1 + targets * (torch.maximum(ratio.clamp(1, 5), tiny) - 1)


def dice_loss(probabilities, targets):
    overlap = (probabilities * targets).sum(-1)
    return 1 - (2 * overlap + 1) / (probabilities.sum(-1) + targets.sum(-1) + 1)


POSITIONS = {}


def sine_position(height, width, dim):
    """[height*width, dim], kept: it never changes."""
    if (height, width, dim) not in POSITIONS:
        half = dim // 2
        i = torch.arange(half, dtype=torch.float64)

        def axis(n):
            coordinate = torch.arange(1, n + 1, dtype=torch.float64) / (n + 1e-6) * 2 * math.pi
            angle = coordinate[:, None] / 10000 ** (2 * torch.div(i, 2, rounding_mode="floor") / half)
            return torch.where(i % 2 == 0, angle.sin(), angle.cos())

        rows = axis(height)[:, None].expand(height, width, half)
        columns = axis(width)[None].expand(height, width, half)
        POSITIONS[height, width, dim] = torch.cat([rows, columns], -1).reshape(height * width, dim).float()
    return POSITIONS[height, width, dim]


def main():
    torch.set_num_threads(1)
    folder = sys.argv[1]
    with open(os.path.join(folder, "setting.json")) as file:
        setting = json.load(file)
    refuse_other_options(setting["config"])
    tensors = read_safetensors(os.path.join(folder, "exchange.safetensors"))
    parameters = {name[2:]: t.requires_grad_() for name, t in tensors.items() if name.startswith("p:")}
    batch = {name[2:]: t for name, t in tensors.items() if name.startswith("b:")}
    twin = Twin(setting["config"], setting["losses"], parameters)

    def backward():
        for tensor in parameters.values():
            tensor.grad = None
        loss = twin.loss(batch)
        loss.backward()
        return loss.item()

    def check():
        loss = backward()
        logits, existence = twin.forward(batch)
        results = {f"gradient:{name}": t.grad for name, t in parameters.items()}
        write_safetensors(os.path.join(folder, "results.safetensors"), {**results, "logits": logits, "existence": existence})
        return {"loss": loss}

    def timed(body):
        wall, cpu = time.perf_counter(), time.process_time()
        body()
        return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}

    matrix, product = torch.arange(1024 * 1024).remainder(7).div(7).reshape(1024, 1024), torch.empty(1024, 1024)
    commands = {
        "check": check,
        "matmul": lambda: timed(lambda: torch.mm(matrix, matrix, out=product)),
        "forward": lambda: timed(lambda: twin.forward(batch)),
        "backward": lambda: timed(backward),
    }
    print(json.dumps({"torch": torch.__version__}), flush=True)
    for line in sys.stdin:
        print(json.dumps(commands[line.strip()]()), flush=True)


main()
