"""Writes the golden files of the safetensors tests with the reference library.

    pip install safetensors==0.8.0 numpy && python3 make_safetensors.py

Every file holds the same tensors in another type; values.json holds their elements after the rounding to that type,
as float32 bit patterns. The Swift reader must give these, and the Swift writer the same bytes.
"""

import json
from pathlib import Path

import numpy as np
from safetensors import TensorSpec, serialize

HERE = Path(__file__).parent

EDGES = np.array(
    [0.0, -0.0, 1.0, -1.0, 1 / 3, 65504.0, -65504.0, 6.104e-5, 6.0e-8, -5.9e-8, 2.9802322e-8, 2.98023228e-8, 1.0e-7,
     0.00097656, 2049.0, 2051.0, 1.00048828125, 1.00146484375, 65519.0, 3.0e-39, 1.1754944e-38], dtype=np.float32)
RNG = np.random.default_rng(7)
TENSORS = {
    "weight": RNG.normal(size=(3, 5, 2)).astype(np.float32),
    "edges": EDGES,
    "scalar": np.array(2.5, dtype=np.float32),
    "empty": np.zeros((0, 4), dtype=np.float32),
    "h.0.attn/ключ \"q\"": RNG.normal(size=(7,)).astype(np.float32) * 1e-3,
}
METADATA = {"format": "pt", "note": "line\nbreak \"quoted\" é"}


def brain(values):
    """Nearest bfloat16, ties to even (finite values)."""
    bits = values.view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def encoded(values, dtype):
    values = np.ascontiguousarray(values)
    if dtype == "float16":
        half = values.astype(np.float16)
        return half.tobytes(), half.astype(np.float32)
    if dtype == "bfloat16":
        bits = brain(values.reshape(-1))
        return bits.tobytes(), (bits.astype(np.uint32) << 16).view(np.float32).reshape(values.shape)
    return values.tobytes(), values


def write(name, parts, metadata):
    """parts: tensor -> (dtype, shape, bytes)"""
    buffers = {tensor: np.frombuffer(data or b"\0", dtype=np.uint8) for tensor, (_, _, data) in parts.items()}
    specs = {
        tensor: TensorSpec(dtype=dtype, shape=shape, data_ptr=buffers[tensor].ctypes.data, data_len=len(data))
        for tensor, (dtype, shape, data) in parts.items()
    }
    (HERE / f"{name}.safetensors").write_bytes(bytes(serialize(specs, metadata)))


def main():
    recorded = {}
    for name, dtype in [("f32", "float32"), ("f16", "float16"), ("bf16", "bfloat16")]:
        parts = {}
        recorded[name] = {}
        for tensor, values in TENSORS.items():
            data, rounded = encoded(values, dtype)
            parts[tensor] = (dtype, list(values.shape), data)
            recorded[name][tensor] = {
                "shape": list(values.shape), "bits": rounded.reshape(-1).view(np.uint32).tolist(),
                "source": values.reshape(-1).view(np.uint32).tolist()}
        # One entry of metadata: the reference library writes several in an arbitrary order.
        write(name, parts, {"format": "pt"})
    mixed = {
        "positions": ("int64", [2], np.array([1, 2], dtype=np.int64).tobytes()),
        "mask": ("bool", [3], b"\1\0\1"),
        "weight": ("float16", [2], np.array([1, -2], dtype=np.float16).tobytes()),
    }
    write("mixed", mixed, METADATA)
    (HERE / "values.json").write_text(json.dumps(recorded, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
