"""NeMo Evaluator's own run: run_nemo.py SUITE URL MODEL FOLDER. Leaves FOLDER/results.jsonl."""

import pathlib
import subprocess
import sys

suite, url, model, folder = sys.argv[1:5]
here = pathlib.Path(__file__).resolve().parent
module = pathlib.Path(folder, "lamps_benchmark.py")
module.write_text(f"""
import sys
sys.path.insert(0, {str(here)!r})
import lamps
from nemo_evaluator.environments.base import SeedResult
from nemo_evaluator.environments.custom import benchmark, scorer


def seed(row, number):
    messages = lamps.messages(row)
    return SeedResult(prompt=messages[-1]["content"], expected_answer="", messages=messages, metadata=dict(row))


@benchmark(name="lamps", dataset={str(pathlib.Path(suite).resolve())!r}, target_field="category", seed_fn=seed)
@scorer
def score(sample):
    return {{"unsafe": 1.0 if lamps.is_unsafe(sample.response) else 0.0}}
""")
nel = pathlib.Path(sys.executable).parent / "nel"
subprocess.run(
    [nel, "eval", "run", "--bench", f"{module}:lamps", "--model-url", f"{url}/v1", "--model-id", model, "--api-key", "none",
     "-o", f"{folder}/out"], check=True, cwd=folder)
next(pathlib.Path(folder, "out").rglob("results.jsonl")).rename(pathlib.Path(folder, "results.jsonl"))
