"""safetensors files, read and written: an 8-byte little-endian length, a JSON header, then the values of all tensors."""
import json
import os
import struct

import torch

TYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64}
NAMES = {dtype: name for name, dtype in TYPES.items()}


def read(path):
    """Tensors by name, and the metadata. Refuses (ValueError) what is no safetensors file of these types."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    try:
        start = 8 + struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8:start].decode("utf-8"))
    except (struct.error, UnicodeDecodeError, json.JSONDecodeError):
        raise ValueError(f"{path} is not a safetensors file") from None
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        if entry["dtype"] not in TYPES or not 0 <= begin <= end <= len(data) - start:
            raise ValueError(f"{path}: tensor {name} has type {entry['dtype']} at {begin} to {end}; allowed: {', '.join(TYPES)} inside the file")
        values = torch.frombuffer(data[start + begin : start + end], dtype=TYPES[entry["dtype"]]) if end > begin else torch.empty(0)
        tensors[name] = values.reshape(entry["shape"])
    return tensors, metadata


def write(path, tensors, metadata):
    """Writes a file whole or not at all; metadata are strings."""
    header, offset = {"__metadata__": metadata}, 0
    for name, tensor in tensors.items():
        size = tensor.numel() * tensor.element_size()
        header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    with open(f"{path}.tmp", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(tensor.detach().cpu().contiguous().reshape(-1).numpy().tobytes())
    os.replace(f"{path}.tmp", path)
