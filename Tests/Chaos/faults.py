"""What a server may do instead of answering. Each function writes to one connection and tells what it has done."""

import asyncio
import base64
import functools
import gzip
import json
import random
import socket
import struct
import zlib

# What became of a question: answered as it should be, not answered, or something that may be taken either way.
ANSWERED, FAILED, UNCLEAR = "answered", "failed", "unclear"

# Everything that a terminal would obey and a reader not see; the words around it are looked for in what Sluice writes.
HOSTILE = (
    "\x1b[31mCHAOS\x1b]0;CHAOS\x07\x1b[2J \x9b31m \u202eSOAHC\u202c \u2066x\u2069 \u200b\u2028\u2029\ufeff"
    "\r\b\x7f <script>CHAOS()</script> <img src=x onerror=CHAOS()> ]]> & |pipe| `tick` [link](javascript:CHAOS) ::warning::CHAOS"
)


def chat(api, text, finish="stop", **more):
    choice = {"index": 0, "finish_reason": finish}
    choice.update({"message": {"role": "assistant", "content": text}} if api == "chat" else {"text": text})
    body = {"id": "x", "object": "chat.completion", "choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 9}}
    body.update(more)
    return body


def head(status, length, headers=()):
    lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json", *headers]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


class Exchange:
    """One request and the connection that it came on."""

    def __init__(self, writer, api, text, key, timeout, variant):
        self.writer, self.api, self.text, self.key, self.timeout = writer, api, text, key, timeout
        self.random = random.Random(variant)

    def json(self, status, value, headers=()):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.writer.write(head(status, len(body), headers) + body)

    def error(self, status, message="no", headers=()):
        self.json(status, {"error": {"message": message, "type": "chaos", "code": None}}, headers)

    @property
    def whole(self):
        return json.dumps(chat(self.api, self.text)).encode()

    def close(self):
        self.writer.close()

    def reset(self):
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def good(self):
        self.json(200, self.whole)
        return ANSWERED


KINDS = {}
# Those that a list of models meets too, where the server has one.
OF_LISTINGS = {"500", "503", "429", "reset", "close", "garbage", "cut-json", "cut-body", "empty-body", "html"}


def kind(name):
    def add(function):
        KINDS[name] = function
        return function
    return add


def simple(name, status, message="no"):
    async def fault(x):
        x.error(status, message)
        return FAILED
    KINDS[name] = fault


simple("404", 404)
simple("500", 500)
simple("503", 503)
simple("400", 400, "the prompt is not to my taste")


@kind("reset")
async def reset(x):
    x.reset()
    return FAILED


@kind("reset-within")
async def reset_within(x):
    x.writer.write(head(200, len(x.whole)) + x.whole[: len(x.whole) // 2])
    await x.writer.drain()
    x.reset()
    return FAILED


@kind("close")
async def close(x):
    x.close()
    return FAILED


@kind("429")
async def busy(x):
    x.error(429, "slow down", [f"Retry-After: {x.random.choice([0, 0, 1])}"])
    return FAILED


@kind("retry-after-long")
async def busy_long(x):
    wait = x.random.choice(["3600", "Fri, 31 Dec 2099 23:59:59 GMT", "99999999999999999999", "9223372036854775807"])
    x.error(x.random.choice([429, 503]), "slow down", [f"Retry-After: {wait}"])
    return FAILED


@kind("retry-after-odd")
async def busy_odd(x):
    x.error(429, "slow down", [f"Retry-After: {x.random.choice(['-5', 'abc', '', '0.5', '1e3', chr(9)])}"])
    return FAILED


@kind("garbage")
async def garbage(x):
    x.json(200, x.random.randbytes(x.random.choice([1, 40, 5000])))
    return FAILED


@kind("no-http")
async def no_http(x):
    x.writer.write(x.random.choice([x.random.randbytes(300), b"\0" * 100, b"SSH-2.0-chaos\r\n", b"HTTP/1.1 \r\n\r\n"]))
    await x.writer.drain()
    x.close()
    return FAILED


@kind("cut-json")
async def cut_json(x):
    x.json(200, x.whole[: x.random.randrange(1, len(x.whole) - 1)])
    return FAILED


@kind("cut-body")
async def cut_body(x):
    x.writer.write(head(200, len(x.whole)) + x.whole[: x.random.randrange(len(x.whole))])
    await x.writer.drain()
    x.close()
    return FAILED


@kind("length-too-short")
async def short_length(x):
    x.writer.write(head(200, len(x.whole) - x.random.randrange(1, 30)) + x.whole)
    return FAILED


@kind("length-too-long")
async def long_length(x):
    x.writer.write(head(200, len(x.whole) + 50) + x.whole)
    await x.writer.drain()
    await asyncio.sleep(0.3)
    x.close()
    return FAILED


@kind("length-absurd")
async def absurd_length(x):
    length = x.random.choice(["-1", "abc", "99999999999999999999", "9223372036854775807", "12, 13"])
    x.writer.write(head(200, None, [f"Content-Length: {length}"]) + x.whole)
    await x.writer.drain()
    x.close()
    return UNCLEAR


@kind("ghost")
async def ghost(x):
    """A second answer right behind the first: a client that takes it for the answer to its next question is lost.

    One that comes after the next question was sent is no different from an answer, for every client of HTTP/1.1.
    """
    spirit = json.dumps(chat(x.api, "Sorry, I can not help with that. ref ghost")).encode()
    x.writer.write(head(200, len(x.whole)) + x.whole + head(200, len(spirit)) + spirit)
    return UNCLEAR


@kind("drip")
async def drip(x):
    x.writer.write(head(200, len(x.whole)))
    step = max(1, len(x.whole) // 10)
    for start in range(0, len(x.whole), step):
        x.writer.write(x.whole[start : start + step])
        await x.writer.drain()
        await asyncio.sleep(0.2 * x.timeout / 10)
    return UNCLEAR


@kind("drip-for-ever")
async def drip_for_ever(x):
    x.writer.write(head(200, 1 << 20))
    for byte in b" " * 400:
        x.writer.write(bytes([byte]))
        await x.writer.drain()
        await asyncio.sleep(0.1)
        if x.writer.is_closing():
            break
    return FAILED


@kind("headers-for-ever")
async def headers_for_ever(x):
    x.writer.write(b"HTTP/1.1 200 X\r\n")
    for count in range(400):
        x.writer.write(f"X-Chaos-{count}: 1\r\n".encode())
        await x.writer.drain()
        await asyncio.sleep(0.1)
        if x.writer.is_closing():
            break
    return FAILED


@kind("silence")
async def silence(x):
    await asyncio.sleep(2.5 * x.timeout)
    x.close()
    return FAILED


@kind("slow-first-byte")
async def slow(x):
    await asyncio.sleep(0.3 * x.timeout)
    x.good()
    return UNCLEAR


@kind("huge-usage")
async def usage(x):
    number = x.random.choice(
        ["9223372036854775807", "9223372036854775808", "-9223372036854775808", "1e308", "1e999", "-5", "NaN", '"7"', "null", "[]"])
    text = json.dumps(chat(x.api, x.text, usage="@")).replace('"@"', f'{{"prompt_tokens":{number},"completion_tokens":{number}}}')
    x.json(200, text.encode())
    return UNCLEAR if number == "NaN" or number == "1e999" else ANSWERED


@kind("empty-body")
async def empty(x):
    x.writer.write(head(x.random.choice([200, 204]), 0))
    return FAILED


@kind("empty-content")
async def empty_content(x):
    x.json(200, chat(x.api, x.random.choice(["", " ", None])))
    return UNCLEAR


@kind("html")
async def html(x):
    body = f"<!doctype html><html><body><h1>{HOSTILE}</h1></body></html>".encode()
    x.writer.write(head(x.random.choice([200, 200, 502]), len(body), ["X-A: b"]).replace(b"application/json", b"text/html") + body)
    return FAILED


def encodings(key):
    """The key as a server may give it back."""
    return [key, key[::-1], base64.b64encode(key.encode()).decode(), "".join(f"%{byte:02x}" for byte in key.encode())]


@kind("key-echoed")
async def key_echoed(x):
    said = x.random.choice(encodings(x.key))
    choice = x.random.randrange(6)
    if choice == 0:
        x.json(200, chat(x.api, f"{x.text} {said}"))
    elif choice == 1:
        x.json(200, chat(x.api, x.text, finish=said))
        return UNCLEAR
    elif choice == 2:
        x.json(200, chat(x.api, x.text), [f"X-Key: {said}", f"Server: {said}"])
    elif choice == 3:
        x.error(x.random.choice([400, 500, 429]), f"wrong key {said} was given")
        return FAILED
    elif choice == 4:
        x.error(302, "moved", [f"Location: http://user:{said}@127.0.0.1:1/{said}"])
        return FAILED
    else:
        x.json(200, {"error": {"message": said, "code": said, "type": said}})
        return FAILED
    return ANSWERED


@kind("key-as-fingerprint")
async def key_as_fingerprint(x):
    x.json(200, chat(x.api, x.text, system_fingerprint=x.random.choice(encodings(x.key))))
    return ANSWERED


@kind("hostile-text")
async def hostile_text(x):
    x.json(200, chat(x.api, f"{HOSTILE} {x.text} {HOSTILE}"))
    return ANSWERED


@kind("hostile-words")
async def hostile_words(x):
    """Everywhere but in the content."""
    choice = x.random.randrange(4)
    if choice == 0:
        x.error(x.random.choice([400, 404, 500, 429]), HOSTILE)
        return FAILED
    if choice == 1:
        x.json(200, {"error": {"message": HOSTILE, "code": HOSTILE, "type": HOSTILE}})
        return FAILED
    if choice == 2:
        x.json(200, chat(x.api, x.text, finish=HOSTILE, system_fingerprint="f"))
        return UNCLEAR
    x.writer.write(b"HTTP/1.1 500 \x1b[31mCHAOS\r\nX-A: \x1b]0;CHAOS\x07\r\nContent-Length: 2\r\n\r\n{}")
    return FAILED


@kind("odd-characters")
async def odd(x):
    choice = x.random.choice(["\\ud800", "\\u0000", "\\uffff", "\\ud83d\\ude00", "\\udc00\\ud800"])
    body = json.dumps(chat(x.api, x.text + " @@")).replace("@@", choice).encode()
    if x.random.random() < 0.3:
        body = body.replace(b"Sorry", b"Sorry \xff\xfe\xc0\x80")
    x.json(200, body)
    return UNCLEAR


@kind("frames")
async def frames(x):
    """A stream although none was asked for, with every frame sent twice."""
    def frame(value):
        return f"data: {json.dumps(value)}\n\n".encode()
    delta = {"index": 0, "delta": {"content": x.text}} if x.api == "chat" else {"index": 0, "text": x.text}
    end = {"index": 0, "delta": {}, "text": "", "finish_reason": "stop"}
    body = 2 * frame({"choices": [delta]}) + 2 * frame({"choices": [end]}) + b"data: [DONE]\n\n" * x.random.choice([0, 1, 2])
    x.writer.write(head(200, len(body)).replace(b"application/json", b"text/event-stream") + body)
    return UNCLEAR


@kind("deep-json")
async def deep(x):
    depth = x.random.choice([600, 100_000])
    x.json(200, b'{"choices":' + b"[" * depth + b"]" * depth + b"}")
    return FAILED


@kind("odd-json")
async def odd_json(x):
    x.json(200, x.random.choice([
        b"[]", b"null", b"12", b'"text"', b"{}", b'{"choices":{}}', b'{"choices":[]}', b'{"choices":[null]}',
        b'{"choices":[{"message":null,"text":null}]}', b'{"choices":[{"message":{"content":{}},"text":{}}]}']))
    return FAILED


@kind("big-headers")
async def big_headers(x):
    if x.random.random() < 0.5:
        more = [f"X-Chaos-{count}: {'y' * 90}" for count in range(4000)]
    else:
        more = ["X-Chaos: " + "y" * 400_000]
    x.writer.write(head(200, len(x.whole), more) + x.whole)
    await x.writer.drain()
    return UNCLEAR


@kind("continues")
async def continues(x):
    x.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * x.random.choice([1, 50, 5000]))
    await x.writer.drain()
    x.good()
    return UNCLEAR


@kind("odd-chunks")
async def odd_chunks(x):
    start = head(200, None, ["Transfer-Encoding: chunked"])
    broken = [b"zz\r\n", b"ffffffffffffffffff\r\n", b"-1\r\n", b"5\r\nab\r\n", b"\r\n\r\n"]
    x.writer.write(start + b"2\r\n{\"\r\n" + x.random.choice(broken))
    await x.writer.drain()
    x.close()
    return FAILED


@functools.cache
def bomb():
    """A few kilobytes that are 64 MB once unpacked."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(b" " * (1 << 20)) for _ in range(64)) + packer.flush()


@kind("gzip")
async def compressed(x):
    choice = x.random.randrange(4)
    if choice == 0:
        body, result = gzip.compress(x.whole), UNCLEAR
    elif choice == 1:
        body, result = gzip.compress(x.whole)[:-12], UNCLEAR
    elif choice == 2:
        body, result = b"\x1f\x8b" + x.random.randbytes(100), FAILED
    else:
        body, result = bomb(), FAILED
    x.writer.write(head(200, len(body), ["Content-Encoding: gzip"]) + body)
    return result


@kind("redirect")
async def redirect(x):
    x.error(x.random.choice([301, 302, 307]), "moved", ["Location: http://user:password@127.0.0.1:1/elsewhere"])
    return FAILED


@kind("big-body")
async def big_body(x):
    size = x.random.choice([200_000, 12 << 20])
    x.json(200, chat(x.api, "y" * size))
    return UNCLEAR


@kind("error-with-200")
async def error_with_200(x):
    x.json(200, {"error": {"message": "overloaded", "code": x.random.choice([500, 429, "busy"])}})
    return FAILED


@kind("finish-error")
async def finish_error(x):
    x.json(200, chat(x.api, x.text[:6], finish=x.random.choice(["error", "abort", "cancelled"])))
    return FAILED


@kind("401")
async def unauthorised(x):
    x.error(x.random.choice([401, 403]), "the key is wrong")
    return FAILED
