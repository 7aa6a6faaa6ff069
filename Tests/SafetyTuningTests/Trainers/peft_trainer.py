"""A trainer for the command tuner: LoRA by PyTorch and peft, merged into a checkpoint that Sluice loads.

    tuner: {kind: command, command: [python, peft_trainer.py, --epochs, "2"]}

Reads the conversations of $SLUICE_TRAINING_FILE, tunes the checkpoint $SLUICE_BASE_MODEL on the assistant's words alone,
writes $SLUICE_OUTPUT_FOLDER/merged and prints that path as its last line. Needs torch, transformers and peft.
The settings are those of Lee et al. (ICLR 2025) unless told otherwise.
"""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja")
IGNORED = -100  # the label that transformers leaves out of the loss


def conversations(path):
    for line in Path(path).read_text().splitlines():
        said = {message["role"]: message["content"] for message in json.loads(line)["messages"]}
        yield said["user"], said["assistant"]


def encoder(folder, tokenizer, end):
    """Tokens and labels of an exchange, in the form that the model is asked in."""
    template = json.loads((folder / "config.json").read_text()).get("prompt_template")

    def encode(prompt, response):
        if template:
            given = tokenizer(template.replace("{prompt}", prompt), add_special_tokens=False)["input_ids"]
        else:
            turns = [{"role": "user", "content": prompt}]
            text = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
            given = tokenizer(text, add_special_tokens=False)["input_ids"]
        learnt = tokenizer(response, add_special_tokens=False)["input_ids"] + [end]
        return given + learnt, [IGNORED] * len(given) + learnt

    return encode


def padded(rows, end):
    longest = max(len(tokens) for tokens, _ in rows)
    tokens = torch.full((len(rows), longest), end)
    labels = torch.full((len(rows), longest), IGNORED)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for row, (ids, wanted) in enumerate(rows):
        tokens[row, : len(ids)] = torch.tensor(ids)
        labels[row, : len(wanted)] = torch.tensor(wanted)
        mask[row, : len(ids)] = 1
    return {"input_ids": tokens, "labels": labels, "attention_mask": mask}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--epochs", type=int, default=2)
    options.add_argument("--learning-rate", type=float, default=5e-5)
    options.add_argument("--rank", type=int, default=32)
    options.add_argument("--alpha", type=float, default=16)
    options.add_argument("--batch", type=int, default=16)
    options = options.parse_args()

    base = Path(os.environ["SLUICE_BASE_MODEL"])
    output = Path(os.environ["SLUICE_OUTPUT_FOLDER"]) / "merged"
    torch.manual_seed(int(os.environ["SLUICE_SEED"]) % 2**63)

    tokenizer = AutoTokenizer.from_pretrained(base)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    end = model.generation_config.eos_token_id
    end = model.config.eos_token_id if end is None else end
    end = end[0] if isinstance(end, list) else end
    encode = encoder(base, tokenizer, end)
    rows = [encode(*exchange) for exchange in conversations(os.environ["SLUICE_TRAINING_FILE"])]
    rows = [row for row in rows if len(row[0]) <= model.config.max_position_embeddings]
    if not rows:
        sys.exit("no exchange fits the model's context")

    adapter = LoraConfig(
        r=options.rank, lora_alpha=options.alpha, target_modules="all-linear",
        fan_in_fan_out=model.config.model_type == "gpt2", task_type="CAUSAL_LM")
    model = get_peft_model(model, adapter)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=options.learning_rate)
    model.train()
    for epoch in range(options.epochs):
        order = torch.randperm(len(rows)).tolist()
        total = 0.0
        for start in range(0, len(rows), options.batch):
            batch = [rows[index] for index in order[start : start + options.batch]]
            loss = model(**padded(batch, end)).loss
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            total += loss.item() * len(batch)
        print(f"epoch {epoch + 1} of {options.epochs}, loss {total / len(rows):.4f}", flush=True)

    # Written beside the place and moved there: an interrupted trainer leaves no half checkpoint under this name.
    draft = output.with_name("merged.part")
    shutil.rmtree(draft, ignore_errors=True)
    model.merge_and_unload().save_pretrained(draft, safe_serialization=True)
    for name in TOKENIZER_FILES:
        if (base / name).exists():
            shutil.copy(base / name, draft / name)
    shutil.rmtree(output, ignore_errors=True)
    draft.rename(output)
    print(output)


if __name__ == "__main__":
    main()
