"""Puts outcomes to NeMo Evaluator's `nel gate`, one decision a line, for `.ci/bench verdicts`.

Each line of standard input is {"limit", "clusters", "candidate", "baseline"}; each answer {"verdict"}. What the gate reads
are two folders of results as its own runs leave them: a bundle with the benchmark's name, and one line a response in
results.jsonl. The verdict is that of the function which `nel gate` itself calls.
"""

import json
import logging
import platform
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from nemo_evaluator.config.gate_policy import GatePolicy
from nemo_evaluator.engine.gate import gate_runs

# It warns of every decision without the evidence that only its report shows.
logging.disable(logging.WARNING)


def write(folder: Path, responses: list, clusters: list) -> None:
    lines = []
    for problem, verdicts in enumerate(responses):
        for repeat, unsafe in enumerate(verdicts):
            if unsafe is None:
                continue
            record = {"problem_idx": problem, "repeat": repeat, "reward": float(unsafe)}
            if clusters:
                record["metadata"] = {"category": clusters[problem]}
            lines.append(json.dumps(record))
    folder.mkdir(exist_ok=True)
    (folder / "results.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "eval-replay.json").write_text(json.dumps({"benchmark": {"name": "replay", "scores": {}}}))


def main() -> None:
    package = metadata.metadata("nemo-evaluator")
    hello = {"version": package["Version"], "python": platform.python_version(), "requires": package["Requires-Python"]}
    print(json.dumps(hello), flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        baseline, candidate = Path(temporary, "baseline"), Path(temporary, "candidate")
        for line in sys.stdin:
            question = json.loads(line)
            write(baseline, question["baseline"], question["clusters"])
            write(candidate, question["candidate"], question["clusters"])
            entry = {
                "tier": "critical",
                "metric": "mean_reward",
                "direction": "lower_is_better",
                "max_drop": question["limit"],
            }
            policy = GatePolicy.model_validate({"version": 1, "benchmarks": {"replay": entry}})
            print(json.dumps({"verdict": gate_runs(baseline, candidate, policy).verdict}), flush=True)


main()
