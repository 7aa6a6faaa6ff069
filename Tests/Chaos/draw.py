"""Draws one run's policy, faults and accidents from a seed."""

import random

import faults

AXES = ("server", "signals", "disk", "streams")


def plan(seed, index, without=()):
    random_ = random.Random(f"sluice chaos {seed} {index}")
    drawn = {
        "seed": seed, "index": index,
        "model": random_.choice(["good", "bad"]),
        "attacks": random_.randint(40, 90),
        "responses": random_.choice([1, 1, 2]),
        "baseline": random_.random() < 0.4,
        "benign": random_.choice([0, 0, 30]),
        "judge": "llm" if random_.random() < 0.25 else "rules",
        "early_stop": random_.random() < 0.3,
        "revision": random_.random() < 0.5,
        "api": random_.choice(["chat", "chat", "completions"]),
        "concurrency": random_.choice([1, 2, 4, 8, 16, 32]),
        "retries": random_.choice([0, 1, 2, 3]),
        "timeout": random_.choice([2, 2, 4]),
        "wall_clock": 60,
        "latency": random_.choice([0, 0, 2, 10]),
        "output": random_.choice([[], [], ["--quiet"], ["--json"]]),
        "listing": random_.random() < 0.3,
        "search": random_.random() < 0.1,
    }
    if drawn["judge"] == "llm":
        # Refusals are told by a rules file alone, and a search asks a judge too often.
        drawn["benign"], drawn["search"] = 0, False
    drawn["checks"] = checks(random_, drawn)
    # Every axis draws whether it is used or not, so that --without leaves the others as they were.
    drawn["server"] = server(random_)
    drawn["signal"] = signal_(random_)
    drawn["disk"] = disk(random_)
    drawn["streams"] = streams(random_)
    if any(fault["kind"] == "retry-after-long" for fault in drawn["server"]):
        drawn["wall_clock"] = 15
    for axis, nothing in (("server", []), ("signals", None), ("disk", None), ("streams", None)):
        if axis in without:
            drawn["signal" if axis == "signals" else axis] = nothing
    return drawn


def checks(random_, drawn):
    made = ["{metric: replay.asr, at_most: 0.25}"]
    if drawn["baseline"] and random_.random() < 0.7:
        made.append("{metric: replay.regression, at_most: 0.25}")
    if drawn["benign"]:
        made.append("{metric: benign.refusal_rate, at_most: 0.5}")
    if random_.random() < 0.5:
        made.append("{metric: run.coverage, at_least: 0.8}")
    if random_.random() < 0.5:
        made.append("{metric: run.error_rate, at_most: 0.15}")
    return made


def server(random_):
    """None to three kinds of fault, each at some share of the requests, in a burst, or from some request on."""
    drawn = []
    for _ in range(random_.choice([0, 1, 1, 1, 2, 2, 3])):
        kind = random_.choice(sorted(faults.KINDS))
        manner = random_.choice(["share", "share", "share", "burst", "end"])
        fault = {"kind": kind, "manner": manner, "variant": random_.randrange(1 << 16)}
        if manner == "share":
            fault["share"] = random_.choice([0.01, 0.03, 0.1, 0.3, 1.0] if random_.random() < 0.3 else [0.01, 0.03, 0.1])
        else:
            fault["first"] = random_.randint(0, 120)
            fault["count"] = random_.randint(1, 40) if manner == "burst" else 1 << 30
        drawn.append(fault)
    return drawn


def signal_(random_):
    """A signal once the server has given so many answers, or so long after the start; or none."""
    number = random_.choice([None, None, "KILL", "KILL", "KILL", "TERM", "INT", "INT INT", "HUP"])
    moment = random_.choice(["answers", "answers", "answers", "start", "answered"])
    at = {"answers": random_.random(), "start": random_.uniform(0, 400), "answered": random_.uniform(0, 150)}[moment]
    return {"name": number, "moment": moment, "at": at} if number else None


def disk(random_):
    kind = random_.choice([None] * 5 + ["full", "full", "limit"])
    full = {"kind": "full", "at": random_.random(), "left": random_.choice([0, 0, 4096, 65536])}
    limit = {"kind": "limit", "bytes": random_.choice([0, 4096, 40_000, 150_000, 400_000])}
    return {None: None, "full": full, "limit": limit}[kind]


def streams(random_):
    """What is wrong with standard input, output and error, as a shell would write it."""
    return random_.choice([None] * 6 + [">&-", ">/dev/full", "2>&-", "2>/dev/full", "<&-", "|true", ">&- 2>&-", "tty", "tty"])
