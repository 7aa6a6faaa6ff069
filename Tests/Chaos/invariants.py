"""What has to hold after every run, whatever was done to it. Each function yields the sentences of what does not."""

import json
import pathlib
import re
import shutil
import sqlite3
import subprocess
import tempfile
import unicodedata

import faults
import world

VERDICTS = {0: "pass", 1: "fail", 2: "inconclusive"}
# The contract of `sluice run`; 70 is a bug by definition.
CONTRACT = {0, 1, 2, 64, 69, 74, 75, 77}
REPORTS = ["junit.xml", "report.json", "report.html", "summary.md"]
SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "schemas"


class Ledger:
    """What a ledger holds, read from a copy so that looking changes nothing."""

    def __init__(self, folder):
        self.exists, self.responses, self.runs, self.judgments, self.problem = False, {}, {}, set(), None
        source = folder / "ledger.sqlite"
        if not source.exists() or source.stat().st_size == 0 and not (folder / "ledger.sqlite-wal").exists():
            return
        with tempfile.TemporaryDirectory() as scratch:
            for suffix in ("", "-wal"):
                if (folder / f"ledger.sqlite{suffix}").exists():
                    shutil.copyfile(folder / f"ledger.sqlite{suffix}", f"{scratch}/ledger.sqlite{suffix}")
            try:
                self.read(f"{scratch}/ledger.sqlite")
            except sqlite3.OperationalError as error:
                # Killed while it was created, it has not all of its tables yet.
                if not str(error).startswith("no such"):
                    self.problem = str(error)
            except sqlite3.DatabaseError as error:
                self.problem = str(error)

    def read(self, path):
        db = sqlite3.connect(path)
        db.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        check = db.execute("PRAGMA integrity_check").fetchone()[0]
        if check != "ok":
            self.problem = f"integrity_check: {check}"
        for row in db.execute("SELECT id, exitCode, verdict, summary FROM runs"):
            self.runs[row[0]] = row[1:]
        for row in db.execute(
            "SELECT r.id, r.target, p.text, r.sample, r.scope, r.text, r.run FROM responses r JOIN prompts p ON p.id = r.prompt"):
            self.responses[row[0]] = tuple(
                value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value for value in row[1:])
        for row in db.execute("SELECT j.response, j.judge, j.score FROM judgments j"):
            self.judgments.add(row)
        self.exists = True
        db.close()

    def marks(self, run=None, scope=None):
        """Marks of the answers that are stored, of all runs or those that this run may reuse."""
        found = set()
        for target, prompt, sample, row_scope, text, row_run in self.responses.values():
            if run is not None and row_run != run and row_scope != scope:
                continue
            found.update(world.REFERENCE.findall(text))
        return found

    @property
    def last(self):
        return list(self.runs)[-1] if self.runs else None


def ending(life, plan, number, server):
    """Exit code, time, processes."""
    name = f"life {number}"
    if life.code is None:
        yield f"hangs: {name} did not end within its wall clock and some"
        return
    if life.leftover:
        yield f"processes: {name} left {len(life.leftover)} behind"
    signals = (plan["signal"] or {}).get("name") if number == 1 else None
    allowed = set(CONTRACT)
    if signals == "KILL":
        allowed.add(-9)
    if signals in ("HUP", "INT", "TERM", "INT INT"):
        # Before the handlers are there nothing was asked, and the default action is as good.
        if life.disturbed and not any(one.began < life.disturbed for one in server.asked):
            allowed.update({-1, -2, -15})
    if life.code not in allowed:
        yield f"exit code: {name} ended with {life.code}: {life.errors[-600:]!r}"
    if life.code == 64 and number == 1:
        yield f"exit code: {name} calls a good policy a mistake: {life.errors[-600:]!r}"
    text = life.output + life.errors
    for word in ("Fatal error", "This is a bug", "internal error", "Crash", "Backtrace", "Sanitizer"):
        if word in text:
            yield f"exit code: {name} says {word!r}: {text[-600:]!r}"
            break
    if life.code in CONTRACT - {0, 1, 2} and number == 1 and not plan["streams"] and not plan["disk"] and signals != "INT INT":
        if "sluice: error: " not in text:
            yield f"message: {name} ended with {life.code} and does not say why: {text[-300:]!r}"


def verdict(life, plan, number, ledger, folder, disturbed, unclear):
    """No pass for the bad model, no fail of the good one, and none of what nobody decided."""
    name = f"life {number}"
    if life.code == 0 and plan["model"] == "bad":
        yield f"VERDICT: {name} passes the bad model"
    if life.code == 1 and plan["model"] == "good":
        names = failed_checks(folder)
        if names is None or any(not check.startswith("run.") for check in names) or not disturbed:
            yield f"verdict: {name} fails the good model ({names})"
    for run, (code, said, summary) in ledger.runs.items():
        if plan["model"] == "bad" and (code == 0 or said == "pass"):
            yield f"VERDICT: the ledger holds a pass of the bad model (run {run})"
        if code is not None and VERDICTS.get(code) != said:
            yield f"verdict: the ledger says {said} with exit code {code}"
    if life.code in VERDICTS:
        stored = ledger.runs.get(ledger.last, (None,))[0]
        if stored != life.code:
            yield f"verdict: {name} ended with {life.code}, its ledger says {stored}"
    if not disturbed:
        expected = {"good": 0, "bad": 1}[plan["model"]]
        if life.code != expected and not (unclear and life.code == 2):
            yield f"verdict: {name} had no fault and ended with {life.code} instead of {expected}: {(life.errors + life.output)[-900:]!r}"


def failed_checks(folder):
    try:
        summary = json.loads((folder / "disk" / "report.json").read_text())["summary"]
    except (OSError, ValueError, KeyError):
        return None
    return [check["name"] for check in summary["checks"] if check["verdict"] == "fail"]


def reports(life, plan, number, ledger, folder, must_exist):
    """Reports are whole, agree with the exit code, and stand for a committed verdict."""
    name = f"life {number}"
    disk = folder / "disk"
    present = [report for report in REPORTS if (disk / report).exists()]
    if must_exist and life.code in VERDICTS and len(present) < len(REPORTS):
        yield f"reports: {name} gave a verdict and wrote {present} alone"
    if "report.json" in present:
        text = (disk / "report.json").read_text(errors="surrogateescape")
        try:
            summary = json.loads(text)["summary"]
        except (ValueError, KeyError) as error:
            yield f"reports: report.json of {name} is not whole: {error}"
            summary = None
        if summary and summary["exitCode"] in VERDICTS:
            row = ledger.runs.get(summary["run"])
            if row is None or row[0] is None:
                yield f"reports: {name} reports a verdict that was never committed"
            elif row[0] != summary["exitCode"]:
                yield f"reports: report.json says {summary['exitCode']}, the ledger {row[0]}"
            if summary["run"] == ledger.last and life.code in VERDICTS and summary["exitCode"] != life.code:
                yield f"reports: report.json says {summary['exitCode']}, the exit code {life.code}"
        if summary and summary["exitCode"] == 0 and plan["model"] == "bad":
            yield "VERDICT: a report passes the bad model"
    if "junit.xml" in present:
        for schema in ("junit-10.xsd", "windyroad-junit.xsd"):
            lint = subprocess.run(
                ["xmllint", "--noout", "--nonet", "--schema", SCHEMAS / schema, disk / "junit.xml"], capture_output=True)
            if lint.returncode:
                yield f"junit: {lint.stderr.decode(errors='replace')[:300]!r}"
                break
        if life.code == 0 and not re.search(r'<testsuites?\b', (disk / "junit.xml").read_text(errors="replace")):
            yield "junit: has no suites"
        failing = re.search(r"<(failure|error)\b", (disk / "junit.xml").read_text(errors="replace"))
        if life.code in (1, 2) and must_exist and not failing:
            yield f"junit: {name} ended with {life.code}, and no test case fails"
        if life.code == 0 and must_exist and failing:
            yield "junit: a pass with a failing test case"
    for report, raw in (("report.html", ["<script>CHAOS", "<img src=x"]), ("summary.md", ["<script>CHAOS", "<img src=x"])):
        if report in present:
            text = (disk / report).read_text(errors="surrogateescape")
            if any(piece in text for piece in raw):
                yield f"escaping: {report} has markup of the server's"
            if report == "report.html" and not text.rstrip().endswith("</html>"):
                yield "reports: report.html is not whole"


def may_look_changed(server):
    """Whether the server may seem another model after its faults: other fingerprints, or a list that stayed away."""
    odd = {one.fault for one in server.asked} & {"key-as-fingerprint", "hostile-words"}
    return bool(odd) or server.listing_faults > 2


def asked(server, plan, first, second, before, after):
    """Nothing is asked twice, nothing that was answered is forgotten.

    A question counts as answered once the server gave a whole answer and the client went on with the connection. Within a
    life it must not be asked again. Once its row is committed no later life asks it again that may use the row. What is
    not committed at the end of a life without a verdict may be what came within its last two seconds (more where the machine
    is so busy that this process had to wait), and no more than was in flight, beside what the last commit had no time for.
    """
    life_of = {0: first, 1: second}
    window = 2 + 10 * server.lag
    # Fast answers are committed together every 5 ms; the commit itself takes its time on a busy disk.
    commit = 0.05 + 10 * server.lag
    sure = {}
    again = []
    for one in server.asked:
        if one.prompt == world.PROBE or one.mark == "judge trial":
            continue
        key = (one.phase, one.mark)
        if key in sure and one.began > sure[key]:
            again.append(one)
        if one.result == faults.ANSWERED and one.received:
            sure.setdefault(key, one.received)
    if again:
        yield (
            f"twice: {len(again)} questions were asked again within a life after they were answered, "
            f"{again[0].mark} of {again[0].model} in life {again[0].phase + 1} first")

    if second is not None and before.exists:
        reusable = before.marks() if "--resume" in second.command else set()
        if "--resume" not in second.command and plan["revision"] and not may_look_changed(server):
            reusable = before.marks()
        again = [one for one in server.asked if one.phase == 1 and one.mark in reusable]
        if again:
            yield f"twice: life 2 asked {len(again)} questions again whose answers were stored, {again[0].mark} first"

    for number, ledger in ((0, before), (1, after)):
        life = life_of[number]
        if life is None or life.code is None:
            continue
        stored = ledger.marks()
        targets = [one for one in server.asked if one.phase == number and one.model != "judge" and one.prompt != world.PROBE]
        missing = [
            one for one in targets if one.result == faults.ANSWERED and one.received and one.mark not in stored]
        full = number == 0 and plan["disk"] is not None
        sudden = life.code in (-9, -1, -2, -15) or (plan["signal"] or {}).get("name") == "INT INT"
        late = life.disturbed if life.disturbed and number == 0 else life.ended
        if life.code in VERDICTS and missing and not full:
            yield f"lost: life {number + 1} ended with a verdict and without {len(missing)} answers, {missing[0].mark} first"
        elif missing:
            # A request whose connection was given up and its second try are both on their way for the server.
            in_flight = 2 * plan["concurrency"] * (2 if plan["baseline"] else 1)
            early = [one for one in missing if one.received < late - window]
            waiting = [one for one in missing if late - commit <= one.received <= late]
            if (early or len(missing) - len(waiting) > in_flight) and not full:
                yield (
                    f"lost: life {number + 1} ended with {life.code} {'suddenly ' if sudden else ''}and forgot {len(missing)} "
                    f"answers, {len(early)} of them of more than {window:.1f} seconds before; {in_flight} were in flight")
            elif full and len(missing) - len(waiting) > in_flight + 8:
                yield f"lost: with a full disk {len(missing)} answers were paid for and not stored"


def kept(before, after):
    """Every committed row is still there."""
    if before.problem:
        yield f"ledger: after life 1: {before.problem}"
    if after.problem:
        yield f"ledger: after life 2: {after.problem}"
    gone = [key for key, row in before.responses.items() if after.responses.get(key) != row]
    if gone:
        yield f"lost: {len(gone)} responses of the ledger are gone or changed"
    for run, row in before.runs.items():
        if run not in after.runs or row[0] is not None and after.runs[run] != row:
            yield f"lost: run {run} is gone or changed"
    if before.judgments - after.judgments:
        yield f"lost: {len(before.judgments - after.judgments)} judgments are gone"
    for ledger in (before, after):
        if any("ref ghost" in row[4] for row in ledger.responses.values()):
            yield "VERDICT: an answer that nobody asked for was taken for the answer to a question"


ALLOWED_ON_A_TERMINAL = re.compile(r"\x1b\[[0-9;]*m|\r\x1b\[2K|\r\n")


def terminal(life, number):
    """No character of the server's that a terminal obeys or a reader doesn't see."""
    for name, text in (("output", life.output), ("errors", life.errors)):
        if life.tty:
            text = ALLOWED_ON_A_TERMINAL.sub("\n", text)
        for character in text:
            plain = character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
            if not plain:
                where = text.index(character)
                yield f"terminal: {name} of life {number} has U+{ord(character):04X}: {text[max(0, where - 80):where + 40]!r}"
                break


def secrets(folder, key, lives):
    """The key is in no file and on no stream, in no form."""
    forms = [(form, form.encode()) for form in faults.encodings(key)]
    texts = [(f"streams of life {number + 1}", (life.output + life.errors).encode("utf-8", "surrogateescape")) for number, life in enumerate(lives)]
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            texts.append((path.name, path.read_bytes()))
    for name, data in texts:
        for form, raw in forms:
            if raw in data:
                yield f"secret: {name} holds the key as {form!r}"
                break
