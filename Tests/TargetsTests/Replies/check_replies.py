"""Holds the replies beside this script, and what Sluice asks, against the providers' own clients: called by .ci/clients.

Prompts, conversations and tools are asked of every kind of target. Each request has to be one that the provider's client could have
made, by its own types, with nothing beside them; a signed one has the signature that botocore makes.
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
import botocore.session
import botocore.validate
import ollama
import ollama._types
import openai
import pydantic
from anthropic.types import message_create_params
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from openai.types.chat import completion_create_params
from openai.types.responses import response_create_params

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]
ACCESS, SECRET, TOKEN = "AKIDSLUICECHECK1", "secret-of-the-check-1", "token-of-the-check-1"


class Server(http.server.BaseHTTPRequestHandler):
    reply, status, signed = b"{}", 200, []
    # Where there are any: the reply that calls a tool, the one that doesn't, and what was asked.
    pair, asked = None, []

    def do_GET(self):
        self.answer()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if Server.pair:
            document = json.loads(body)
            Server.asked.append(document)
            # A tool is called once a conversation.
            calls = "tools" in document or "toolConfig" in document
            answered = '"lookup"' in json.dumps(document.get("messages") or document.get("input"))
            Server.reply = Server.pair[0 if calls and not answered else 1]
        if self.headers.get("Authorization", "").startswith("AWS4"):
            Server.signed.append(self.is_signed(body))
        self.answer()

    def answer(self):
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
    serve("anthropic-model")
    assert client.models.retrieve("claude-test-1").type == "model"
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
    serve("ollama-tags")
    assert client.list().models


def bedrock():
    return boto3.client(
        "bedrock-runtime", endpoint_url=URL, region_name="eu-west-1", aws_access_key_id=ACCESS,
        aws_secret_access_key=SECRET, aws_session_token=TOKEN)


def check_bedrock():
    client = bedrock()
    for name, reason in [("text", "end_turn"), ("reasoning", "max_tokens"), ("guardrail", "guardrail_intervened")]:
        serve(f"bedrock-{name}")
        response = client.converse(
            modelId="example.model-v1:0", messages=[{"role": "user", "content": [{"text": "Hello"}]}])
        assert response["stopReason"] == reason and "totalTokens" in response["usage"], response
        assert response["output"]["message"]["content"]
    assert Server.signed == [True] * 3, "botocore doesn't verify botocore"


def check_tools():
    """The replies that call a tool."""
    serve("openai-tool")
    call = openai.OpenAI(api_key="k", base_url=URL, max_retries=0).chat.completions.create(
        model="m", messages=ASKED).choices[0].message.tool_calls[0]
    assert call.function.name == "lookup" and json.loads(call.function.arguments) == {"q": "opening hours"}
    serve("openai-response-tool")
    item = openai.OpenAI(api_key="k", base_url=URL, max_retries=0).responses.create(model="m", input="Hello").output[0]
    assert item.type == "function_call" and item.name == "lookup" and item.call_id == "call_1"
    serve("ollama-tool")
    call = ollama.Client(host=URL).chat(model="clinic", messages=ASKED).message.tool_calls[0]
    assert call.function.name == "lookup" and call.function.arguments["q"] == "opening hours"
    serve("bedrock-tool")
    content = bedrock().converse(
        modelId="example.model-v1:0", messages=[{"role": "user", "content": [{"text": "Hello"}]}])["output"]["message"]["content"]
    assert content[1]["toolUse"]["name"] == "lookup" and content[1]["toolUse"]["input"] == {"q": "opening hours"}
    Server.signed.clear()


LOOKUP = {"name": "lookup", "description": "Looks up.", "parameters": {
    "type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}, "result": "from nine to five"}
TOOLS = [{"type": "function", "function": {key: value for key, value in LOOKUP.items() if key != "result"},
          "result": LOOKUP["result"]}]
LINES = [
    {"prompt": "Hello é 灯"},
    {"prompt": "Hello", "system": "You mind the clinic."},
    {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi."},
                  {"role": "user", "content": "When do you open?"}]},
    {"turns": ["Hello", "When do you open?", "And on Sundays?"]},
    {"prompt": "When do you open?", "tools": TOOLS},
    {"turns": ["When do you open?", "Thanks."], "system": "You mind the clinic.", "tools": TOOLS},
    {"messages": [
        {"role": "user", "content": "When?"},
        {"role": "assistant", "content": "", "tool_calls": [
            {"id": "call_9", "type": "function", "function": {"name": "lookup", "arguments": "{\"q\": \"hours\"}"}}]},
        {"role": "tool", "tool_call_id": "call_9", "content": "nine"}], "tools": TOOLS},
]


def exhausted(value):
    """Values that pydantic validates as they are taken."""
    if isinstance(value, dict):
        return {key: exhausted(one) for key, one in value.items()}
    if isinstance(value, pydantic.BaseModel):
        return exhausted(value.model_dump(exclude_unset=True))
    return value if isinstance(value, (str, int, float, bool, type(None))) else [exhausted(one) for one in value]


def typed(kind, extensions=()):
    """Holds a request against a type of the client's. What the type doesn't know would be missing from what comes back."""
    adapter = pydantic.TypeAdapter(kind)

    def check(body):
        body = {key: value for key, value in body.items() if key not in extensions}
        found = exhausted(adapter.validate_python(body))
        assert found == body, f"the client's types don't know all of {json.dumps(body)}: {json.dumps(found)}"

    return check


def converse(body):
    model = botocore.session.get_session().get_service_model("bedrock-runtime").operation_model("Converse").input_shape
    report = botocore.validate.ParamValidator().validate(body | {"modelId": "example.model-v1:0"}, model)
    assert not report.has_errors(), report.generate_report()


# The kind of target, the path below the server, the replies, and what holds a request against the client's types.
CHAT = typed(completion_create_params.CompletionCreateParamsNonStreaming)
KINDS = {
    "openai": ("kind: openai, model: m", "", ("openai-tool", "azure-text"), CHAT),
    "responses": ("kind: openai, api: responses, model: m", "", ("openai-response-tool", "openai-response"),
                  typed(response_create_params.ResponseCreateParamsNonStreaming)),
    "azure": ("kind: azure, model: m, api_version: 2024-10-21, api_key_env: S", "", ("openai-tool", "azure-text"), CHAT),
    "anthropic": ("kind: anthropic, model: m, max_tokens: 9, api_key_env: S", "", ("anthropic-tool", "anthropic-text"),
                  # Version 2 of the client lists these no more. Sluice leaves them out where a model refuses them.
                  typed(message_create_params.MessageCreateParamsNonStreaming, ("temperature", "top_p"))),
    "ollama": ("kind: ollama, model: m", "", ("ollama-tool", "ollama-text"), typed(ollama._types.ChatRequest)),
    "bedrock": ("kind: bedrock, region: eu-west-1, model: 'example.model-v1:0', access_key_env: A, secret_key_env: S, "
                "session_token_env: T", "", ("bedrock-tool", "bedrock-text"), converse),
}


def check_requests():
    """Every request that Sluice makes of prompts, conversations and tools. Returns their number."""
    count = 0
    for name, (kind, path, replies, check) in KINDS.items():
        Server.pair, Server.status = [(HERE / f"{reply}.json").read_bytes() for reply in replies], 200
        Server.asked.clear()
        Server.signed.clear()
        with tempfile.TemporaryDirectory() as folder:
            lines = [line | {"category": "c", "cluster": f"c{number}"} for number, line in enumerate(LINES)]
            pathlib.Path(folder, "seeds.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
            pathlib.Path(folder, "policy.yaml").write_text(f"""
version: 1
name: clients
targets: {{candidate: {{{kind}, url: '{URL}{path}', concurrency: 1}}}}
judges: {{confirm: {{kind: rules, file: {ROOT}/fixtures/lab/rules.yaml}}}}
suite: {{seeds: seeds.jsonl, responses: 1, early_stop: off}}
checks: [{{metric: replay.asr, at_most: 0.9}}]
ledger: {{path: ledger.sqlite}}
""")
            ended = subprocess.run(
                [os.path.abspath(os.environ["SLUICE"]), "run", "policy.yaml", "--quiet"], cwd=folder, timeout=60,
                env={"PATH": os.environ["PATH"], "A": ACCESS, "S": SECRET, "T": TOKEN}, capture_output=True, text=True)
        assert ended.returncode in (0, 1, 2), f"{name}: {ended.stderr}"
        # One for each prompt and turn, another for each tool that is called, and the probe of preflight.
        assert len(Server.asked) >= 13, f"{name}: {len(Server.asked)} requests"
        assert any('"lookup"' in json.dumps(body.get("messages") or body.get("input")) for body in Server.asked), name
        for body in Server.asked:
            try:
                check(body)
            except Exception as error:
                raise SystemExit(f"{name}: {json.dumps(body, ensure_ascii=False)}\n{error}") from error
        assert name != "bedrock" or (len(Server.signed) == len(Server.asked) and all(Server.signed)), Server.signed
        count += len(Server.asked)
        print("ok", name, len(Server.asked), "requests", "signed" if Server.signed else "", flush=True)
    Server.pair = None
    return count


if __name__ == "__main__":
    checks = [check_anthropic, check_azure, check_openai, check_ollama, check_bedrock, check_tools]
    for check in checks:
        check()
        print("ok", check.__name__, flush=True)
    print(f"clients replies={len(list(HERE.glob('*.json')))} requests={check_requests()} ok")
