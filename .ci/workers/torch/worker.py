#!/usr/bin/env python3
"""Runs the language model of a Sluice attacker in PyTorch, with LoRA adapters by PEFT.

    python3 worker.py CHECKPOINT [--device auto|cpu|cuda|map] [--dtype float32|bfloat16|float16] [--rows N]

Speaks version 1 of the protocol of `attacker: {engine: {kind: command}}` over standard input and output: see the page
"Attackers on other engines". Whatever Transformers loads as a causal language model works. `--device map` spreads the
model over what there is (Accelerate). `--rows` bounds the sequences in one forward pass.
"""
import argparse
import contextlib
import json
import os
import struct

# Frames have standard output to themselves: what a library prints there goes to standard error.
questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

VERSION = 1
REFERENCE = 0
TYPES = {"f32": np.dtype("<f4"), "i32": np.dtype("<i4"), "u64": np.dtype("<u8")}


class Refusal(Exception):
    """What is wrong with a question, for the one who asked."""


# Frames: bytes of the header (4), bytes of the arrays (8), the header as JSON, the arrays; all little-endian.


def read_exactly(stream, count):
    data = stream.read(count)
    return data if len(data) == count else None


def read_frame(stream):
    prelude = read_exactly(stream, 12)
    if prelude is None:
        return None
    header_size, array_size = struct.unpack("<IQ", prelude)
    header, body = read_exactly(stream, header_size), read_exactly(stream, array_size)
    if header is None or body is None:
        return None
    header, arrays, offset = json.loads(header), {}, 0
    for entry in header.pop("arrays", []):
        kind = TYPES[entry["type"]]
        arrays[entry["name"]] = np.frombuffer(body, kind, entry["count"], offset)
        offset += entry["count"] * kind.itemsize
    return header, arrays


def write_frame(stream, header, arrays):
    table, parts = [], []
    for name, (kind, values) in arrays.items():
        data = np.ascontiguousarray(values, TYPES[kind])
        table.append({"name": name, "type": kind, "count": int(data.size)})
        parts.append(data.tobytes())
    text = json.dumps({**header, "arrays": table}).encode()
    body = b"".join(parts)
    stream.write(struct.pack("<IQ", len(text), len(body)))
    stream.write(text)
    stream.write(body)
    stream.flush()


def ragged(sequences):
    flat = [token for sequence in sequences for token in sequence]
    return {"tokens": ("i32", flat), "lengths": ("i32", [len(sequence) for sequence in sequences])}


def sequences_of(arrays):
    ends = np.cumsum(arrays["lengths"])
    return [part.tolist() for part in np.split(arrays["tokens"], ends[:-1])] if len(ends) else []


class Draws:
    """One xoshiro256** (Blackman and Vigna, 2018) for each row, seeded by SplitMix64: a sample depends on its seed alone."""

    def __init__(self, seeds):
        state = np.array(seeds, np.uint64)
        self.state = []
        with np.errstate(over="ignore"):
            for _ in range(4):
                state = state + np.uint64(0x9E3779B97F4A7C15)
                mixed = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                self.state.append(mixed ^ (mixed >> np.uint64(31)))

    @staticmethod
    def _rotate(values, bits):
        return (values << np.uint64(bits)) | (values >> np.uint64(64 - bits))

    def next(self):
        """One number in [0, 1) for each row."""
        s0, s1, s2, s3 = self.state
        with np.errstate(over="ignore"):
            result = self._rotate(s1 * np.uint64(5), 7) * np.uint64(9)
        shifted = s1 << np.uint64(17)
        s2, s3 = s2 ^ s0, s3 ^ s1
        s1, s0 = s1 ^ s2, s0 ^ s3
        self.state = [s0, s1, s2 ^ shifted, self._rotate(s3, 45)]
        return (result >> np.uint64(40)).astype(np.float64) * 2.0**-24


class Policy:
    """A model to sample and train: an adapter by name, or a model of its own where all weights are trained."""

    def __init__(self, model, adapter, parameters, learning_rate):
        self.model = model
        self.adapter = adapter
        self.parameters = parameters
        self.learning_rate = learning_rate
        self.restart()

    def restart(self):
        self.optimizer = torch.optim.AdamW(self.parameters, lr=self.learning_rate, weight_decay=0.0) if self.parameters else None

    def size(self):
        return sum(parameter.numel() for parameter in self.parameters)


class Worker:
    def __init__(self, options):
        self.options = options
        self.base = self.load()
        self.tokenizer = AutoTokenizer.from_pretrained(options.checkpoint)
        self.config = self.base.config
        self.device = self.base.get_input_embeddings().weight.device
        ends = self.base.generation_config.eos_token_id if self.base.generation_config else None
        ends = self.config.eos_token_id if ends is None else ends
        self.ends = list(ends) if isinstance(ends, (list, tuple)) else [ends]
        self.adapted = None
        self.policies = {REFERENCE: Policy(self.base, None, [], 0)}

    def load(self):
        place = {"device_map": "auto"} if self.options.device == "map" else {}
        model = AutoModelForCausalLM.from_pretrained(
            self.options.checkpoint, dtype=getattr(torch, self.options.dtype), **place
        )
        if not place:
            model.to(self.options.device)
        model.eval()  # No dropout: the same question has the same answer.
        model.requires_grad_(False)
        return model

    # Models

    def policy(self, header):
        policy = self.policies.get(header["policy"])
        if policy is None:
            raise Refusal(f"there is no policy {header['policy']}")
        return policy

    def using(self, policy):
        """The policy's model, with its adapter and no other."""
        if self.adapted is None or policy.model is not self.base:
            return policy.model, contextlib.nullcontext()
        if policy.adapter is None:
            return self.adapted, self.adapted.disable_adapter()
        self.adapted.set_adapter(policy.adapter)
        return self.adapted, contextlib.nullcontext()

    def make(self, header, seed):
        torch.manual_seed(seed % 2**63)
        rate = header["learning_rate"]
        if header["rank"] == 0:
            model = self.load()
            model.requires_grad_(True)
            return Policy(model, None, list(model.parameters()), rate)
        config = LoraConfig(
            r=header["rank"], lora_alpha=header["alpha"], target_modules="all-linear", lora_dropout=0.0, task_type="CAUSAL_LM"
        )
        name = f"policy{header['policy']}"
        if self.adapted is None:
            self.adapted = get_peft_model(self.base, config, adapter_name=name)
            self.adapted.eval()
        else:
            self.adapted.add_adapter(name, config)
        parameters = [p for n, p in self.adapted.named_parameters() if f".{name}." in n]
        return Policy(self.base, name, parameters, rate)

    def drop(self, ids):
        for policy in (self.policies.pop(i, None) for i in ids):
            # The last adapter stays: PEFT's model needs one.
            if policy is not None and policy.adapter and len(self.adapted.peft_config) > 1:
                self.adapted.delete_adapter(policy.adapter)

    # Passes

    def rows(self, sequences):
        for first in range(0, len(sequences), self.options.rows):
            yield range(first, min(first + self.options.rows, len(sequences)))

    def forward(self, policy, prefix, sequences):
        """log p of every token of some sequences, padded on the right [rows, longest]."""
        longest = max(len(sequence) for sequence in sequences)
        tokens = torch.zeros(len(sequences), len(prefix) + longest, dtype=torch.long)
        mask = torch.zeros_like(tokens)
        for row, sequence in enumerate(sequences):
            whole = list(prefix) + sequence
            tokens[row, : len(whole)] = torch.tensor(whole)
            mask[row, : len(whole)] = 1
        tokens, mask = tokens.to(self.device), mask.to(self.device)
        model, adapter = self.using(policy)
        with adapter:
            # The last token is predicted and never fed.
            logits = model(input_ids=tokens[:, :-1], attention_mask=mask[:, :-1], use_cache=False).logits
        logits = logits[:, len(prefix) - 1 :].float()
        targets = tokens[:, len(prefix) :].to(logits.device)
        return logits.log_softmax(-1).gather(-1, targets.unsqueeze(-1)).squeeze(-1)

    def log_probabilities(self, policy, prefix, sequences):
        values = []
        with torch.no_grad():
            for rows in self.rows(sequences):
                part = [sequences[row] for row in rows]
                logs = self.forward(policy, prefix, part).cpu().numpy()
                values += [logs[place, : len(sequence)] for place, sequence in enumerate(part)]
        return np.concatenate(values) if values else np.zeros(0, np.float32)

    def step(self, policy, prefix, sequences, weights):
        if policy.optimizer is None:
            raise Refusal("the reference model is frozen")
        policy.optimizer.zero_grad(set_to_none=True)
        starts = np.cumsum([0] + [len(sequence) for sequence in sequences])
        for rows in self.rows(sequences):
            part = [sequences[row] for row in rows]
            logs = self.forward(policy, prefix, part)
            slopes = torch.zeros(logs.shape)
            for place, row in enumerate(rows):
                slopes[place, : len(sequences[row])] = torch.from_numpy(weights[starts[row] : starts[row + 1]].copy())
            # The gradient of the loss is Σ weight · ∇ log p, and adds up over the parts.
            (logs * slopes.to(logs.device)).sum().backward()
        torch.nn.utils.clip_grad_norm_(policy.parameters, 1.0)
        policy.optimizer.step()

    @torch.no_grad()
    def sample(self, policy, prefix, temperatures, seeds, most):
        samples, finished = [], []
        for rows in self.rows(seeds):
            part, ended = self.sample_rows(policy, prefix, temperatures[rows.start : rows.stop], seeds[rows.start : rows.stop], most)
            samples += part
            finished += ended
        return samples, finished

    def sample_rows(self, policy, prefix, temperatures, seeds, most):
        count = len(seeds)
        draws = Draws(seeds)
        scale = torch.tensor(np.array(temperatures, np.float32)).unsqueeze(1)
        samples, finished = [[] for _ in range(count)], [0] * count
        model, adapter = self.using(policy)
        with adapter:
            # The prefix is one row, and so is computed once.
            result = model(input_ids=torch.tensor([prefix], device=self.device), use_cache=True)
            cache = result.past_key_values
            cache.batch_repeat_interleave(count)
            logits = result.logits[:, -1].float().cpu().expand(count, -1)
            for length in range(1, most + 1):
                tokens = self.choose(logits, scale, draws.next())
                for row, token in enumerate(tokens):
                    if finished[row]:
                        continue
                    if token in self.ends:
                        finished[row] = 1
                    else:
                        samples[row].append(token)
                if all(finished) or length == most:
                    break
                ids = torch.tensor(tokens, device=self.device).unsqueeze(1)
                result = model(input_ids=ids, past_key_values=cache, use_cache=True)
                cache, logits = result.past_key_values, result.logits[:, -1].float().cpu()
        return samples, finished

    @staticmethod
    def choose(logits, scale, draws):
        """The token at which the cumulative probability passes each row's draw; the likeliest at temperature 0."""
        probabilities = (logits / scale.clamp(min=1e-6)).softmax(-1).double()
        places = torch.from_numpy(draws).unsqueeze(1) * probabilities.sum(-1, keepdim=True)
        drawn = (probabilities.cumsum(-1) <= places).sum(-1).clamp(max=logits.shape[-1] - 1)
        return torch.where(scale.squeeze(1) > 0, drawn, logits.argmax(-1)).tolist()

    # Questions

    def answer(self, header, arrays):
        op = header.get("op")
        if op == "describe":
            return {
                "version": VERSION,
                "model": f"{self.config.model_type} in PyTorch ({self.device})",
                "context": int(getattr(self.config, "max_position_embeddings", None) or self.config.n_positions),
                "vocabulary": int(self.config.vocab_size),
                "end_tokens": self.ends,
                "state_width": int(self.config.hidden_size),
                "prompt_template": getattr(self.config, "prompt_template", None),
            }, {}
        if op == "encode":
            special = bool(header.get("special_tokens"))
            return {}, ragged([self.tokenizer.encode(text, add_special_tokens=special) for text in header["texts"]])
        if op == "decode":
            texts = [
                self.tokenizer.decode(sequence, skip_special_tokens=True, clean_up_tokenization_spaces=False) for sequence in sequences_of(arrays)
            ]
            return {"texts": texts}, {}
        if op == "policy":
            policy = self.make(header, int(arrays["seed"][0]))
            self.policies[header["policy"]] = policy
            return {"parameters": policy.size()}, {}
        policy = self.policy(header)
        prefix = arrays["prefix"].tolist() if "prefix" in arrays else []
        if op == "sample":
            samples, finished = self.sample(policy, prefix, arrays["temperatures"], arrays["seeds"], header["max_tokens"])
            return {}, {**ragged(samples), "finished": ("i32", finished)}
        if op == "log_probabilities":
            return {}, {"log_probabilities": ("f32", self.log_probabilities(policy, prefix, sequences_of(arrays)))}
        if op == "step":
            self.step(policy, prefix, sequences_of(arrays), arrays["weights"])
            return {}, {}
        if op == "prompt_state":
            model, adapter = self.using(policy)
            with torch.no_grad(), adapter:
                ids = torch.tensor([prefix], device=self.device)
                states = model(input_ids=ids, output_hidden_states=True, use_cache=False).hidden_states[-1]
            return {}, {"state": ("f32", states[0].float().mean(0).cpu().numpy())}
        if op == "parameters":
            parts = [parameter.detach().float().cpu().numpy().ravel() for parameter in policy.parameters]
            return {}, {"parameters": ("f32", np.concatenate(parts) if parts else [])}
        if op == "restore":
            self.restore(policy, arrays["parameters"])
            return {}, {}
        raise Refusal(f"there is no operation '{op}'")

    def restore(self, policy, values):
        if len(values) != policy.size():
            raise Refusal(f"the state has {len(values)} parameters, the policy {policy.size()}")
        start = 0
        with torch.no_grad():
            for parameter in policy.parameters:
                part = torch.from_numpy(values[start : start + parameter.numel()].copy())
                parameter.copy_(part.view_as(parameter))
                start += parameter.numel()
        policy.restart()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "map"])
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16", "float16"])
    parser.add_argument("--rows", type=int, default=64)
    options = parser.parse_args()
    if options.device == "auto":
        options.device = "cuda" if torch.cuda.is_available() else "cpu"
    worker = Worker(options)
    while (frame := read_frame(questions)) is not None:
        header, arrays = frame
        try:
            worker.drop(header.get("drop", []))
            told, given = worker.answer(header, arrays)
        except Exception as error:  # A question that fails is answered, and the next one may be good.
            told, given = {"error": str(error) or type(error).__name__}, {}
        write_frame(answers, {"id": header.get("id"), **told}, given)


if __name__ == "__main__":
    main()
