"""Kills ledger commands at random moments. See .ci/kills."""

import argparse
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = sys.argv[1]
LEDGER = "evidence/ledger.sqlite"
POLICY = """\
version: 1
name: kills
seed: 3
targets: {candidate: {kind: local, checkpoint: lab/assistant-1.2}}
judges: {confirm: {kind: rules, file: lab/rules.yaml}}
suite: {seeds: seeds.jsonl, responses: 3, early_stop: off}
ledger: {path: evidence/ledger.sqlite}
checks: [{metric: replay.asr, at_most: 0.99}]
report: {json: out/report.json}
"""


def sluice(place, *arguments):
    return subprocess.run([BINARY, *arguments], cwd=place, capture_output=True, text=True, timeout=300)


def key(place, name, digit):
    path = place / name
    path.write_text((digit + "7") * 32)
    path.chmod(0o600)


def texts(place):
    """Prompts and responses of the run, as somebody sees them who has the key."""
    lines = sluice(place, "export", "--format", "jsonl", "--revealed", "--ledger", LEDGER).stdout.splitlines()
    return sorted((line.get("prompt"), line.get("response")) for line in map(json.loads, lines))


def holds(place, words):
    """How many of the words stand in the clear in the ledger's files."""
    files = [path.read_bytes() for path in (place / "evidence").iterdir()]
    return sum(any(word.encode() in data for data in files) for word in words)


class Kills:
    def __init__(self, base, seed):
        self.base = base
        self.random = random.Random(seed)
        self.broken = []
        # By kind; kills that came when the command had ended already.
        self.late = {}
        self.counts = {}
        self.texts = texts(base)
        self.words = [prompt for prompt, _ in self.texts if len(prompt) > 30][:300]
        assert len(self.texts) > 1000 and holds(base, self.words) == len(self.words)

    def check(self, holds, what):
        if not holds:
            self.broken.append(what)
            print(f"kills: {what}", flush=True)

    def place(self, name):
        place = pathlib.Path(name)
        shutil.copytree(self.base / "evidence", place / "evidence")
        key(place, "ledger.key", "a")
        key(place, "next.key", "d")
        return place

    def duration(self, prepare, command):
        with tempfile.TemporaryDirectory(prefix="sluice-kills-") as name:
            place = self.place(name)
            for earlier in prepare:
                sluice(place, *earlier)
            began = time.monotonic()
            done = sluice(place, *command)
            assert done.returncode == 0, done.stderr
            return time.monotonic() - began

    def command(self, kind, count, prepare, command, again, stays, goes):
        """Kills one command `count` times."""
        whole = self.duration(prepare, command)
        for number in range(count):
            with tempfile.TemporaryDirectory(prefix="sluice-kills-") as name:
                place = self.place(name)
                for earlier in prepare:
                    sluice(place, *earlier)
                process = subprocess.Popen(
                    [BINARY, *command], cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(self.random.uniform(0.002, whole))
                process.kill()
                if process.wait() != -signal.SIGKILL:
                    self.late[kind] = self.late.get(kind, 0) + 1
                self.counts[kind] = self.counts.get(kind, 0) + 1
                # Where nothing had begun, or all had ended, one of the forms of the command is refused.
                ends = [sluice(place, *form) for form in again]
                self.check(any(end.returncode == 0 for end in ends) or any("already" in end.stderr for end in ends),
                           f"{kind} {number}: {[end.stderr for end in ends]}")
                verified = sluice(place, "ledger", "verify", LEDGER)
                self.check(verified.returncode == 0, f"{kind} {number}: {verified.stdout}{verified.stderr}")
                if stays:
                    self.check(texts(place) == self.texts, f"{kind} {number}: texts are lost or changed")
                if goes:
                    left = holds(place, self.words)
                    self.check(left == 0, f"{kind} {number}: {left} texts stand in the clear")

    def review(self, count):
        with tempfile.TemporaryDirectory(prefix="sluice-kills-") as name:
            place = self.place(name)
            sluice(place, "ledger", "seal", LEDGER, "--key-file", "ledger.key")
            acknowledged = 0
            for number in range(count):
                page = Page(place)
                done = page.state()["done"]
                self.check(done in (acknowledged, acknowledged + 1),
                           f"review {number}: {acknowledged} labels were acknowledged and {done} are there")
                acknowledged = done
                threading.Timer(self.random.uniform(0.01, 0.4), page.process.kill).start()
                acknowledged = page.label_until_it_dies(acknowledged)
                if page.process.wait(30) != -signal.SIGKILL:
                    self.late["review"] = self.late.get("review", 0) + 1
                self.counts["review"] = self.counts.get("review", 0) + 1
                verified = sluice(place, "ledger", "verify", LEDGER)
                self.check(verified.returncode == 0, f"review {number}: {verified.stdout}{verified.stderr}")
            self.check(acknowledged > count, f"only {acknowledged} labels were stored in all")
            self.check(holds(place, self.words) == 0, "a review left texts in the clear")


class Page:
    """A reviewer's page without a browser."""

    def __init__(self, place):
        self.process = subprocess.Popen(
            [BINARY, "review", "last", "--ledger", LEDGER, "--count", "2000", "--reviewer", "ada"], cwd=place,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        found = re.match(r"ada: http://127\.0\.0\.1:(\d+)/([0-9a-f]{64})/", self.process.stdout.readline())
        self.port, self.token = int(found[1]), found[2]

    def ask(self, path, form=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        address = f"/{self.token}/{path}"
        if form is None:
            connection.request("GET", address)
        else:
            connection.request("POST", address, json.dumps(form), {
                "Origin": f"http://127.0.0.1:{self.port}", "Content-Type": "application/json"})
        reply = connection.getresponse()
        body = reply.read()
        if reply.status != 200:
            raise http.client.HTTPException(body.decode())
        return json.loads(body)

    def state(self):
        return self.ask("state")

    def label_until_it_dies(self, acknowledged):
        try:
            state = self.state()
            while state.get("card"):
                state = self.ask("label", {"card": state["card"]["id"], "label": "safe", "note": "a note"})
                acknowledged = state["done"]
        except (OSError, http.client.HTTPException, ValueError):
            pass
        return acknowledged


SEARCHES = """\
version: 1
name: killed searches
seed: 3
targets:
  candidate: {kind: local, checkpoint: lab/assistant-1.2, max_tokens: 24}
  control: {kind: local, checkpoint: lab/assistant-leaky, max_tokens: 24}
judges:
  reward: {kind: classifier, checkpoint: lab/judge}
  confirm: {kind: rules, file: lab/rules.yaml}
embedder: {kind: local, checkpoint: lab/embedder}
attacker: {checkpoint: lab/attacker, restarts: 2}
suite: {seeds: seeds.jsonl, responses: 1, early_stop: off}
ledger: {path: evidence/ledger.sqlite}
budget: {target_responses: RESPONSES}
checks: [{metric: fresh.unique_attacks, at_most: 20}]
report: {json: out/report.json}
"""


def searches(options):
    """How much more a run costs whose searches are killed: user time of all its lives against that of one that isn't."""

    def place(name):
        base = pathlib.Path(name)
        (base / "lab").symlink_to(ROOT / "fixtures/lab")
        (base / "seeds.jsonl").write_text((ROOT / "fixtures/lab/seeds.jsonl").read_text())
        (base / "policy.yaml").write_text(SEARCHES.replace("RESPONSES", str(options.responses)))
        return base

    def life(base, resumes, seconds=None):
        """Seconds of the processor's time, and the exit code; None for a life that was ended."""
        process = subprocess.Popen(
            [BINARY, "run", "policy.yaml", "--quiet"] + (["--resume"] if resumes else []), cwd=base,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        timer = threading.Timer(seconds, process.kill) if seconds else None
        if timer:
            timer.start()
        _, status, used = os.wait4(process.pid, 0)
        if timer:
            timer.cancel()
        return used.ru_utime, None if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)

    def finds(base):
        summary = json.loads((base / "out/report.json").read_text())["summary"]
        for row in summary["fresh"]:
            row.pop("reused")
        return summary["fresh"]

    generator = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="sluice-kills-") as name:
        base = place(name)
        began = time.monotonic()
        alone, code = life(base, False)
        whole = time.monotonic() - began
        wanted = finds(base)
    moments = sorted(generator.uniform(0, whole) for _ in range(options.searches))
    with tempfile.TemporaryDirectory(prefix="sluice-kills-") as name:
        base = place(name)
        used, late = 0.0, 0
        for number, (before, moment) in enumerate(zip([0.0] + moments, moments)):
            if not (base / LEDGER).exists():
                number = 0
            cost, ended = life(base, number > 0, moment - before)
            used += cost
            late += ended is not None
        cost, ended = life(base, True) if late < len(moments) else (0.0, code)
        used += cost
        same = ended == code and finds(base) == wanted
    print(f"kills searches={options.searches} late={late} uninterrupted={alone:.1f}s killed={used:.1f}s "
          f"ratio={used / alone:.3f} finds={'same' if same else 'others'} responses={options.responses} "
          f"seed={options.seed} {'ok' if same and late == 0 else 'broken'}")
    sys.exit(0 if same and late == 0 else 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--searches", type=int)
    parser.add_argument("--responses", type=int, default=12_000)
    options = parser.parse_args(sys.argv[2:])
    if options.searches:
        searches(options)
    with tempfile.TemporaryDirectory(prefix="sluice-kills-") as name:
        base = pathlib.Path(name)
        (base / "lab").symlink_to(ROOT / "fixtures/lab")
        (base / "seeds.jsonl").write_text((ROOT / "fixtures/lab/seeds.jsonl").read_text())
        (base / "policy.yaml").write_text(POLICY)
        run = sluice(base, "run", "policy.yaml")
        assert run.returncode == 0, run.stderr
        kills = Kills(base, options.seed)
        seal = ["ledger", "seal", LEDGER, "--key-file", "ledger.key"]
        kills.command("seal", options.kills, [], seal, [["ledger", "seal", LEDGER], seal], True, True)
        rekey = ["ledger", "rekey", LEDGER, "--key-file", "next.key"]
        kills.command("rekey", options.kills, [seal], rekey, [rekey], True, True)
        purge = ["ledger", "purge", LEDGER, "--run", json.loads(
            (base / "out/report.json").read_text())["summary"]["run"]]
        kills.command("purge", options.kills, [], purge, [purge], False, True)
        kills.review(options.kills)
        counts = " ".join(f"{kind}={count}" for kind, count in kills.counts.items())
        print(f"kills: too late, by kind: {kills.late}")
        print(f"kills {counts} late={sum(kills.late.values())} broken={len(kills.broken)} seed={options.seed} "
              f"{'broken' if kills.broken else 'ok'}")
    sys.exit(1 if kills.broken else 0)


main()
