"""Starts the binary under a plan's accidents, and tells how it ended."""

import asyncio
import dataclasses
import os
import pty
import resource
import signal
import time

# A life may take its wall clock and this many seconds more (start, tidy end, reports) before it counts as hanging.
GRACE = 45


@dataclasses.dataclass
class Life:
    code: int | None
    output: str
    errors: str
    began: float
    ended: float
    # When a signal was sent or the disk filled; none where that never happened.
    disturbed: float | None = None
    leftover: list = dataclasses.field(default_factory=list)
    tty: bool = False


def shut(streams, limit):
    """For the child, between fork and exec."""
    def prepare():
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        for part in (streams or "").split():
            if part in (">&-", "2>&-", "<&-"):
                os.close({">&-": 1, "2>&-": 2, "<&-": 0}[part])
            elif part in (">/dev/full", "2>/dev/full"):
                os.dup2(os.open("/dev/full", os.O_WRONLY), 2 if part[0] == "2" else 1)
    return prepare


def session_members(session):
    """Live processes of a session, zombies left out."""
    members = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            members.append(int(name))
    return members


async def live(command, folder, environment, plan, prefix, accidents, on_start=None):
    """Runs the command to its end.

    accidents: whether signals, disk limits and broken streams of the plan apply. on_start gets the process's identifier.
    """
    streams = plan["streams"] if accidents else None
    disk = plan["disk"] if accidents else None
    limit = disk["bytes"] if disk and disk["kind"] == "limit" else None
    out_path, err_path = folder / f"{prefix}.out", folder / f"{prefix}.err"
    out, err = os.open(out_path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC), os.open(err_path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    null = os.open(os.devnull, os.O_RDONLY)
    own, master, said = [out, err, null], None, bytearray()
    stdout, stderr = out, err
    if streams == "tty":
        master, slave = pty.openpty()
        own.append(slave)
        stdout = stderr = slave
    elif streams == "|true":
        read, write = os.pipe()
        os.close(read)
        own.append(write)
        stdout = write
    began = time.monotonic()
    # The file limit must not cut what the harness itself keeps of the streams.
    if limit is not None and master is None:
        master, slave = pty.openpty()
        own.append(slave)
        stdout, stderr = (slave, slave) if streams is None else (stdout, slave)
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment, stdin=null, stdout=stdout, stderr=stderr, start_new_session=True,
        preexec_fn=shut(streams, limit))
    for file in own:
        os.close(file)
    loop = asyncio.get_running_loop()
    if master is not None:
        os.set_blocking(master, False)

        def take():
            try:
                data = os.read(master, 1 << 16)
            except OSError:
                data = b""
            said.extend(data)
            if not data:
                loop.remove_reader(master)
        loop.add_reader(master, take)
    if on_start:
        on_start(process.pid)
    code = None
    try:
        code = await asyncio.wait_for(process.wait(), plan["wall_clock"] + GRACE)
    except TimeoutError:
        pass
    ended = time.monotonic()
    leftover = [member for member in session_members(process.pid) if member != process.pid]
    for member in leftover + ([process.pid] if code is None else []):
        try:
            os.kill(member, signal.SIGKILL)
        except ProcessLookupError:
            pass
    await process.wait()
    if master is not None:
        await asyncio.sleep(0.02)
        loop.remove_reader(master)
        os.close(master)
    # Bytes that are no text are kept as they are, so that what a terminal would get is what is looked at.
    text = bytes(said).decode("utf-8", "surrogateescape")
    output, errors = (path.read_bytes().decode("utf-8", "surrogateescape") for path in (out_path, err_path))
    return Life(code, output + text if stdout != out or stderr != err else output, errors, began, ended, leftover=leftover,
                tty=bool(said) or streams == "tty")
