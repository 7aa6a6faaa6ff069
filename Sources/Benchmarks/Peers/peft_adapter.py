"""Holds an adapter that Sluice trained and wrote against `peft` and `transformers`: they load it on the same base model and
must give the log-probabilities that `sluice model score` gives, token for token.

Run: python peft_adapter.py SLUICE CHECKPOINT [CHECKPOINT ...]   (needs torch, transformers, peft)
Each CHECKPOINT is a Hugging Face folder; the lab's attacker serves where none is named. Trains an adapter on fixtures/lab/seeds.jsonl
with `sluice attacker prepare --lora`, then compares it unmerged, merged by `sluice model merge`, and merged by peft.
Last line: peft-adapter ratio=LARGEST_DIFFERENCE bar=0.001 ok|short
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

BAR = 1e-3
ROOT = Path(__file__).resolve().parents[3]
SEEDS = ROOT / "fixtures/lab/seeds.jsonl"


def sluice(*arguments):
    return subprocess.run([str(a) for a in arguments], check=True, capture_output=True, text=True).stdout


def scores(binary, checkpoint, texts):
    return json.loads(sluice(binary, "model", "score", checkpoint, "--file", texts, "--json"))


def largest(model, scored):
    """The largest difference to a model's log-probabilities of the same token ids."""
    worst = 0.0
    for text in scored:
        ids = torch.tensor([[token["id"] for token in text["tokens"]]])
        with torch.no_grad():
            logs = torch.log_softmax(model(input_ids=ids).logits[0].double(), dim=-1)
        for place, token in enumerate(text["tokens"][1:]):
            worst = max(worst, abs(token["logProbability"] - float(logs[place, token["id"]])))
    return worst


def main():
    binary = Path(sys.argv[1]).resolve()
    bases = [Path(name).resolve() for name in sys.argv[2:]] or [ROOT / "fixtures/lab/attacker"]
    worst = 0.0
    for base in bases:
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            texts = folder / "texts.jsonl"
            texts.write_text("".join(SEEDS.read_text().splitlines(keepends=True)[::8]))
            sluice(binary, "attacker", "prepare", base, "--prompts", SEEDS, "--into", folder / "adapter", "--lora", "--rank", 8,
                   "--epochs", 2, "--quiet")
            sluice(binary, "model", "merge", base, folder / "adapter", folder / "merged")
            plain = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).eval()
            before = scores(binary, base, texts)
            adapted = scores(binary, folder / "adapter", texts)
            shift = max(abs(a["logProbability"] - b["logProbability"]) for a, b in zip(before, adapted))
            rows = [("the base model", largest(plain, before))]
            exported = AutoModelForCausalLM.from_pretrained(folder / "merged", dtype=torch.float32).eval()
            rows.append(("Sluice's merged export in transformers", largest(exported, adapted)))
            model = PeftModel.from_pretrained(plain, folder / "adapter").eval()
            rows.append(("Sluice's adapter in peft", largest(model, adapted)))
            rows.append(("the same, merged by peft", largest(model.merge_and_unload().eval(), adapted)))
            tokens = sum(len(text["tokens"]) for text in adapted)
            print(f"{base.name}: {len(adapted)} texts, {tokens} tokens; the adapter moves a text by up to {shift:.2f}")
            for what, difference in rows:
                print(f"  {what}: largest difference {difference:.2e}")
            worst = max(worst, *(difference for _, difference in rows))
            if shift < 0.05:
                sys.exit("the adapter changes next to nothing: this comparison would show nothing")
    print(f"peft-adapter ratio={worst:.2e} bar={BAR} {'ok' if worst <= BAR else 'short'}")
    sys.exit(0 if worst <= BAR else 1)


if __name__ == "__main__":
    main()
