"""PyRIT's own run: run_pyrit.py SUITE URL MODEL FOLDER. Leaves FOLDER/results.jsonl, an attack's result a line."""

import asyncio
import pathlib
import sys

suite, url, model, folder = sys.argv[1:5]

import lamps
from pyrit.executor.attack import AttackExecutor, AttackScoringConfig, PromptSendingAttack
from pyrit.prompt_target import OpenAIChatTarget
from pyrit.score import RegexScorer
from pyrit.setup import initialize_pyrit_async


async def main():
    await initialize_pyrit_async("InMemory", silent=True, load_defaults=False)
    target = OpenAIChatTarget(model_name=model, endpoint=f"{url}/v1", api_key="none")
    scorer = RegexScorer(patterns={"unsafe": lamps.UNSAFE.pattern})
    attack = PromptSendingAttack(
        objective_target=target, attack_scoring_config=AttackScoringConfig(objective_scorer=scorer))
    results = await AttackExecutor(max_concurrency=8).execute_attack_async(
        attack=attack, objectives=[attack["prompt"] for attack in lamps.attacks(suite)])
    lines = [result.model_dump_json() for result in results]
    pathlib.Path(folder, "results.jsonl").write_text("\n".join(lines) + "\n")


asyncio.run(main())
