"""Runs the built binary under random faults; .ci/chaos runs it and says how it is used."""

import argparse
import json
import multiprocessing
import os
import pathlib
import shlex
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import draw
import faults
import one
import sabotage

ROOT = pathlib.Path(__file__).resolve().parents[2]


def work(task):
    plan, binary, check_secrets = task
    return plan, *one.run(plan, binary, check_secrets)


def described(plan):
    parts = [plan["model"], "search" if plan["search"] else plan["judge"], f"{plan['attacks']}x{plan['responses']}"]
    for fault in plan["server"]:
        parts.append(fault["kind"] + {"share": f":{fault.get('share')}", "burst": ":burst", "end": ":end"}[fault["manner"]])
    if plan["signal"]:
        parts.append(f"{plan['signal']['name'].replace(' ', '+')}@{plan['signal']['moment']}")
    if plan["disk"]:
        parts.append("disk-" + plan["disk"]["kind"])
    if plan["streams"]:
        parts.append(plan["streams"].replace(" ", ""))
    return " ".join(parts)


def binary(argument):
    for path in [argument] if argument else [".build-test/release/sluice", ".build/release/sluice"]:
        if os.access(ROOT / path, os.X_OK):
            return str(ROOT / path)
    print("chaos: no built sluice; swift build -c release --product sluice, or --binary PATH", file=sys.stderr)
    sys.exit(69)


def survey(tasks, jobs, deadline, command):
    """Runs the plans and prints a line for each; returns how many ran and how many broke something."""
    ran = broken = 0
    # A process for each run: it may have mounted a file system that only it sees.
    with multiprocessing.get_context("fork").Pool(jobs, maxtasksperchild=1) as pool:
        waiting = iter(tasks)
        running = []
        while True:
            while len(running) < jobs and time.monotonic() < deadline and (task := next(waiting, None)):
                running.append(pool.apply_async(work, (task,)))
            if not running:
                return ran, broken
            done = [result for result in running if result.ready()]
            running = [result for result in running if result not in done]
            for result in done:
                plan, found, codes, seconds, folder = result.get()
                ran += 1
                print(f"{plan['index']:4} {'BROKEN' if found else 'ok':6} {codes:>7} {seconds:5.1f} s  {described(plan)}", flush=True)
                if found:
                    broken += 1
                    for sentence in found:
                        print(f"       {sentence}")
                    print(f"       {folder}\n       again: {command} --only {plan['index']}", flush=True)
            time.sleep(0.02)


def main():
    parser = argparse.ArgumentParser(prog=".ci/chaos")
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first run")
    parser.add_argument("--only", type=int, help="this run alone")
    parser.add_argument("--minutes", type=float, default=45, help="no run begins after so many")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--binary", help="another binary than the built one")
    parser.add_argument("--without", action="append", default=[], choices=draw.AXES, help="leave these accidents out")
    parser.add_argument("--fault", help="this server fault in every run, beside those drawn")
    parser.add_argument("--no-secrets", action="store_true", help="do not look for the key in files and streams")
    parser.add_argument("--prove", action="store_true", help="sabotage the binary in known ways and see whether it is noticed")
    arguments = parser.parse_args()
    path = binary(arguments.binary)
    if arguments.prove:
        sys.exit(sabotage.prove(path, arguments.seed, work))
    # Made once, before the processes part: it takes longer than some time limits.
    faults.bomb()
    began = time.monotonic()
    indices = [arguments.only] if arguments.only is not None else range(arguments.first, arguments.first + arguments.runs)
    plans = [draw.plan(arguments.seed, index, arguments.without) for index in indices]
    if arguments.fault:
        for plan in plans:
            plan["server"].append({"kind": arguments.fault, "manner": "share", "share": 0.1, "variant": plan["index"]})
    command = [".ci/chaos", "--seed", str(arguments.seed)]
    for name in ("binary", "fault"):
        if getattr(arguments, name):
            command += [f"--{name}", getattr(arguments, name)]
    command += [word for axis in arguments.without for word in ("--without", axis)]
    command += ["--no-secrets"] if arguments.no_secrets else []
    ran, broken = survey(
        [(plan, [path], not arguments.no_secrets) for plan in plans], arguments.jobs, began + 60 * arguments.minutes,
        shlex.join(command))
    seconds = time.monotonic() - began
    state = "broken" if broken else "ok" if ran == len(plans) else "short"
    print(f"chaos runs={ran} of={len(plans)} broken={broken} seed={arguments.seed} seconds={seconds:.0f} {state}")
    sys.exit(0 if state == "ok" else 1)


if __name__ == "__main__":
    main()
