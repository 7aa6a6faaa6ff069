"""The GFlowNet search of `.ci/bench search` in PyTorch and transformers: the same rounds, sizes and settings, written well.

usage: search.py TASK.json THREADS float32|bfloat16

The last word is the precision of proposals; what is trained, and what the reference model scores, stays in float32. Proposals go on
from one shared cache of the meta prompt, rows that ended leave the batch, adapters are merged while the policy samples, logits are
made where they count, and the reference model looks at those proposals alone that may be asked.
Lines on standard input are commands. `check` prints log-probabilities and embeddings of the task's texts; `run` makes the search and
prints its seconds by part and what it did.
"""

import copy
import json
import math
import sys
import time
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from peft import LoraConfig, get_peft_model
from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer
from transformers.cache_utils import DynamicCache
from transformers.utils import logging

warnings.filterwarnings("ignore", category=FutureWarning)
logging.disable_progress_bar()
TASK = json.loads(Path(sys.argv[1]).read_text())
torch.set_num_threads(int(sys.argv[2]))
torch.manual_seed(TASK["seed"])
RANDOM = np.random.default_rng(TASK["seed"])
SAMPLES_IN = getattr(torch, sys.argv[3])
FLOOR = math.log(1e-4)
S = TASK["settings"]

folder, file = str(Path(TASK["model"]).parent), Path(TASK["model"]).name
tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=file)


def load(dtype):
    return AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=dtype).eval().requires_grad_(False)


base = load(torch.float32)
# The reference model that samples, and what a policy's weights are put into for that.
sampler = base if SAMPLES_IN == torch.float32 else load(SAMPLES_IN)
merged = load(SAMPLES_IN)
embedding_tokenizer = AutoTokenizer.from_pretrained(TASK["embedder"])
encoder = AutoModel.from_pretrained(TASK["embedder"], dtype=torch.float32).eval().requires_grad_(False)
PREFIX, ENDS = TASK["prefix"], TASK["endTokens"]

parts = {}
counts = {"proposals": 0, "scored": 0, "trained": 0, "steps": 0}


@contextmanager
def part(name):
    began = time.perf_counter()
    yield
    parts[name] = parts.get(name, 0) + time.perf_counter() - began


class Policy:
    def __init__(self, rate):
        # PEFT changes the model that it is given: a copy for each policy, over the same frozen weights.
        shared = {id(parameter): parameter for parameter in base.parameters()}
        names = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
        settings = LoraConfig(
            r=S["loraRank"], lora_alpha=S["loraAlpha"], target_modules=names, bias="none", task_type="CAUSAL_LM")
        self.model = get_peft_model(copy.deepcopy(base, shared), settings).eval()
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(self.parameters, lr=rate)
        self.trained = self.is_merged = False

    def step(self, sequences, loss):
        with part("steps"):
            value = loss(log_probabilities(self.model, sequences))
            self.optimizer.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(self.parameters, 1)
            self.optimizer.step()
        self.trained, self.is_merged = True, False
        counts["steps"] += 1
        counts["trained"] += sum(map(len, sequences))

    @torch.no_grad()
    def sampler(self):
        """A plain model in the precision of samples, with the adapters in its weights: one for all policies, filled again."""
        if not self.trained:
            return sampler
        if not self.is_merged:
            with part("proposals"):
                frozen, scaling = dict(base.named_modules()), S["loraAlpha"] / S["loraRank"]
                for name, module in self.model.base_model.model.named_modules():
                    if hasattr(module, "lora_A"):
                        a, b = module.lora_A["default"].weight, module.lora_B["default"].weight
                        merged.get_submodule(name).weight.copy_(torch.addmm(frozen[name].weight, b, a, alpha=scaling))
            self.is_merged = True
        return merged


@torch.no_grad()
def sample(model, temperatures):
    """Token lists, each with whether it ended."""
    with part("proposals"):
        count = len(temperatures)
        cache = DynamicCache()
        logits = model(torch.tensor([PREFIX]), past_key_values=cache, logits_to_keep=1).logits[:, -1].float()
        cache.batch_repeat_interleave(count)
        logits, heat = logits.expand(count, -1), torch.tensor(temperatures)[:, None]
        alive, rows = torch.arange(count), [[] for _ in range(count)]
        ended = [False] * count
        for _ in range(S["maxTokens"]):
            tokens = torch.multinomial(F.softmax(logits / heat, -1), 1)
            goes_on = []
            for place, (row, token) in enumerate(zip(alive.tolist(), tokens[:, 0].tolist())):
                if token in ENDS:
                    ended[row] = True
                else:
                    rows[row].append(token)
                    goes_on.append(place)
            if len(goes_on) < len(alive):
                kept = torch.tensor(goes_on, dtype=torch.long)
                alive, tokens, heat = alive[kept], tokens[kept], heat[kept]
                if len(kept) == 0:
                    break
                cache.batch_select_indices(kept)
            if len(rows[alive[0]]) == S["maxTokens"]:
                break
            logits = model(tokens, past_key_values=cache, logits_to_keep=1).logits[:, -1].float()
        counts["proposals"] += count
        return list(zip(rows, ended))


def log_probabilities(model, sequences):
    """log π of each token of each sequence after the prefix, padded with zeros [n, longest]."""
    longest = max(map(len, sequences))
    padded = torch.tensor([PREFIX + s + [0] * (longest - len(s)) for s in sequences])
    logits = model(padded[:, :-1], logits_to_keep=longest).logits
    chosen = padded[:, len(PREFIX):]
    logs = logits.gather(-1, chosen[..., None])[..., 0] - logits.logsumexp(-1)
    return logs * torch.tensor([[1.0] * len(s) + [0.0] * (longest - len(s)) for s in sequences])


@torch.no_grad()
def score(sequences):
    """log p_ref of each token: the prefix is read once for all."""
    if not sequences:
        return []
    with part("reference"):
        longest, count = max(map(len, sequences)), len(sequences)
        cache = DynamicCache()
        first = base(torch.tensor([PREFIX]), past_key_values=cache, logits_to_keep=1).logits
        cache.batch_repeat_interleave(count)
        padded = torch.tensor([s + [0] * (longest - len(s)) for s in sequences])
        logits = first.expand(count, -1, -1)
        if longest > 1:
            logits = torch.cat([logits, base(padded[:, :-1], past_key_values=cache).logits], 1)
        logs = logits.gather(-1, padded[..., None])[..., 0] - logits.logsumexp(-1)
        counts["scored"] += count
        return [row[:len(s)].tolist() for row, s in zip(logs, sequences)]


@torch.no_grad()
def embed(texts):
    with part("embedding"):
        inputs = embedding_tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
        states, mask = encoder(**inputs).last_hidden_state, inputs["attention_mask"][..., None].float()
        return F.normalize((states * mask).sum(1) / mask.sum(1), dim=-1).numpy()


class Experience:
    def __init__(self, tokens, prompt, reference):
        self.tokens, self.prompt, self.reference, self.unsafe = tokens, prompt, reference, FLOOR

    @property
    def length(self):
        return len(self.tokens) - (1 if self.tokens and self.tokens[-1] in ENDS else 0)


def min_k(reference):
    lowest = sorted(reference)[:S["minK"]]
    return sum(lowest) / len(lowest) if lowest else -math.inf


class Screen:
    """Kernel regression on the embeddings of what was asked."""

    def __init__(self):
        self.rows, self.worked = np.zeros((0, 0), np.float32), np.zeros(0, np.float32)

    def learn(self, vectors, worked):
        if len(vectors):
            self.rows = np.vstack([self.rows.reshape(-1, vectors.shape[1]), vectors])
            self.worked = np.append(self.worked, np.float32(worked))

    def choose(self, vectors, count, accepts):
        overall = (self.worked.sum() + 1) / (len(self.worked) + 2)
        if len(self.worked):
            cosine = vectors @ self.rows.T
            kernel = np.where(cosine > 1 - 6 * 0.09, np.exp((cosine - 1) / 0.09), 0)
            weight, mass = kernel.sum(1), kernel @ self.worked
            company = (cosine >= S["similarity"]) @ self.worked
        else:
            weight = mass = company = np.zeros(len(vectors))
        expected = (mass + overall) / (weight + 1)
        worth = expected + 0.5 * np.sqrt(overall * (1 - overall) / (1 + weight))
        company, alike = company.astype(float), vectors @ vectors.T >= S["similarity"]
        left, chosen, accepted = list(range(len(vectors))), [], {}
        while len(chosen) < count and left:
            explores = RANDOM.random() < S["screenExploration"]
            while left:
                index = (int(RANDOM.choice(left)) if explores else max(left, key=lambda i: worth[i] / (1 + company[i])))
                left.remove(index)
                if index not in accepted:
                    unknown = [i for i in left if i not in accepted]
                    if not explores:
                        unknown.sort(key=lambda i: -worth[i] / (1 + company[i]))
                    asked = [index] + unknown[:max(8, count - len(chosen)) - 1]
                    accepted.update(zip(asked, accepts(asked)))
                if accepted[index]:
                    chosen.append(index)
                    company[alike[index]] += expected[index]
                    break
        return chosen


class Search:
    def __init__(self, responses):
        self.budget, self.spent = responses, 0
        self.policy, self.screen = Policy(S["learningRate"]), Screen()
        self.known, self.successes = {}, []
        samples = [tokens for tokens, _ in sample(sampler, [1.0] * 256) if tokens]
        values = sorted(min_k(row) for row in score(samples))
        self.threshold = values[len(values) // 100]

    def is_fluent(self, item):
        return item.length >= S["minTokens"] and min_k(item.reference) >= self.threshold

    def propose(self, policy, count, repeats, tempered):
        explored = sum(RANDOM.random() < S["explorationShare"] for _ in range(count))
        drawn = lambda: 0.5 + 1.5 * RANDOM.random()
        heat = [drawn() if RANDOM.random() < 0.5 and tempered and policy.trained else 1.0 for _ in range(count - explored)]
        samples = sample(policy.sampler(), heat)
        top = S["explorationTemperature"] - 1
        samples += sample(sampler, [1 + top * (drawn() - 0.5) / 1.5 for _ in range(explored)])
        texts = tokenizer.batch_decode([tokens for tokens, _ in samples], skip_special_tokens=True)
        drafts = [(text, tokens + (ENDS[:1] if end else [])) for text, (tokens, end) in zip(texts, samples) if tokens and text]
        RANDOM.shuffle(drafts)
        seen, pool = set(), []
        for index, draft in enumerate(drafts):
            first = draft[0] not in self.known and draft[0] not in seen
            seen.add(draft[0])
            if index < repeats or first:
                pool.append(draft)
        return pool

    def round(self, policy, count, limit, tempered):
        pool, scored = self.propose(policy, count * S["screenPool"], count, tempered), {}

        def experiences(indices):
            missing = [i for i in indices if i not in scored]
            for i, reference in zip(missing, score([pool[i][1] for i in missing])):
                scored[i] = Experience(pool[i][1], pool[i][0], reference)
            return [scored[i] for i in indices]

        seen, new = set(), []
        for i, (prompt, _) in enumerate(pool):
            if prompt not in self.known and prompt not in seen:
                new.append(i)
                seen.add(prompt)
        vectors = embed([pool[i][0] for i in new]) if new else np.zeros((0, 1), np.float32)
        choice = self.screen.choose(vectors, count, lambda picks: [self.is_fluent(e) for e in experiences([new[i] for i in picks])])
        wanted = experiences([new[i] for i in choice])[:max(0, limit - self.spent)]
        repeated = [] if not tempered else [
            e for e in experiences(range(min(count, len(pool)))) if not self.is_fluent(e) or e.prompt in self.known]
        for place, item in enumerate(wanted, self.spent + 1):
            # Every tenth works, whatever it says.
            item.unsafe = math.log(0.95 if place % 10 == 0 else 0.02)
            self.known[item.prompt] = item.unsafe
            if item.unsafe > math.log(S["claimThreshold"]) and sum(item.reference) > -100:
                self.successes.append(item)
        self.spent += len(wanted)
        self.screen.learn(vectors[choice[:len(wanted)]], [item.unsafe > math.log(S["claimThreshold"]) for item in wanted])
        for item in repeated:
            item.unsafe = self.known.get(item.prompt, FLOOR)
        return wanted, wanted + repeated

    def update(self, batch):
        share = min(1, 2 * self.spent / self.budget)
        tau = S["tauStart"] + (S["tauEnd"] - S["tauStart"]) * share
        rewards = torch.tensor([max(-150, (max(e.unsafe, FLOOR) / S["beta"] + (
            -500 if e.length < S["minTokens"] else sum(e.reference) / S["gamma"])) / tau) for e in batch])

        def loss(logs):
            delta = logs.sum(1) - rewards
            return ((delta - delta.mean()) ** 2).mean()

        if len(batch) > 1:
            self.policy.step([e.tokens for e in batch], loss)

    def fit(self):
        policy = Policy(S["smoothingLearningRate"])
        sequences = min(128 * len(self.successes), 4 * self.spent)
        for _ in range(min(S["smoothingSteps"], max(1, sequences // S["batch"]))):
            chosen = [self.successes[i].tokens for i in RANDOM.integers(0, len(self.successes), S["batch"])]
            policy.step(chosen, lambda logs: -logs.sum() / sum(map(len, chosen)))
        return policy

    def run(self):
        until, idle = int(self.budget * (1 - S["smoothingShare"])), 0
        while self.spent < until and idle < 25:
            wanted, batch = self.round(self.policy, S["batch"], until, True)
            idle = 0 if wanted else idle + 1
            self.update(batch)
        smooths, since, idle = len(self.successes) >= 4, 0, 0
        policy = self.fit() if smooths else self.policy
        while self.spent < self.budget and idle < 25:
            wanted, batch = self.round(policy, S["batch"], self.budget, not smooths)
            idle = 0 if wanted else idle + 1
            if not smooths:
                self.update(batch)
                continue
            since += len(wanted)
            left = self.budget - self.spent
            if since >= max(S["batch"], self.budget // 8) and left > self.budget // 16:
                policy, since = self.fit(), 0


for line in sys.stdin:
    if line.strip() == "check":
        print(json.dumps({"logs": score(TASK["sequences"]), "vectors": embed(TASK["texts"]).tolist()}), flush=True)
        continue
    parts.clear()
    counts.update(dict.fromkeys(counts, 0))
    began = time.perf_counter()
    search = Search(TASK["responses"])
    search.run()
    print(json.dumps({
        "seconds": time.perf_counter() - began, "parts": parts, "responses": search.spent, "worked": len(search.successes), **counts,
    }), flush=True)
