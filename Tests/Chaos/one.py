"""One run: a life under faults, a clean life after it on the same ledger, and what must hold of both."""

import asyncio
import ctypes
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import tempfile
import time

import child
import faults
import invariants
import world
from server import Server

# Below this the preflight refuses to start; the rest is taken away while the run is on.
DISK_BYTES = 96 << 20
CLONE_NEWNS, MS_REC, MS_PRIVATE, MNT_DETACH = 0x20000, 0x4000, 1 << 18, 2


class SmallDisk:
    """A small file system of its own, mounted where this process alone sees it; needs the right to mount."""

    def __init__(self, folder):
        self.folder, self.filler = folder, folder / "filler"
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNS) or libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None):
            raise PermissionError("no right to mount")
        if libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, f"size={DISK_BYTES},mode=700".encode()):
            raise PermissionError("no right to mount")

    def fill(self, left):
        free = os.statvfs(self.folder)
        size = free.f_bavail * free.f_bsize - left
        if size <= 0:
            return
        try:
            with open(self.filler, "wb") as file:
                os.posix_fallocate(file.fileno(), 0, size)
        except OSError:
            # Something was written meanwhile: the next smaller size will do.
            self.fill(left + 8192)

    def free(self):
        self.filler.unlink(missing_ok=True)

    def unmount(self):
        """Takes the file system away with all that it holds, so that the run's folder can be removed."""
        ctypes.CDLL(None).umount2(os.fsencode(self.folder), MNT_DETACH)


class Run:
    def __init__(self, plan, folder, binary, check_secrets):
        self.plan, self.folder, self.binary, self.check_secrets = plan, pathlib.Path(folder), binary, check_secrets
        self.key = "sk-chaos-" + world.reference("key", f"{plan['seed']}", plan["index"]) + "Q7"
        self.small = None
        self.timers = []
        self.disturbed = None

    async def run(self):
        """The sentences of what did not hold, and a line about the run."""
        plan, folder = self.plan, self.folder
        (folder / "disk").mkdir()
        if plan["disk"] and plan["disk"]["kind"] == "full":
            try:
                self.small = SmallDisk(folder / "disk")
            except (PermissionError, OSError):
                plan["disk"] = {"kind": "limit", "bytes": 150_000}
        self.server = Server(plan, self.key)
        await self.server.start()
        world.write(folder, plan, self.server.port)
        try:
            return await self.lives()
        finally:
            await self.server.stop()
            if self.small:
                self.small.free()
                # What the file system holds is worth keeping where something broke.
                shutil.copytree(folder / "disk", folder / "disk-kept", dirs_exist_ok=True)
                self.small.unmount()

    @property
    def environment(self):
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
        return kept | {world.KEY_VARIABLE: self.key, "SWIFT_BACKTRACE": "enable=no", "TERM": "xterm"}

    def accidents(self, pid):
        """Arranges for the plan's signal and full disk."""
        loop = asyncio.get_running_loop()
        answers = world.questions(self.plan)
        drawn, disk = self.plan["signal"], self.plan["disk"]

        def send(names):
            self.disturbed = self.disturbed or time.monotonic()
            try:
                os.kill(pid, getattr(signal, "SIG" + names[0]))
            except ProcessLookupError:
                return
            if names[1:]:
                self.timers.append(loop.call_later(0.05, send, names[1:]))

        if drawn:
            names = drawn["name"].split()
            if drawn["moment"] == "start":
                self.timers.append(loop.call_later(drawn["at"] / 1000, send, names))
            elif drawn["moment"] == "answers":
                self.server.when_answered(int(drawn["at"] * answers), lambda: send(names))
            else:
                def later():
                    self.timers.append(loop.call_later(drawn["at"] / 1000, send, names))
                self.server.when_answered(answers, later)
        if self.small:
            def fill():
                self.disturbed = self.disturbed or time.monotonic()
                self.small.fill(disk["left"])
            self.server.when_answered(int(disk["at"] * answers), fill)

    async def lives(self):
        plan, folder, disk = self.plan, self.folder, self.folder / "disk"
        found = []
        first = await self.life(["run", "policy.yaml", *plan["output"]], 1)
        first.disturbed = self.disturbed
        for timer in self.timers:
            timer.cancel()
        if self.small:
            self.small.free()
        await asyncio.sleep(0.05)
        before = invariants.Ledger(disk)
        found += invariants.ending(first, plan, 1, self.server)
        first_disturbed = bool(plan["server"] or plan["signal"] or plan["disk"] or plan["streams"])
        unclear = self.unclear()
        found += invariants.verdict(first, plan, 1, before, folder, first_disturbed, unclear)
        found += invariants.reports(first, plan, 1, before, folder, plan["disk"] is None)
        found += invariants.terminal(first, 1)
        if self.check_secrets:
            found += invariants.secrets(folder, self.key, [first])

        self.server.next_phase()
        unfinished = before.last is not None and before.runs[before.last][0] is None
        second = await self.life(["run", "policy.yaml", *(["--resume"] if unfinished else [])], 2)
        after = invariants.Ledger(disk)
        # A server that shows other signs than in the first life is another model, and the run is begun anew.
        refused = unfinished and second.code == 69 and "is not what it was when run" in second.errors
        found += invariants.ending(second, plan, 2, self.server)
        if not refused:
            found += invariants.verdict(second, plan, 2, after, folder, False, unclear)
        elif not invariants.may_look_changed(self.server):
            found.append(f"resume: refused for signs that did not change: {second.errors[-400:]!r}")
        found += invariants.reports(second, plan, 2, after, folder, True)
        found += invariants.terminal(second, 2)
        found += invariants.kept(before, after)
        found += invariants.asked(self.server, plan, first, second, before, after)
        if not refused and second.code in invariants.VERDICTS:
            found += await self.again(after)
        if self.check_secrets:
            found += invariants.secrets(folder, self.key, [second])
        found += self.server.problems
        return list(dict.fromkeys(found)), first, second

    def unclear(self):
        """Whether something was served that is stored and says neither yes nor no."""
        odd = {"hostile-text", "key-echoed"}
        return any(
            one.phase == 0 and (one.result == faults.UNCLEAR or one.model == "judge" and one.fault in odd)
            for one in self.server.asked)

    async def life(self, arguments, number):
        command = [*self.binary, *arguments]
        life = await child.live(
            command, self.folder, self.environment, self.plan, f"life{number}", number == 1,
            self.accidents if number == 1 else None)
        life.command = command
        return life

    async def again(self, ledger):
        """The reports of the last run, rendered again, are the same bytes; the ledger can be read by its own command."""
        found = []
        for arguments in (
            ["report", "last", "--ledger", "disk/ledger.sqlite", "--json-file", "again.json", "--junit", "again.xml"],
            ["ledger", "show", "disk/ledger.sqlite", "--json"], ["history", "--ledger", "disk/ledger.sqlite"],
        ):
            life = await child.live([*self.binary, *arguments], self.folder, self.environment, self.plan, arguments[0], False)
            if life.code != 0:
                found.append(f"{' '.join(arguments[:2])} ended with {life.code}: {life.errors[-300:]!r}")
            found += invariants.terminal(life, arguments[0])
            if arguments[0] == "ledger" and life.code == 0:
                count = json.loads(life.output)["counts"]["responses"]
                if count != len(ledger.responses):
                    found.append(f"ledger show counts {count} responses of {len(ledger.responses)}")
        for name, other in (("again.json", "report.json"), ("again.xml", "junit.xml")):
            path = self.folder / name
            if path.exists() and path.read_bytes() != (self.folder / "disk" / other).read_bytes():
                found.append(f"reports: {other} rendered again is not the same")
        return found


def run(plan, binary, check_secrets):
    """Runs a plan in a folder of its own; returns what did not hold, a summary and the folder."""
    folder = tempfile.mkdtemp(prefix=f"sluice-chaos-{plan['seed']}-{plan['index']}-")
    (pathlib.Path(folder) / "plan.json").write_text(json.dumps(plan, indent=1) + "\n")
    began = time.monotonic()
    one = Run(plan, folder, binary, check_secrets)
    try:
        found, first, second = asyncio.run(one.run())
        codes = f"{first.code} {second.code}"
    except (Exception, sqlite3.Error) as error:
        import traceback
        found, codes = [f"harness: {error!r} {traceback.format_exc()[-700:]}"], "- -"
    (pathlib.Path(folder) / "asked.txt").write_text("".join(f"{item}\n" for item in one.server.asked))
    if not found:
        shutil.rmtree(folder, ignore_errors=True)
    return found, codes, time.monotonic() - began, folder
