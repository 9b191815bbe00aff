"""A stand-in for a language model's server on 127.0.0.1: the address says what it does, http://HOST:PORT/DEED/v1."""

import http.server
import json
import ssl
import threading
import time

TEXT = "Find the right word."


def completion(content, finish_reason="stop"):
    message = {"role": "assistant", "content": content}
    return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": finish_reason}]})


# DEED: (status, headers, body)
ANSWERS = {
    "good": (200, {}, completion(f" \"{TEXT}\"\n")),
    "foreign": (200, {}, completion("文から正しい言葉を見つける。")),
    "broken": (500, {}, json.dumps({"error": {"message": "out of order", "code": 500}})),
    "down": (503, {}, ""),
    "limit": (429, {"Retry-After": "1"}, json.dumps({"error": "too many requests"})),
    "long-limit": (429, {"Retry-After": "86400"}, ""),
    "unknown": (404, {}, json.dumps({"error": {"message": "no such model"}})),
    "moved": (302, {"Location": "http://127.0.0.1:1/elsewhere"}, ""),
    "nonsense": (200, {}, "lorem ipsum"),
    "page": (200, {"Content-Type": "text/html"}, "<!DOCTYPE html>\n<html><body>Sign in</body></html>"),
    "page-as-text": (200, {}, completion("<html><body>Sign in</body></html>")),
    "nothing": (200, {}, ""),
    "empty": (200, {}, completion(" \n")),
    "null": (200, {}, completion(None)),
    "long": (200, {}, completion("word " * 1000)),
    "paragraphs": (200, {}, completion("One.\n\nTwo.")),
    "control": (200, {}, completion("red \x1b[31m text")),
    "cut": (200, {}, completion("Find the", "length")),
    "half": (200, {}, completion(TEXT)[:40]),
    "other": (200, {}, json.dumps({"text": TEXT})),
    "no-choice": (200, {}, json.dumps({"choices": []})),
    "number": (200, {}, json.dumps({"choices": [7]})),
    "error": (200, {}, json.dumps({"error": {"message": "the model is loading"}})),
    "huge": (200, {}, "x" * (3 << 20)),
    "latin": (200, {}, completion("Für").encode("utf-8").decode("unicode_escape").encode("latin-1")),
}


class Server:
    """Counts and keeps what it is asked. `deeds`: for addresses /plan/v1, what is done in turn; the last one stays."""

    def __init__(self, certificate=None):
        self.requests, self.times, self.most_at_once, self.deeds = [], [], 0, []
        self._under_way, self._lock = 0, threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802  (the name that the base class calls)
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with outer._lock:
                    outer._under_way += 1
                    outer.most_at_once = max(outer.most_at_once, outer._under_way)
                    outer.times.append(time.monotonic())
                    outer.requests.append({"path": self.path, "headers": dict(self.headers), "body": body})
                    deed = self.path.split("/")[1]
                    if deed == "plan":
                        deed = outer.deeds.pop(0) if len(outer.deeds) > 1 else outer.deeds[0]
                try:
                    outer.act(self, deed)
                finally:
                    with outer._lock:
                        outer._under_way -= 1

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # the other side has given up; what else is wrong, a test finds
        self._scheme = "https" if certificate else "http"
        if certificate:  # a file with the key as well
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, deed):
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}/{deed}/v1"

    def act(self, handler, deed):
        if deed == "close":  # without a word
            handler.close_connection = True
            return
        if deed == "slow":
            time.sleep(3)
        if deed == "late":
            time.sleep(0.3)
        if deed == "echo":  # what some servers say of a wrong key
            answer = (401, {}, json.dumps({"error": {"message": "wrong key: " + handler.headers["Authorization"]}}))
        else:
            answer = ANSWERS.get(deed, ANSWERS["good"])
        status, headers, body = answer
        data = body if isinstance(body, bytes) else body.encode()
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        if deed == "middle":  # closes in the middle of the body
            data = data[: len(data) // 2]
            handler.close_connection = True
        handler.wfile.write(data)
