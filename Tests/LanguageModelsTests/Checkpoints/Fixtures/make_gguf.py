"""Writes `models/NAME.gguf` for some folders of `models/`: their weights as GGUF files, each with a small tokenizer inside
(SentencePiece for Gemma 3, byte-level BPE for the others).

Run: python make_gguf.py [NAME ...]   (needs nothing but Python)
Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import json
import math
import struct
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "models"
U32, I32, F32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
ALIGNMENT = 32

NAMES = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm", "self_attn.qkv_proj": "attn_qkv", "mlp.gate_up_proj": "ffn_up", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}


def read_safetensors(path):
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    for name, info in header.items():
        start, end = info["data_offsets"]
        raw = data[8 + length + start:8 + length + end]
        count = len(raw) // (4 if info["dtype"] == "F32" else 2)
        if info["dtype"] == "BF16":
            values = [struct.unpack("<f", b"\0\0" + raw[2 * i:2 * i + 2])[0] for i in range(count)]
        else:
            values = list(struct.unpack(f"<{count}{'f' if info['dtype'] == 'F32' else 'e'}", raw))
        yield name, info["shape"], values


def text(value):
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def entry(key, kind, value):
    head = text(key) + struct.pack("<I", kind)
    if kind == STRING:
        return head + text(value)
    if kind == ARRAY:
        inner, values = value
        body = b"".join(text(v) for v in values) if inner == STRING else struct.pack(
            f"<{len(values)}{'i' if inner == I32 else 'f'}", *values)
        return head + struct.pack("<IQ", inner, len(values)) + body
    return head + struct.pack({U32: "<I", F32: "<f", BOOL: "<?"}[kind], value)


def translated(name, gemma):
    if name == "model.embed_tokens.weight":
        return "token_embd.weight"
    if name == "model.norm.weight":
        return "output_norm.weight"
    if name == "lm_head.weight":
        return "output.weight"
    _, _, layer, *middle, kind = name.split(".")
    middle = ".".join(middle)
    names = dict(NAMES)
    names["post_attention_layernorm"] = "post_attention_norm" if gemma else "ffn_norm"
    names["pre_feedforward_layernorm"] = "ffn_norm"
    names["post_feedforward_layernorm"] = "post_ffw_norm"
    return f"blk.{layer}.{names[middle]}.{kind}"


def paired(tensor, shape, values, config):
    """Queries and keys with the rows of a head that turn together side by side, as llama.cpp's converter has them."""
    heads = {"q_proj": "num_attention_heads", "k_proj": "num_key_value_heads"}.get(tensor.split(".")[-2])
    if heads is None:
        return values
    columns = len(values) // shape[0]
    rows = [values[i * columns:(i + 1) * columns] for i in range(shape[0])]
    size = shape[0] // config[heads]
    order = [h * size + i // 2 + (i % 2) * size // 2 for h in range(config[heads]) for i in range(size)]
    return [value for i in order for value in rows[i]]


def write(name, architecture, extra, tokenizer, more=()):
    """`more` holds tensors beside the folder's."""
    if sys.argv[1:] and name not in sys.argv[1:]:
        return
    config = json.loads((FOLDER / name / "config.json").read_text())
    gemma = architecture.startswith("gemma")
    fields = [("general.architecture", STRING, architecture)]
    for key, kind, value in [
        ("context_length", U32, config["max_position_embeddings"]), ("embedding_length", U32, config["hidden_size"]),
        ("block_count", U32, config["num_hidden_layers"]), ("feed_forward_length", U32, config["intermediate_size"]),
        ("attention.head_count", U32, config["num_attention_heads"]),
        ("attention.head_count_kv", U32, config["num_key_value_heads"]),
        ("attention.layer_norm_rms_epsilon", F32, config["rms_norm_eps"]), *extra,
    ]:
        fields.append((f"{architecture}.{key}", kind, value))
    fields += [(f"tokenizer.ggml.{key}", kind, value) for key, kind, value in tokenizer]
    infos, data = b"", b""
    tensors = [(translated(tensor, gemma), *rest) for tensor, *rest in folder_tensors(name, architecture, config)]
    tensors += more
    for tensor, shape, values in tensors:
        infos += text(tensor) + struct.pack("<I", len(shape))
        # Vectors are float32, as converters write them; what is bfloat16 there stays so, what is float16 too.
        kind = 0 if len(shape) == 1 else {"bfloat16": 30, "float16": 1}[config["dtype"]]
        infos += struct.pack(f"<{len(shape)}Q", *reversed(shape)) + struct.pack("<IQ", kind, len(data))
        if kind == 0:
            data += struct.pack(f"<{len(values)}f", *values)
        elif kind == 1:
            data += struct.pack(f"<{len(values)}e", *values)
        else:
            data += b"".join(struct.pack("<f", v)[2:] for v in values)
        data += b"\0" * (-len(data) % ALIGNMENT)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(fields))
    head += b"".join(entry(*field) for field in fields) + infos
    (FOLDER / f"{name}.gguf").write_bytes(head + b"\0" * (-len(head) % ALIGNMENT) + data)


def folder_tensors(name, architecture, config):
    for tensor, shape, values in read_safetensors(FOLDER / name / "model.safetensors"):
        if architecture.startswith("gemma") and tensor.endswith("norm.weight"):
            values = [v + 1 for v in values]
        if architecture == "smollm3":
            values = paired(tensor, shape, values, config)
        yield tensor, shape, values


LETTERS = [chr(c) for c in range(ord("a"), ord("z") + 1)]
BYTE_LEVEL = ["<|pad|>", "<|start|>", "<|end|>", "\u0120", *LETTERS, *"0123456789", *".,:;?!'-()", "\u0120a", "th", "the",
              "\u0120s", "in", "an", "er", "on", "re", "\u0120w", "at"]
PIECES = ["<pad>", "<eos>", "<bos>", "<unk>", "\u2581", *LETTERS, *"0123456789", *".,:;?!", "\u2581a", "th", "the", "\u2581s",
          "in", "an", "er", "on", "re", "\u2581w", "at", "ou", "it", "is"]
BYTES = [
    ("model", STRING, "gpt2"), ("pre", STRING, "qwen2"), ("tokens", ARRAY, (STRING, BYTE_LEVEL)),
    ("token_type", ARRAY, (I32, [3] * 3 + [1] * (len(BYTE_LEVEL) - 3))),
    ("merges", ARRAY, (STRING, ["\u0120 a", "t h", "th e", "\u0120 s", "i n", "a n", "e r", "o n", "r e", "\u0120 w", "a t"])),
    ("bos_token_id", U32, 1), ("eos_token_id", U32, 2), ("add_bos_token", BOOL, False)]
write("qwen2", "qwen2", [("rope.freq_base", F32, 10000.0)], BYTES)
write(
    "qwen3", "qwen3", [("attention.key_length", U32, 6), ("rope.dimension_count", U32, 6), ("rope.freq_base", F32, 10000.0)],
    BYTES)
write(
    "phi3-longrope", "phi3",
    [("rope.dimension_count", U32, 4), ("rope.freq_base", F32, 100.0), ("attention.sliding_window", U32, 0),
     ("rope.scaling.original_context_length", U32, 16),
     ("rope.scaling.attn_factor", F32, math.sqrt(1 + math.log(64 / 16) / math.log(16)))],
    BYTES, [("rope_factors_long.weight", [2], [2.0, 5.0]), ("rope_factors_short.weight", [2], [1.25, 3.0])])
write(
    "gemma2", "gemma2",
    [("attention.key_length", U32, 6), ("attention.sliding_window", U32, 4), ("attn_logit_softcapping", F32, 2.0),
     ("final_logit_softcapping", F32, 5.0)], BYTES)
write("smollm3", "smollm3", [("rope.dimension_count", U32, 4), ("rope.freq_base", F32, 2000000.0)], BYTES)
write(
    "gemma3", "gemma3",
    [("attention.key_length", U32, 6), ("attention.sliding_window", U32, 4), ("attention.sliding_window_pattern", U32, 2),
     ("rope.freq_base", F32, 1000000.0)],
    [("model", STRING, "llama"), ("tokens", ARRAY, (STRING, PIECES)),
     ("scores", ARRAY, (F32, [0.0] * 47 + [-float(i) for i in range(len(PIECES) - 47)])),
     ("token_type", ARRAY, (I32, [3, 3, 3, 2] + [1] * (len(PIECES) - 4))),
     ("bos_token_id", U32, 2), ("eos_token_id", U32, 1), ("unknown_token_id", U32, 3), ("add_bos_token", BOOL, True),
     ("add_space_prefix", BOOL, False)])
