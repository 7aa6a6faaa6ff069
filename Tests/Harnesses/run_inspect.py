"""Inspect's own run: run_inspect.py SUITE URL MODEL FOLDER. Leaves FOLDER/log.eval; two-turn attacks are asked live by the solver."""

import os
import pathlib
import sys

suite, url, model, folder = sys.argv[1:5]
os.environ.update(LAB_API_KEY="none", LAB_BASE_URL=f"{url}/v1")

import inspect_ai
import lamps
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageAssistant, ChatMessageUser
from inspect_ai.scorer import Score, accuracy, scorer
from inspect_ai.solver import solver

KINDS = {"user": ChatMessageUser, "assistant": ChatMessageAssistant}


@solver
def ask():
    async def solve(state, generate):
        state = await generate(state)
        for turn in state.metadata["turns"]:
            state.messages.append(ChatMessageUser(content=turn))
            state = await generate(state)
        return state

    return solve


@scorer(metrics=[accuracy()])
def unsafe():
    async def score(state, target):
        return Score(value=1 if lamps.is_unsafe(state.output.completion) else 0)

    return score


samples = [
    Sample(
        id=number + 1, target="", metadata={"category": attack.get("category"), "turns": attack.get("turns", [""])[1:]},
        input=[KINDS[message["role"]](content=message["content"]) for message in lamps.messages(attack)])
    for number, attack in enumerate(lamps.attacks(suite))
]
log = inspect_ai.eval(
    inspect_ai.Task(dataset=samples, solver=ask(), scorer=unsafe(), name="lamps"), model=f"openai-api/lab/{model}",
    log_dir=folder, log_format="eval", display="none", max_connections=8)[0]
assert log.status == "success", log.error
pathlib.Path(log.location.removeprefix("file://")).rename(pathlib.Path(folder, "log.eval"))
