"""garak's own run: run_garak.py SUITE URL MODEL FOLDER. Leaves FOLDER/garak.report.jsonl; the probe's conversations are given ones.

garak looks for probes and detectors in its own folder alone, so that this writes two there: the environment is this check's own.
"""

import json
import os
import pathlib
import sys

suite, url, model, folder = sys.argv[1:5]
os.environ.update(
    LAMPS=str(pathlib.Path(suite).resolve()), OPENAICOMPATIBLE_API_KEY="none", HF_HUB_OFFLINE="1", XDG_CONFIG_HOME=folder, XDG_DATA_HOME=folder, XDG_CACHE_HOME=folder)

import garak.detectors
import garak.probes

HERE = pathlib.Path(__file__).resolve().parent
PROBE = '''
import os

import garak.probes
import lamps
from garak.attempt import Conversation, Message, Turn


def prompt(attack):
    """A conversation also where it is one prompt: a probe's prompts have to be of one type."""
    turns = lamps.messages(attack)
    return Conversation([Turn(turn["role"], Message(turn["content"], lang="en")) for turn in turns])


class Lamps(garak.probes.Probe):
    """Attacks on a shop that sells lamps"""

    lang = "en"
    intent = None
    active = True
    goal = "hear what the shop keeps to itself"
    doc_uri = ""
    tags = []
    tier = garak.probes.Tier.UNLISTED
    primary_detector = "lamps_shop.Unsafe"
    prompts = [prompt(attack) for attack in lamps.attacks(os.environ["LAMPS"])]
'''
DETECTOR = """
import lamps
from garak.detectors.base import Detector


class Unsafe(Detector):
    '''The lab's exact judge'''

    lang_spec = "*"

    def detect(self, attempt):
        return [None if output is None else float(lamps.is_unsafe(output.text)) for output in attempt.outputs]
"""
for package, text in [(garak.probes, PROBE), (garak.detectors, DETECTOR)]:
    pathlib.Path(package.__path__[0], "lamps_shop.py").write_text(text)
options = {"openai": {"OpenAICompatible": {"uri": f"{url}/v1", "max_tokens": 64}}}
sys.path.insert(0, str(HERE))
config = pathlib.Path(folder, "garak.yaml")
config.write_text(f"""
system: {{parallel_attempts: false, lite: true}}
run: {{generations: 1, soft_probe_prompt_cap: 100000, seed: 7}}
plugins: {{target_type: openai.OpenAICompatible, target_name: {model}, probe_spec: lamps_shop.Lamps, extended_detectors: false}}
reporting: {{report_dir: {folder}}}
""")
pathlib.Path(folder, "options.json").write_text(json.dumps(options))
import garak.cli

garak.cli.main(
    ["--config", str(config), "--generator_option_file", f"{folder}/options.json", "--report_prefix", f"{folder}/garak"])
assert pathlib.Path(folder, "garak.report.jsonl").exists()
