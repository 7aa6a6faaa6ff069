"""One GFlowNet update, or one batch of sentence embeddings, in PyTorch: the peers of `.ci/bench engine`.

usage: tb_update.py published|tuned|encoder FOLDER THREADS

FOLDER holds `model.safetensors`, `task.json` (sizes and tokens) and, for updates, `adapter_model.safetensors`.
  published  the loop of Lee et al. (ICLR 2025) as published: every sequence carries its own copy of the meta-prompt,
             rollout with gradients through the cache, reference likelihood over whole sequences, backward, AdamW.
             The loss is the variance form of trajectory balance, so that all contestants compute the same number.
  tuned      the same update written well: shared prefix, rollout without gradients, one teacher-forced pass.
  encoder    BERT by transformers, mean pooling, unit length.
Lines on standard input are commands: `check` computes on the given tokens, leaves `WAY.safetensors` and prints the
loss; `run` does it once on tokens of its own and prints the seconds of its three parts.
"""

import json
import sys
import time
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

WAY, FOLDER, THREADS = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(THREADS)
torch.manual_seed(0)
TASK = json.loads((FOLDER / "task.json").read_text())
STATE = load_file(FOLDER / "model.safetensors")
C, LAYERS, HEADS, V = TASK["width"], TASK["layers"], TASK["heads"], TASK["vocabulary"]


def factors(layer):
    adapter = load_file(FOLDER / "adapter_model.safetensors")
    name = f"base_model.model.transformer.h.{layer}.attn.c_attn."
    return [nn.Parameter(adapter[name + f"lora_{f}.weight"].T.contiguous()) for f in "AB"]


def variance(log_policy, log_reference):
    delta = log_policy - log_reference
    return ((delta - delta.mean()) ** 2).mean()


def published():
    from transformers import GPT2Config, GPT2LMHeadModel

    model = GPT2LMHeadModel(GPT2Config(
        n_layer=LAYERS, n_embd=C, n_head=HEADS, vocab_size=V, n_positions=TASK["context"], bos_token_id=0,
        eos_token_id=0)).eval()
    model.load_state_dict(STATE, strict=False)
    model.requires_grad_(False)

    class LoRA(nn.Module):
        def __init__(self, base, a, b):
            super().__init__()
            self.base, self.a, self.b, self.on = base, a, b, True

        def forward(self, x):
            y = self.base(x)
            return y + (x @ self.a @ self.b) * TASK["scaling"] if self.on else y

    adapters = []
    for i, block in enumerate(model.transformer.h):
        block.attn.c_attn = LoRA(block.attn.c_attn, *factors(i))
        adapters.append(block.attn.c_attn)
    prompt = torch.tensor([TASK["prefix"]]).repeat(TASK["batch"], 1)
    p = prompt.shape[1]

    def loss(given):
        for adapter in adapters:
            adapter.on = True
        t0 = time.perf_counter()
        past = model(input_ids=prompt[:, :-1], use_cache=True).past_key_values
        state, log_policy = prompt, 0
        for i in range(TASK["length"]):
            out = model(input_ids=state[:, -1:], past_key_values=past, use_cache=True)
            past, logits = out.past_key_values, out.logits[:, -1]
            with torch.no_grad():
                token = torch.multinomial(F.softmax(logits, -1), 1) if given is None else given[:, i:i + 1]
            log_policy = log_policy + F.log_softmax(logits, -1).gather(-1, token).squeeze(-1)
            state = torch.cat([state, token], 1)
        t1 = time.perf_counter()
        with torch.no_grad():
            for adapter in adapters:
                adapter.on = False
            logs = F.log_softmax(model(input_ids=state).logits[:, p - 1:-1], -1)
            reference = logs.gather(-1, state[:, p:].unsqueeze(2)).squeeze(2).sum(1)
        return variance(log_policy, reference), t1 - t0, time.perf_counter() - t1

    return loss, [(a.a, a.b) for a in adapters]


def tuned():
    class Block(nn.Module):
        def __init__(self, i):
            super().__init__()
            def dense(name):
                w, b = STATE[f"transformer.h.{i}.{name}.weight"], STATE[f"transformer.h.{i}.{name}.bias"]
                layer = nn.Linear(*w.shape)
                layer.weight.data, layer.bias.data = w.T.contiguous(), b
                return layer
            def norm(name):
                layer = nn.LayerNorm(C)
                layer.weight.data = STATE[f"transformer.h.{i}.{name}.weight"]
                layer.bias.data = STATE[f"transformer.h.{i}.{name}.bias"]
                return layer
            self.l1, self.l2 = norm("ln_1"), norm("ln_2")
            self.qkv, self.o, self.f, self.g = map(dense, ["attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"])
            self.requires_grad_(False)
            self.a, self.b = factors(i)

        def forward(self, x, past, lora):
            b, t, _ = x.shape
            h = self.l1(x)
            q = self.qkv(h)
            if lora:
                q = q + (h @ self.a @ self.b) * TASK["scaling"]
            q, k, v = [z.view(b, t, HEADS, -1).transpose(1, 2) for z in q.chunk(3, -1)]
            if past is not None:
                k, v = [torch.cat([z.expand(b, -1, -1, -1), n], 2) for z, n in zip(past, (k, v))]
            mask = None if t == 1 else torch.ones(t, k.shape[2], dtype=torch.bool).tril(k.shape[2] - t)
            a = F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).reshape(b, t, C)
            x = x + self.o(a)
            return x + self.g(F.gelu(self.f(self.l2(x)), approximate="tanh")), (k, v)

    blocks = nn.ModuleList([Block(i) for i in range(LAYERS)])
    words, places = STATE["transformer.wte.weight"], STATE["transformer.wpe.weight"]
    final = nn.LayerNorm(C).requires_grad_(False)
    final.weight.data, final.bias.data = STATE["transformer.ln_f.weight"], STATE["transformer.ln_f.bias"]
    prompt = torch.tensor([TASK["prefix"]])
    p, batch = prompt.shape[1], TASK["batch"]

    def hidden(ids, past, lora, position):
        x, new = words[ids] + places[position:position + ids.shape[1]], []
        for i, block in enumerate(blocks):
            x, kv = block(x, None if past is None else past[i], lora)
            new.append(kv)
        return final(x), new

    def likelihood(tokens, lora):
        h0, past = hidden(prompt, None, lora, 0)
        h, _ = hidden(tokens[:, :-1], past, lora, p)
        logits = torch.cat([h0[:, -1:].expand(batch, -1, -1), h], 1) @ words.T
        return (logits.gather(-1, tokens.unsqueeze(-1)).squeeze(-1) - logits.logsumexp(-1)).sum(1)

    def loss(given):
        t0 = time.perf_counter()
        tokens = given
        if given is None:
            with torch.no_grad():
                h, past = hidden(prompt, None, True, 0)
                h, drawn = h[:, -1:].expand(batch, -1, -1), []
                for i in range(TASK["length"]):
                    drawn.append(torch.multinomial(F.softmax(h[:, -1] @ words.T, -1), 1))
                    if i < TASK["length"] - 1:
                        h, past = hidden(drawn[-1], past, True, p + i)
                tokens = torch.cat(drawn, 1)
        t1 = time.perf_counter()
        with torch.no_grad():
            reference = likelihood(tokens, False)
        t2 = time.perf_counter()
        return variance(likelihood(tokens, True), reference), t1 - t0, t2 - t1

    return loss, [(b.a, b.b) for b in blocks]


def encoder():
    from transformers import BertConfig, BertModel

    model = BertModel(BertConfig(
        num_hidden_layers=LAYERS, hidden_size=C, num_attention_heads=HEADS, vocab_size=V,
        intermediate_size=4 * C, max_position_embeddings=TASK["context"]), add_pooling_layer=False).eval()
    left = model.load_state_dict({k.removeprefix("bert."): v for k, v in STATE.items()}, strict=False)
    assert not left.missing_keys, left
    tokens = torch.tensor(TASK["sequences"])

    def embed():
        with torch.no_grad():
            return F.normalize(model(input_ids=tokens).last_hidden_state.mean(1), dim=-1)

    return embed


def serve_encoder():
    embed = encoder()
    for line in sys.stdin:
        began = time.perf_counter()
        vectors = embed()
        seconds = time.perf_counter() - began
        if line.strip() == "check":
            save_file({"vectors": vectors.contiguous()}, FOLDER / f"{WAY}.safetensors")
        print(json.dumps({"loss": 0, "seconds": [seconds, 0, 0]}), flush=True)


def serve_update():
    loss, pairs = published() if WAY == "published" else tuned()
    optimizer = torch.optim.AdamW([f for pair in pairs for f in pair], lr=1e-4)
    given = torch.tensor(TASK["sequences"])
    for line in sys.stdin:
        checks = line.strip() == "check"
        began = time.perf_counter()
        value, rollout, reference = loss(given if checks else None)
        value.backward()
        if checks:
            names = [f"base_model.model.transformer.h.{i}.attn.c_attn.lora_" for i in range(LAYERS)]
            save_file({n + f + ".weight": p.grad.T.contiguous() for n, pair in zip(names, pairs)
                       for f, p in zip("AB", pair)}, FOLDER / f"{WAY}.safetensors")
        else:
            optimizer.step()
        optimizer.zero_grad()
        # Whatever isn't rollout or reference is learning: in the tuned way, the policy's forward pass too.
        seconds = [rollout, reference, time.perf_counter() - began - rollout - reference]
        print(json.dumps({"loss": value.item(), "seconds": seconds}), flush=True)


serve_encoder() if WAY == "encoder" else serve_update()
