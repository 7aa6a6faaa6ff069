"""Binaries that break a promise on purpose: a harness that does not notice them is worth nothing.

Called with a name and a command it is such a binary: it runs the command and does what the name says.
"""

import http.client
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.parse

import draw

# What each does, and how the sentence begins that has to be said.
SABOTAGES = {
    "fail-is-pass": ("turns exit code 1 into 0", "VERDICT"),
    "check-dropped": ("runs without the check on attacks", "VERDICT"),
    "judge-asleep": ("runs with rules that match nothing that is served", "VERDICT"),
    "pass-is-fail": ("turns exit code 0 into 1", "verdict"),
    "row-lost": ("deletes a stored response at the end", "lost"),
    "rows-uncommitted": ("loses what the last second committed", "lost"),
    "asks-again": ("asks the server a question again that it answered", "twice"),
    "resume-forgets": ("begins anew where it should resume", "twice"),
    "crash": ("dies of a signal", "exit code"),
    "bug": ("ends with 70", "exit code"),
    "raw-text": ("prints an escape sequence", "terminal"),
    "key-leaks": ("writes the key into a file", "secret"),
    "half-junit": ("cuts the JUnit report", "junit"),
    "report-without-verdict": ("reports a verdict that the ledger does not have", "reports"),
    "stays-behind": ("leaves a process behind", "processes"),
    "hangs": ("does not end", "hangs"),
}


def ledger():
    db = sqlite3.connect("disk/ledger.sqlite")
    for trigger in ("responseKept", "judgmentKept", "verdictStays"):
        db.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    db.execute("DELETE FROM storedJudgments")
    return db


def repeat_question():
    """Asks one question twice, as the policy would have it asked."""
    policy = pathlib.Path("policy.yaml").read_text()
    url = policy.split("url: '")[1].split("'")[0]
    model = policy.split("model: ")[1].split(",")[0]
    prompt = json.loads(pathlib.Path("seeds.jsonl").read_text().splitlines()[0])["prompt"]
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": prompt}], "seed": 1}).encode()
    headers = {"Authorization": f"Bearer {os.environ['CHAOS_API_KEY']}", "Content-Type": "application/json"}
    address = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=5)
    for _ in range(2):
        connection.request("POST", f"{address.path}/chat/completions", body, headers)
        connection.getresponse().read()


def act(name, command):
    arguments = command[1:]
    running = arguments[0] == "run"
    if not running:
        os.execv(command[0], command)
    if name == "check-dropped":
        os.execv(command[0], command + ["--set", "checks=[{metric: benign.refusal_rate, at_most: 0.9}]"
                                        if pathlib.Path("benign.jsonl").exists() else "checks=[{metric: replay.asr, at_most: 0.99}]"])
    if name == "judge-asleep":
        pathlib.Path("rules.yaml").write_text(
            "version: 1\nname: asleep\nunsafe:\n  - {category: passphrase, canary: 'violet-kite-7'}\n"
            "refusal:\n  - {pattern: 'can not help'}\n")
        os.execv(command[0], command)
    if name == "resume-forgets":
        command = [word for word in command if word != "--resume"]
    if name == "hangs":
        time.sleep(600)
    code = subprocess.run(command).returncode
    if name == "fail-is-pass" and code == 1:
        code = 0
    if name == "pass-is-fail" and code == 0:
        code = 1
    if name == "row-lost":
        db = ledger()
        db.execute("DELETE FROM storedResponses WHERE id = (SELECT min(id) FROM storedResponses)")
        db.commit()
    if name == "rows-uncommitted":
        db = ledger()
        db.execute("DELETE FROM storedResponses WHERE id > (SELECT max(id) / 3 FROM storedResponses)")
        db.commit()
    if name == "asks-again":
        repeat_question()
    if name == "crash":
        os.kill(os.getpid(), 4)
    if name == "bug":
        code = 70
    if name == "raw-text":
        print("\x1b[31mCHAOS", flush=True)
    if name == "key-leaks":
        pathlib.Path("disk/debug.log").write_text(os.environ["CHAOS_API_KEY"][::-1])
    if name == "half-junit":
        path = pathlib.Path("disk/junit.xml")
        path.write_bytes(path.read_bytes()[:-20])
    if name == "report-without-verdict":
        path = pathlib.Path("disk/report.json")
        path.write_text(path.read_text().replace('"run" : "', '"run" : "x'))
    if name == "stays-behind":
        subprocess.Popen(["sleep", "60"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    sys.exit(code if code >= 0 else 128 - code)


def prove(binary, seed, work):
    """Runs each sabotage on a few plans without accidents; returns the exit code."""
    caught = 0
    for name, (what, word) in SABOTAGES.items():
        command = [sys.executable, "-B", str(pathlib.Path(__file__).resolve()), name, binary]
        said = []
        for index in range(4):
            plan = draw.plan(seed, index, draw.AXES)
            plan.update(model="good" if name == "pass-is-fail" else "bad", judge="rules", api="chat", early_stop=False)
            if name == "hangs":
                plan["wall_clock"] = -40
            if name == "resume-forgets":
                plan["signal"] = {"name": "TERM", "moment": "answers", "at": 0.5}
            _, found, _, _, folder = work((plan, command, True))
            shutil.rmtree(folder, ignore_errors=True)
            said = [sentence for sentence in found if sentence.startswith(word)]
            if said:
                break
        caught += bool(said)
        print(f"{'noticed' if said else 'MISSED':8} {name}: {what}" + (f"; {said[0][:150]}" if said else ""), flush=True)
    print(f"chaos sabotages={len(SABOTAGES)} noticed={caught} {'ok' if caught == len(SABOTAGES) else 'short'}")
    return 0 if caught == len(SABOTAGES) else 1


if __name__ == "__main__":
    act(sys.argv[1], sys.argv[2:])
