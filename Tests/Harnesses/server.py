"""An OpenAI-shaped server on loopback that gives every model's answers from a table, so that all clients get the same."""

import http.server
import json
import threading

GREETING = "good morning, this is the lamp shop."


class Server:
    """Answers by what the user said, turn by turn: whatever the assistant or a system prompt said makes no difference."""

    def __init__(self, answers):
        """answers: by model and user turns, as a tuple."""
        self.answers, self.asked = answers, {}
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.reply({"object": "list", "data": [{"id": model, "object": "model", "created": 0, "owned_by": "lab"}
                                                       for model in owner.answers]})

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                owner.asked[body["model"]] = owner.asked.get(body["model"], 0) + 1
                turns = tuple(text(m["content"]) for m in body["messages"] if m["role"] == "user")
                said = owner.answers[body["model"]].get(turns, GREETING)
                message = {"role": "assistant", "content": said, "refusal": None}
                tokens = {"prompt_tokens": sum(map(len, turns)), "completion_tokens": len(said)}
                self.reply({
                    "id": "chatcmpl-lab", "object": "chat.completion", "created": 0, "model": body["model"],
                    "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
                    "usage": {**tokens, "total_tokens": sum(tokens.values())}})

            def reply(self, document):
                data = json.dumps(document).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        class Listener(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self.server = Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def text(content):
    return content if isinstance(content, str) else "\n".join(part.get("text", "") for part in content)
