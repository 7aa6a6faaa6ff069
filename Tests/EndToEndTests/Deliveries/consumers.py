"""What services are told, before the parsers that others wrote: called by .ci/deliver with the program's path."""

import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

ROOT = pathlib.Path(__file__).resolve().parents[3]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
POLICY = """
version: 1
name: told
targets: {{candidate: {{kind: local, checkpoint: lab/assistant-1.2}}, baseline: {{kind: local, checkpoint: lab/assistant-1.0}}}}
judges: {{confirm: {{kind: rules, file: lab/rules.yaml}}}}
suite: {{seeds: lab/seeds.jsonl, responses: 1}}
{mode}
checks: [{{metric: replay.asr, at_most: 0.1}}, {{metric: replay.newly_broken, at_most: 0}}, {{metric: run.coverage, at_least: 0.9}}]
report:
  webhook: {{url: "{url}/hook", secret_env: HOOK}}
  otlp: {{url: "{url}"}}
"""


class Receiver(http.server.BaseHTTPRequestHandler):
    seen = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.path, dict(self.headers.items()), body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments):
        pass


def attribute(record, key):
    for item in record.attributes:
        if item.key == key:
            return getattr(item.value, item.value.WhichOneof("value"))
    return None


def check(binary, mode):
    """Returns how many figures and events the consumers read."""
    Receiver.seen = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "lab").symlink_to(ROOT / "fixtures/lab")
        url = f"http://127.0.0.1:{server.server_port}"
        (folder / "policy.yaml").write_text(POLICY.format(url=url, mode=mode))
        environment = {"PATH": os.environ["PATH"], "HOME": name, "HOOK": SECRET}
        run = subprocess.run([binary, "run", "policy.yaml", "--json", "--quiet"], cwd=folder, env=environment, capture_output=True)
        summary = json.loads(run.stdout)["summary"]
        assert run.returncode == summary["exitCode"], run.stderr
    server.shutdown()
    by_path = {path: (headers, body) for path, headers, body in Receiver.seen}
    assert set(by_path) == {"/hook", "/v1/metrics", "/v1/logs"}, sorted(by_path)

    headers, body = by_path["/hook"]
    message = Webhook(SECRET).verify(body, {key.lower(): value for key, value in headers.items()})
    assert message["data"]["verdict"] == summary["verdict"] and message["data"]["run"] == summary["run"]
    for broken in (body + b" ", body.replace(b"fail", b"pass")):
        try:
            Webhook(SECRET).verify(broken, {key.lower(): value for key, value in headers.items()})
        except WebhookVerificationError:
            continue
        raise AssertionError("a changed message was accepted")

    metrics = json_format.Parse(by_path["/v1/metrics"][1], ExportMetricsServiceRequest())
    gauges = {metric.name: metric.gauge.data_points for scope in metrics.resource_metrics[0].scope_metrics for metric in scope.metrics}
    values = {attribute(point, "sluice.check"): point.as_double for point in gauges["sluice.check.value"]}
    for entry in summary["checks"]:
        assert abs(values[entry["name"]] - entry["estimate"]["value"]) < 1e-9, entry["name"]
    logs = json_format.Parse(by_path["/v1/logs"][1], ExportLogsServiceRequest())
    records = [record for scope in logs.resource_logs[0].scope_logs for record in scope.log_records]
    assert {record.event_name for record in records} == {"gen_ai.evaluation.result"}
    labels = {attribute(record, "gen_ai.evaluation.name"): attribute(record, "gen_ai.evaluation.score.label") for record in records}
    assert labels == {entry["name"]: entry["verdict"] for entry in summary["checks"]}
    return sum(len(points) for points in gauges.values()), len(records)


def main(binary):
    figures = events = 0
    for mode in ("mode: gate", "mode: observe"):
        more = check(binary, mode)
        figures, events = figures + more[0], events + more[1]
    print(f"deliver figures={figures} events={events} ok")


main(*sys.argv[1:])
