"""Writes `quantised.gguf`, a tensor of random blocks for each type of ggml's that is read, and `quantised.safetensors`, what the
`gguf` package's own dequantisation makes of them.

Run: python make_quantised.py   (needs numpy, gguf and safetensors)
"""

from pathlib import Path

import gguf
import numpy as np
from gguf.quants import dequantize
from safetensors.numpy import save_file

FOLDER = Path(__file__).parent
Q = gguf.GGMLQuantizationType
TYPES = [Q.F32, Q.F16, Q.BF16, Q.Q4_0, Q.Q4_1, Q.Q5_0, Q.Q5_1, Q.Q8_0, Q.Q2_K, Q.Q3_K, Q.Q4_K, Q.Q5_K, Q.Q6_K, Q.IQ4_NL,
         Q.IQ4_XS, Q.MXFP4]
# Where a block's half-precision scales stand: random bits would make some of them infinite.
SCALES = {Q.F16: [0], Q.Q4_0: [0], Q.Q4_1: [0, 2], Q.Q5_0: [0], Q.Q5_1: [0, 2], Q.Q8_0: [0], Q.Q2_K: [80, 82], Q.Q3_K: [108],
          Q.Q4_K: [0, 2], Q.Q5_K: [0, 2], Q.Q6_K: [208], Q.IQ4_NL: [0], Q.IQ4_XS: [0]}

random = np.random.default_rng(7)
writer = gguf.GGUFWriter(FOLDER / "quantised.gguf", "none")
expected = {}
for kind in TYPES:
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    # Two rows of at least four blocks.
    row = max(128, 2 * elements)
    count = 2 * row // elements
    blocks = random.integers(0, 256, (count, size), dtype=np.uint8)
    for place in SCALES.get(kind, []):
        blocks[:, place:place + 2] = random.normal(0, 0.05, (count, 1)).astype(np.float16).view(np.uint8)
    if kind in (Q.F32, Q.BF16):
        values = random.normal(0, 1, (count, 1)).astype(np.float32)
        blocks = values.view(np.uint8).reshape(count, 4)[:, 4 - size:].copy()
    if kind == Q.MXFP4:
        # Exponents that occur, and the two below the normal numbers.
        blocks[:, 0] = random.integers(110, 130, count)
        blocks[:2, 0] = [0, 1]
    raw = blocks.reshape(2, -1)
    expected[kind.name] = np.ascontiguousarray(dequantize(raw, kind).astype(np.float32).reshape(2, row))
    writer.add_tensor(kind.name, raw, raw_dtype=kind)
# The package has no dequantisation of Q8_K, which only intermediate results have: scale (float32), 256 signed bytes, sums.
scales = random.normal(0, 0.05, (4, 1)).astype(np.float32)
quants = random.integers(-127, 128, (4, 256)).astype(np.int8)
raw = np.concatenate([scales.view(np.uint8), quants.view(np.uint8), np.zeros((4, 32), np.uint8)], axis=1).reshape(2, -1)
expected["Q8_K"] = (scales * quants.astype(np.float32)).reshape(2, 512)
writer.add_tensor("Q8_K", raw, raw_dtype=Q.Q8_K)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
save_file(expected, FOLDER / "quantised.safetensors")
