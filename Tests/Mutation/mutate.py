"""Mutation testing; .ci/mutate runs it and says how it is used."""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import random
import re
import resource
import selectors
import signal
import subprocess
import sys
import tempfile
import time

import equivalents
import scratch

BAR = 0.95
MEMORY = 4 << 30


class Suite:
    """The tests of one binary, what each costs and which mutants it reaches."""

    def __init__(self, binary, mutants, slowest):
        self.binary, self.slowest = binary, slowest
        self.size = mutants + 2
        self.cost, self.reached, self.left_out = {}, collections.defaultdict(list), []

    def run(self, tests, seconds, mutant=0, hits=None):
        """Runs tests until one fails; returns whether all passed, why not, and the CPU time."""
        environment = dict(os.environ, SLUICE_MUTANT=str(mutant), SWIFT_BACKTRACE="enable=no")
        if hits:
            environment["SLUICE_MUTANT_HITS"] = hits
        command = [str(self.binary), "--testing-library", "swift-testing", "--no-parallel"]
        for test in tests:
            command += ["--filter", f"^{re.escape(test)}(/|$)"]

        def limit():
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, preexec_fn=limit)
        empty, failed, deadline = False, False, time.monotonic() + 60 * (seconds + 1)
        # CPU time is limited, so that a busy machine kills no mutant; the clock only ends what waits for ever.
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            pending = b""
            while time.monotonic() < deadline:
                if not selector.select(timeout=5):
                    continue
                part = os.read(process.stdout.fileno(), 1 << 16)
                if not part:
                    break
                *lines, pending = (pending + part).split(b"\n")
                empty = empty or any(b"Test run with 0 tests" in line for line in lines)
                if any(b" recorded an issue" in line for line in lines):
                    failed = True
                    break
            else:
                failed = True
        if failed:
            # `Popen.kill` would take the status of a process that is at its end already.
            os.kill(process.pid, signal.SIGKILL)
        process.stdout.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        spent = usage.ru_utime + usage.ru_stime
        if failed:
            return False, "failed", spent
        if os.WIFSIGNALED(status):
            timed = os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL) and spent >= seconds
            return False, "timeout" if timed else f"signal {os.WTERMSIG(status)}", spent
        code = os.waitstatus_to_exitcode(status)
        if code == 0 and empty:
            sys.exit(f"mutate: no test is named {tests}")
        return code == 0, f"exit {code}", spent

    def measure(self, jobs):
        """Runs each test alone; a test that is not in `cost` kills nothing."""
        memory = scratch.Memory("measured", f"{scratch.digest([self.binary])} {self.slowest:g}")
        if known := memory.read():
            self.cost, self.left_out = known["cost"], known["left_out"]
            self.reached.update({int(number): tests for number, tests in known["reached"].items()})
            return
        listed = scratch.run([str(self.binary), "--testing-library", "swift-testing", "--list-tests"])
        tests = sorted({re.sub(r"/[^/]+\.swift:\d+:\d+$", "", line.strip()) for line in listed.splitlines() if "(" in line})

        def alone(test):
            with tempfile.NamedTemporaryFile() as hits:
                hits.truncate(self.size)
                return *self.run([test], self.slowest, hits=hits.name), pathlib.Path(hits.name).read_bytes()

        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for test, (passed, why, spent, hits) in zip(tests, pool.map(alone, tests)):
                if not passed:
                    slow = why == "timeout"
                    self.left_out.append((test, f"slower than {self.slowest:g} s" if slow else "fails without a mutant"))
                    continue
                self.cost[test] = spent
                for number, byte in enumerate(hits):
                    if byte:
                        self.reached[number].append(test)
        memory.write({"cost": self.cost, "left_out": self.left_out, "reached": self.reached})

    def outcome(self, place, number):
        """How a mutant ends: `killed` with the reason, or None where it survives."""
        tests = sorted(self.reached[place], key=self.cost.get)
        quick = [test for test in tests if self.cost[test] < 0.3]
        groups = ([quick] if quick else []) + [[test] for test in tests if self.cost[test] >= 0.3]
        for group in groups:
            passed, why, _ = self.run(group, 3 * sum(self.cost[test] for test in group) + 2, mutant=number)
            if not passed:
                return why
        return None


def main():
    parser = argparse.ArgumentParser(prog=".ci/mutate", description="Mutation testing of Statistics and Decisions.")
    parser.add_argument("--sample", type=int, help="mutants to try, drawn at random; all without it")
    parser.add_argument("--seed", type=int, default=18, help="of the sample")
    parser.add_argument("--module", choices=scratch.MODULES)
    parser.add_argument("--file", help="only files whose path holds this text")
    parser.add_argument("--slowest", type=float, default=4, help="seconds of CPU; slower tests kill nothing")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument(
        "--again", action="store_true", help="only what survived the last time, for work on the tests: no proof")
    options = parser.parse_args()

    package = scratch.Package()
    mutants = scratch.write(package)
    listed = equivalents.read(mutants)
    chosen = [
        mutant for mutant in mutants
        if (not options.module or mutant.file.startswith(options.module + "/"))
        and (not options.file or options.file in mutant.file)]
    memory = scratch.Memory(
        "outcomes", scratch.digest(sum((scratch.sources(package.folder(module)) for module in scratch.MODULES), [])))
    known = memory.read() or {}
    if options.again:
        chosen = [mutant for mutant in chosen if known.get(str(mutant.number), "killed") is None]
    if options.sample is not None and options.sample < len(chosen):
        chosen = sorted(random.Random(options.seed).sample(chosen, options.sample), key=lambda mutant: mutant.number)

    suite = Suite(scratch.build(), len(mutants), options.slowest)
    suite.measure(options.jobs)
    print(f"{len(mutants)} mutants, {len(chosen)} chosen; {len(suite.cost)} tests, {sum(suite.cost.values()):.1f} s of CPU")
    for test, reason in suite.left_out:
        print(f"left out, {reason}: {test}")
    outcomes = {}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        numbers = [mutant.number for mutant in chosen]
        for number, outcome in zip(numbers, pool.map(lambda number: suite.outcome(number, number), numbers)):
            outcomes[number] = known[str(number)] = outcome
            if len(outcomes) % 50 == 0 or len(outcomes) == len(numbers):
                memory.write(known)
    sys.exit(report(chosen, outcomes, listed, suite))


def report(chosen, outcomes, listed, suite):
    files = collections.defaultdict(lambda: [0, 0, 0])
    for mutant in chosen:
        killed = outcomes[mutant.number] is not None
        files[mutant.file][0 if killed else 2 if mutant.number in listed else 1] += 1
    print(f"{'killed':>7} {'survived':>9} {'equivalent':>11}  file")
    for file, counts in sorted(files.items()):
        print(f"{counts[0]:7} {counts[1]:9} {counts[2]:11}  {file}")
    ends = collections.Counter(outcome for outcome in outcomes.values() if outcome)
    print("killed by: " + ", ".join(f"{end} {count}" for end, count in ends.most_common()))
    for mutant in chosen:
        if outcomes[mutant.number] is None and mutant.number not in listed:
            reached = "" if suite.reached[mutant.number] else "  (no test reaches it)"
            print(f"survived {mutant.place}: {mutant.change}{reached}")
        if outcomes[mutant.number] is not None and mutant.number in listed:
            print(f"killed although listed as equivalent {mutant.place}: {mutant.change}")
    killed = sum(counts[0] for counts in files.values())
    tried = killed + sum(counts[1] for counts in files.values())
    share = killed / tried if tried else 0
    verdict = "ok" if share >= BAR else "short"
    print(f"mutants killed={killed} of={tried} share={share:.4f} bar={BAR} {verdict}")
    return 0 if verdict == "ok" else 1


if __name__ == "__main__":
    main()
