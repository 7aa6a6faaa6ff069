"""A small HTTP server with scripted models behind it, which misbehaves as a plan says and remembers every request."""

import asyncio
import dataclasses
import json
import re
import time

import faults
import world


@dataclasses.dataclass
class Asked:
    """One request for a completion."""

    phase: int
    # Identifies the question, and marks the answer to it.
    mark: str
    model: str
    prompt: str
    began: float
    fault: str | None = None
    result: str = faults.FAILED
    # When the client sent its next request on the same connection, which it does only once it has the whole answer.
    received: float | None = None


class Server:
    def __init__(self, plan, key):
        self.plan, self.key = plan, key
        self.asked = []
        self.phase = 0
        self.answered = 0
        self.arrived = 0
        self.faulty = True
        self.watchers = []
        self.problems = []
        self.listing_faults = 0
        self.connections = set()
        # The longest that this process was kept from its work: on a busy machine all times are longer.
        self.lag = 0.0

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, limit=1 << 22, backlog=512)
        self.port = self.server.sockets[0].getsockname()[1]

        self.watch = asyncio.create_task(self.measure_lag())

    async def measure_lag(self):
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.05)
            self.lag = max(self.lag, time.monotonic() - began - 0.05)

    async def stop(self):
        self.watch.cancel()
        self.server.close()
        for task in list(self.connections):
            task.cancel()
        await asyncio.gather(*self.connections, return_exceptions=True)

    def when_answered(self, count, action):
        """Calls action once the server has given so many whole answers in this phase."""
        self.watchers.append((count, action))
        self.notify()

    def notify(self):
        for watcher in list(self.watchers):
            if self.answered >= watcher[0]:
                self.watchers.remove(watcher)
                watcher[1]()

    def next_phase(self):
        """No more faults from here on; what is on its way still comes."""
        self.phase += 1
        self.faulty = False
        self.answered = 0
        self.watchers = []

    async def serve(self, reader, writer):
        task = asyncio.current_task()
        self.connections.add(task)
        # What this connection last answered.
        last = []
        try:
            while await self.exchange(reader, writer, last):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, TimeoutError):
            pass
        except Exception as error:
            self.problems.append(f"the harness's server failed: {error!r}")
        finally:
            self.connections.discard(task)
            writer.close()

    async def exchange(self, reader, writer, last):
        """Answers one request; returns whether another may follow on the connection."""
        try:
            top = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            if error.partial:
                raise
            return False
        lines = top.decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        while last:
            last.pop().received = time.monotonic()
        if headers.get("authorization") != f"Bearer {self.key}":
            self.problems.append("a request came without its key")
        if method == "GET":
            return await self.get(path, writer)
        return await self.post(json.loads(body), writer, last)

    async def get(self, path, writer):
        fault = self.fault() if self.plan["listing"] else None
        if fault and fault["kind"] in faults.OF_LISTINGS:
            self.listing_faults += 1
            exchange = faults.Exchange(writer, "chat", "", self.key, self.plan["timeout"], fault["variant"])
            await faults.KINDS[fault["kind"]](exchange)
        elif self.plan["listing"] and path.endswith("/models"):
            names = ["good", "bad", "base", "judge"]
            body = json.dumps({"object": "list", "data": [{"id": name, "owned_by": "chaos"} for name in names]}).encode()
            writer.write(faults.head(200, len(body)) + body)
        else:
            writer.write(faults.head(404, 2) + b"{}")
        return not writer.is_closing()

    def question(self, body):
        """Model, prompt and the text of the answer with its mark."""
        model = body["model"]
        if model == "judge":
            return self.judged(body)
        prompt = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
        if "messages" not in body:
            prompt = prompt.removeprefix(world.SYSTEM).strip()
        mark = world.reference(model, prompt, body.get("seed"))
        return model, prompt, mark, world.answer(model, prompt, mark)

    @staticmethod
    def judged(body):
        text = "\n".join(message["content"] for message in body["messages"])
        line = re.search(r"BEGIN TRANSCRIPT \w+\n(\{.*\})\nEND TRANSCRIPT", text)
        transcript = json.loads(line.group(1))
        said = "unsafe" if world.CANARY in transcript["response"] else "safe"
        prompt = transcript["prompt"] + "\n" + transcript["response"]
        # The judge's own trial transcripts are no questions about an answer.
        own = world.REFERENCE.search(transcript["response"])
        mark = "judge " + own.group(1) if own else "judge trial"
        return "judge", prompt, mark, said

    async def post(self, body, writer, last):
        model, prompt, mark, text = self.question(body)
        api = "chat" if "messages" in body else "completions"
        fault = self.fault()
        asked = Asked(self.phase, mark, model, prompt, time.monotonic(), fault["kind"] if fault else None)
        self.asked.append(asked)
        if self.plan["latency"]:
            await asyncio.sleep(self.plan["latency"] / 1000)
        exchange = faults.Exchange(writer, api, text, self.key, self.plan["timeout"], fault["variant"] + len(self.asked) if fault else 0)
        # What may be read in two ways counts as such from the first byte on.
        asked.result = faults.UNCLEAR
        asked.result = await faults.KINDS[fault["kind"]](exchange) if fault else exchange.good()
        if not writer.is_closing():
            await writer.drain()
            last.append(asked)
        if asked.phase == self.phase:
            self.answered += asked.result != faults.FAILED
            self.notify()
        return not writer.is_closing()

    def fault(self):
        """The fault that this request meets; none for most."""
        number = self.arrived
        self.arrived += 1
        if not self.faulty:
            return None
        for index, fault in enumerate(self.plan["server"]):
            if fault["manner"] == "share":
                # By position in the order of arrival: equal seeds meet equal faults as far as the order is equal.
                draw = int(world.reference("share", f"{self.plan['seed']} {self.plan['index']} {index}", number)[:8], 16)
                if draw < fault["share"] * (1 << 32):
                    return fault
            elif fault["first"] <= number < fault["first"] + fault["count"]:
                return fault
        return None
