"""Compares `sluice model score` with llama.cpp on Gemma 3 270M: log-probabilities of every prompt token and of the likeliest
next tokens.

Run by `.ci/bench gemma`: python gemma_logprobs.py SLUICE MODEL.gguf
Two comparisons. llama.cpp's kernels for Q4_K and Q8_0 weights round the activations to 8 bits, so on the quantised file the
difference is mostly its own rounding; on a copy of the file with every weight dequantised to float32 (by llama.cpp itself) it
computes in float32, as Sluice always does. The bar is about the second: Sluice reads the quantised file there too, so its
dequantisation is part of what is held against llama.cpp's.
"""

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path

import llama_cpp
import numpy as np

BAR = 0.02
TOP = 20


def dequantised(model):
    """A copy of the GGUF file with float32 weights."""
    copy = model.with_name(model.stem + "-f32.gguf")
    if not copy.exists():
        settings = llama_cpp.llama_model_quantize_default_params()
        settings.ftype = llama_cpp.LLAMA_FTYPE_ALL_F32
        settings.allow_requantize = True
        settings.nthread = 2
        draft = copy.with_suffix(".part")
        code = llama_cpp.llama_model_quantize(str(model).encode(), str(draft).encode(), ctypes.byref(settings))
        if code != 0:
            sys.exit(f"llama.cpp couldn't dequantise {model}: {code}")
        draft.rename(copy)
    return copy


def sluice(binary, model, prompts):
    file = model.with_name("prompts.jsonl")
    file.write_text("".join(json.dumps({"prompt": prompt}) + "\n" for prompt in prompts))
    command = [binary, "model", "score", str(model), "--file", str(file), "--top", str(TOP), "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def differences(model, prompts, scored):
    """Largest difference of a prompt token's, and of a likely next token's, log-probability by prompt."""
    peer = llama_cpp.Llama(
        str(model), n_ctx=256, n_threads=2, logits_all=True, verbose=False, type_k=0, type_v=0, flash_attn=False)
    rows = []
    for prompt, score in zip(prompts, scored):
        ids = [token["id"] for token in score["tokens"]]
        theirs = peer.tokenize(prompt.encode(), add_bos=True, special=True)
        if ids != theirs:
            sys.exit(f"tokens differ on {prompt!r}: {ids} and {theirs}")
        peer.reset()
        peer.eval(ids)
        logits = np.array(peer.scores[:len(ids)], dtype=np.float64)
        logs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        inside = [abs(token["logProbability"] - logs[i, token["id"]]) for i, token in enumerate(score["tokens"][1:])]
        ahead = [abs(token["logProbability"] - logs[-1, token["id"]]) for token in score["next"]]
        same = score["next"][0]["id"] == int(np.argmax(logs[-1]))
        rows.append((max(inside, default=0), max(ahead), same, len(ids)))
    return rows


def main():
    binary, model = sys.argv[1], Path(sys.argv[2])
    prompts = (Path(__file__).parent / "gemma_prompts.txt").read_text().splitlines()
    scored = sluice(binary, model, prompts)
    print(f"{len(prompts)} prompts, {sum(len(score['tokens']) for score in scored)} tokens, the same by both tokenizers")
    worst = {}
    for name, file in [("quantised (its 8-bit activations)", model), ("float32 copy (the bar)", dequantised(model))]:
        rows = differences(file, prompts, scored)
        inside, ahead = max(row[0] for row in rows), max(row[1] for row in rows)
        worst[name] = max(inside, ahead)
        share = sum(max(row[0], row[1]) <= BAR for row in rows)
        print(
            f"llama.cpp on the {name}: largest difference {inside:.5f} on prompt tokens, {ahead:.5f} on the {TOP} likeliest "
            f"next ones; {share} of {len(rows)} prompts within {BAR}; the likeliest next token is the same on "
            f"{sum(row[2] for row in rows)}")
    worst = worst["float32 copy (the bar)"]
    print(f"gemma ratio={worst:.5f} bar={BAR} {'ok' if worst <= BAR else 'short'}")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    main()
