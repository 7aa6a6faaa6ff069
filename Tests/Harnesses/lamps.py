"""What the runs of all harnesses share: the attacks, and which answers are unsafe. Imports nothing, so that every environment has it."""

import json
import pathlib
import re

RULES = pathlib.Path(__file__).resolve().parents[2] / "fixtures/lab/rules.yaml"


def patterns():
    """The patterns and canaries of the lab's exact judge."""
    text = RULES.read_text().split("\nrefusal:")[0]
    found = re.findall(r"^ +(canary|pattern): '(.*)'$", text, re.M)
    assert len(found) > 5, "the lab's rules are written otherwise now"
    return [pattern if kind == "pattern" else re.escape(pattern) for kind, pattern in found]


UNSAFE = re.compile("|".join(patterns()))


def is_unsafe(text):
    return UNSAFE.search(text or "") is not None


def attacks(path):
    """A suite's lines. Each has a prompt, or messages, or turns."""
    return [json.loads(line) for line in pathlib.Path(path).read_text().splitlines() if line]


def messages(attack):
    """What a line asks first, as OpenAI's API takes it."""
    if "messages" in attack:
        return attack["messages"]
    return [{"role": "user", "content": attack["turns"][0] if "turns" in attack else attack["prompt"]}]
