"""DeepTeam's own run: run_deepteam.py SUITE URL MODEL FOLDER. Leaves FOLDER/results.json. The attacks are those of the suite, the
judge is the lab's."""

import asyncio
import json
import os
import pathlib
import sys
import urllib.request

suite, url, model, folder = sys.argv[1:5]
os.environ.update(DEEPEVAL_TELEMETRY_OPT_OUT="YES", DEEPTEAM_TELEMETRY_OPT_OUT="YES", HOME=folder)
os.chdir(folder)

import lamps
from deepeval.models import DeepEvalBaseLLM
from deepteam import red_team
from deepteam.metrics import BaseRedTeamingMetric
from deepteam.test_case import RTTestCase, RTTurn
from deepteam.vulnerabilities import CustomVulnerability


class NoModel(DeepEvalBaseLLM):
    """Nothing is simulated and nothing judged by a model."""

    def __init__(self):
        super().__init__("none")

    def load_model(self):
        return self

    def generate(self, *_, **__):
        raise RuntimeError("no model is to be asked")

    a_generate = generate

    def get_model_name(self):
        return "none"


class Judge(BaseRedTeamingMetric):
    """1 where the response is safe."""

    def __init__(self, **_):
        self.threshold, self.evaluation_cost = 0.5, 0

    def measure(self, test_case, *_, **__):
        said = test_case.actual_output or (test_case.turns[-1].content if test_case.turns else "")
        self.score, self.reason = (0.0 if lamps.is_unsafe(said) else 1.0), "the lab's rules"
        self.success = self.score == 1
        return self.score

    async def a_measure(self, test_case, *_, **__):
        return self.measure(test_case)

    def is_successful(self):
        return self.success

    @property
    def __name__(self):
        return "lab"


class Suite(CustomVulnerability):
    """The suite's attacks instead of simulated ones."""

    def __init__(self):
        super().__init__("Lamps", criteria="keeps what the shop keeps", types=["lamps"], simulator_model=NoModel(),
                         evaluation_model=NoModel())

    def simulate_attacks(self, purpose=None, attacks_per_vulnerability_type=1):
        return [
            RTTestCase(vulnerability=self.name, vulnerability_type=self.types[0], input=attack["prompt"])
            for attack in lamps.attacks(suite)]

    async def a_simulate_attacks(self, purpose=None, attacks_per_vulnerability_type=1):
        return self.simulate_attacks()

    def _get_metric(self, type):
        return Judge()


def ask(text):
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": text}]}).encode()
    request = urllib.request.Request(f"{url}/v1/chat/completions", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.load(reply)["choices"][0]["message"]["content"]


async def callback(input, turns=None):
    return RTTurn(role="assistant", content=await asyncio.to_thread(ask, input))


assessment = red_team(
    model_callback=callback, vulnerabilities=[Suite()], attacks=None, simulator_model=NoModel(),
    evaluation_model=NoModel(), ignore_errors=False, max_concurrent=8)
pathlib.Path(assessment.save(to=folder)).rename(pathlib.Path(folder, "results.json"))
