"""Holds the replies beside this script, and a signed request of Sluice's, against the providers' own clients.

Not run in CI. From the repository's root, after a build:

    python3 -m venv /tmp/clients && /tmp/clients/bin/pip install anthropic openai ollama boto3
    SLUICE=.build/release/sluice /tmp/clients/bin/python Tests/TargetsTests/Replies/check_replies.py
"""

import http.server
import json
import os
import pathlib
import subprocess
import tempfile
import threading

import anthropic
import boto3
import ollama
import openai
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]
ACCESS, SECRET, TOKEN = "AKIDSLUICECHECK1", "secret-of-the-check-1", "token-of-the-check-1"


class Server(http.server.BaseHTTPRequestHandler):
    reply, status, signed = b"{}", 200, []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Authorization", "").startswith("AWS4"):
            Server.signed.append(self.is_signed(body))
        self.send_response(Server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(Server.reply)))
        self.end_headers()
        self.wfile.write(Server.reply)

    def is_signed(self, body):
        """Whether the signature is what botocore makes of the request."""
        fields = dict(part.strip().split("=", 1) for part in self.headers["Authorization"].split(" ", 1)[1].split(","))
        names = fields["SignedHeaders"].split(";")
        request = AWSRequest(
            "POST", f"http://{self.headers['Host']}{self.path}", data=body,
            headers={name: self.headers[name] for name in names})
        request.context["timestamp"] = self.headers["X-Amz-Date"]
        signer = SigV4Auth(Credentials(ACCESS, SECRET, TOKEN), "bedrock", "eu-west-1")
        text = signer.string_to_sign(request, signer.canonical_request(request))
        return signer.signature(text, request) == fields["Signature"] and "x-amz-security-token" in names

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{server.server_port}"


def serve(name, status=200):
    Server.reply, Server.status = (HERE / f"{name}.json").read_bytes(), status
    json.loads(Server.reply)


ASKED = [{"role": "user", "content": "Hello"}]


def check_anthropic():
    client = anthropic.Anthropic(api_key="k", base_url=URL, max_retries=0)
    for name, reason in [
        ("text", "end_turn"), ("thinking", "end_turn"), ("refusal", "refusal"), ("cut", "max_tokens"), ("tool", "tool_use")
    ]:
        serve(f"anthropic-{name}")
        message = client.messages.create(model="m", max_tokens=9, messages=ASKED)
        assert message.stop_reason == reason and message.usage.input_tokens == 11, message
        assert all(block.type in ("text", "thinking", "redacted_thinking", "tool_use") for block in message.content)
    serve("anthropic-overloaded", 529)
    try:
        client.messages.create(model="m", max_tokens=9, messages=ASKED)
        raise SystemExit("an overloaded server was taken for an answer")
    except anthropic.APIStatusError as error:
        assert error.status_code == 529 and "Overloaded" in error.message


def check_azure():
    client = openai.AzureOpenAI(api_key="k", azure_endpoint=URL, api_version="2024-10-21", max_retries=0)
    for name, reason in [("text", "stop"), ("filtered", "content_filter")]:
        serve(f"azure-{name}")
        completion = client.chat.completions.create(model="m", messages=ASKED)
        assert completion.choices[0].finish_reason == reason and completion.usage.prompt_tokens == 11
    serve("azure-filter-400", 400)
    try:
        client.chat.completions.create(model="m", messages=ASKED)
        raise SystemExit("a filtered prompt was taken for an answer")
    except openai.BadRequestError as error:
        assert error.code == "content_filter"


def check_openai():
    serve("openai-response")
    response = openai.OpenAI(api_key="k", base_url=URL, max_retries=0).responses.create(model="m", input="Hello")
    assert response.output_text == "We open at nine." and response.status == "completed", response
    assert response.usage.input_tokens == 12 and [item.type for item in response.output] == ["reasoning", "message"]
    tokens = response.output[1].content[0].logprobs[0]
    assert tokens.token == "We" and [other.logprob for other in tokens.top_logprobs] == [-0.25, -2.5]


def check_ollama():
    client = ollama.Client(host=URL)
    for name, reason in [("text", "stop"), ("thinking", "length")]:
        serve(f"ollama-{name}")
        response = client.chat(model="clinic", messages=ASKED)
        assert response.done_reason == reason and response.message.content == "Hello." and response.eval_count == 7
    assert response.message.thinking


def check_bedrock():
    client = boto3.client(
        "bedrock-runtime", endpoint_url=URL, region_name="eu-west-1", aws_access_key_id=ACCESS,
        aws_secret_access_key=SECRET, aws_session_token=TOKEN)
    for name, reason in [("text", "end_turn"), ("reasoning", "max_tokens"), ("guardrail", "guardrail_intervened")]:
        serve(f"bedrock-{name}")
        response = client.converse(
            modelId="example.model-v1:0", messages=[{"role": "user", "content": [{"text": "Hello"}]}])
        assert response["stopReason"] == reason and "totalTokens" in response["usage"], response
        assert response["output"]["message"]["content"]
    assert Server.signed == [True] * 3, "botocore doesn't verify botocore"


def check_signature():
    """Runs Sluice against the server: every request of its must be signed as botocore would sign it."""
    Server.signed.clear()
    serve("bedrock-text")
    with tempfile.TemporaryDirectory() as folder:
        prompts = "".join(json.dumps({"prompt": f"Hello {n} é", "category": "c"}) + "\n" for n in range(8))
        pathlib.Path(folder, "seeds.jsonl").write_text(prompts)
        pathlib.Path(folder, "policy.yaml").write_text(f"""
version: 1
name: signatures
targets:
  candidate: {{kind: bedrock, region: eu-west-1, url: '{URL}', model: 'example.model-v1:0', access_key_env: A,
    secret_key_env: S, session_token_env: T}}
judges: {{confirm: {{kind: rules, file: {ROOT}/fixtures/lab/rules.yaml}}}}
suite: {{seeds: seeds.jsonl}}
checks: [{{metric: replay.asr, at_most: 0.9}}]
ledger: {{path: ledger.sqlite}}
""")
        subprocess.run(
            [os.path.abspath(os.environ["SLUICE"]), "run", "policy.yaml", "--quiet"], cwd=folder, timeout=60,
            env={"PATH": os.environ["PATH"], "A": ACCESS, "S": SECRET, "T": TOKEN})
    assert len(Server.signed) > 8 and all(Server.signed), Server.signed


if __name__ == "__main__":
    for check in [check_anthropic, check_azure, check_openai, check_ollama, check_bedrock, check_signature]:
        check()
        print("ok", check.__name__)
