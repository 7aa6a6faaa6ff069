"""llama.cpp's server on the prompts of `.ci/bench local`: starts it, asks, and says what it took.

Usage: llama_rows.py SERVER MODEL ROWS TOKENS PROMPTS
PROMPTS is a JSON file with a list of texts; ROWS of them are asked at once, each completed by exactly TOKENS tokens.
Says one line on standard error: tokens, seconds, peak memory in bytes.
"""
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

server, model, rows, tokens, prompts = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), json.load(open(sys.argv[5]))
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
url = f"http://127.0.0.1:{port}"
# Room for each row's prompt and answer.
context = rows * 512
process = subprocess.Popen(
    [server, "--model", model, "--host", "127.0.0.1", "--port", str(port), "--parallel", str(rows), "--ctx-size", str(context),
     "--threads", str(os.cpu_count()), "--threads-http", str(rows + 2)],
    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def ask(prompt):
    body = json.dumps({"prompt": prompt, "n_predict": tokens, "ignore_eos": True}).encode()
    request = urllib.request.Request(url + "/completion", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=600) as answer:
        return json.load(answer)["tokens_predicted"]


try:
    for _ in range(600):
        try:
            urllib.request.urlopen(url + "/health", timeout=2).read()
            break
        except OSError:
            if process.poll() is not None:
                sys.exit(f"llama-server ended with {process.returncode}")
            time.sleep(0.2)
    ask("Hello")
    began = time.monotonic()
    with ThreadPoolExecutor(rows) as pool:
        made = sum(pool.map(ask, prompts))
    seconds = time.monotonic() - began
    status = open(f"/proc/{process.pid}/status").read()
    peak = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
    print(made, seconds, peak, file=sys.stderr)
except OSError:
    try:
        sys.exit(f"llama-server ended with {process.wait(5)}")
    except subprocess.TimeoutExpired:
        pass
    raise
finally:
    # It has nothing to keep, and a signal that can be held back may be: this script's parent may hold back all.
    process.kill()
    process.wait()
