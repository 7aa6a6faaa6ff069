"""The job of Sluice's replay as one would write it with aiohttp: POST each prompt `samples` times as a chat completion over
`concurrency` kept connections, read the reply, and commit its text to SQLite (write-ahead log, everything that waits in one
transaction). It judges nothing, retries nothing and decides nothing.

    aiohttp_replay.py URL SEEDS SAMPLES CONCURRENCY LEDGER asyncio|uvloop [CERTIFICATE]
"""

import asyncio
import json
import sqlite3
import ssl
import sys

import aiohttp


async def main(url, seeds, samples, concurrency, ledger, certificate=None):
    with open(seeds, encoding="utf-8") as lines:
        prompts = [json.loads(line)["prompt"] for line in lines]
    database = sqlite3.connect(ledger, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("CREATE TABLE responses (prompt INTEGER, sample INTEGER, text TEXT, tokens INTEGER, PRIMARY KEY (prompt, sample))")
    waiting, committed = [], 0

    def commit():
        nonlocal committed
        if waiting:
            database.execute("BEGIN")
            database.executemany("INSERT INTO responses VALUES (?, ?, ?, ?)", waiting)
            database.execute("COMMIT")
            committed += len(waiting)
            waiting.clear()

    async def ask(session, questions):
        for prompt, sample in questions:
            body = {
                "model": "load",
                "messages": [{"role": "user", "content": prompts[prompt]}],
                "temperature": 1.0,
                "top_p": 1.0,
                "max_tokens": 64,
                "seed": prompt * samples + sample,
                "stream": False,
            }
            async with session.post(url, json=body) as response:
                response.raise_for_status()
                reply = await response.json()
            text = reply["choices"][0]["message"]["content"]
            waiting.append((prompt, sample, text, reply["usage"]["completion_tokens"]))
            if len(waiting) >= 256:
                commit()

    questions = ((prompt, sample) for prompt in range(len(prompts)) for sample in range(samples))
    context = ssl.create_default_context(cafile=certificate) if certificate else True
    connector = aiohttp.TCPConnector(limit=concurrency, ssl=context)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(ask(session, questions) for _ in range(concurrency)))
    commit()
    if committed != len(prompts) * samples:
        sys.exit(f"{committed} responses committed, not {len(prompts) * samples}")
    print(committed)


if __name__ == "__main__":
    url, seeds, samples, concurrency, ledger, loop, *rest = sys.argv[1:]
    if loop == "uvloop":
        import uvloop

        uvloop.install()
    asyncio.run(main(url, seeds, int(samples), int(concurrency), ledger, *rest))
