"""A real HTTP server on the loopback that misbehaves as a script says."""

from __future__ import annotations

import contextlib
import hashlib
import re
import socket
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(kw_only=True)
class Answer:
    """How to answer one request; without arguments, as a good server does."""

    status: int | None = None
    """An answer without the body."""
    headers: dict[str, str] = field(default_factory=dict)
    """Headers that replace the usual ones; an empty value leaves a header out."""
    body: bytes | None = None
    """Other bytes than those of the server."""
    ranges: bool = True
    cut: int | None = None
    """Bytes of the body after which the connection is closed."""
    reset: bool = False
    """Close it with a TCP reset."""
    stall: threading.Event | None = None
    """Before closing it, keep silent until this is set."""


class Loopback:
    """Serves one body at every path.

    Attributes
    ----------
    url : str
        Where it listens.
    body : bytes
        What it serves.
    script : list of Answer
        How to answer the next requests; after the last one, as a good server does.
    requests : list of dict
        The headers of the requests that came.
    sent : int
        Bytes of body sent.
    """

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.script: list[Answer] = []
        self.requests: list[dict[str, str]] = []
        self.sent = 0
        self.lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextlib.contextmanager
    def running(self) -> Iterator[Loopback]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()[:16]}"'


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_args: Any) -> None:
        """Say nothing of clients that leave."""


def _handler(loopback: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_args: Any) -> None:
            pass

        def do_GET(self) -> None:
            with loopback.lock:
                loopback.requests.append(dict(self.headers))
                answer = loopback.script.pop(0) if loopback.script else Answer()
            with contextlib.suppress(ConnectionError):
                self.give(answer)

        def give(self, answer: Answer) -> None:
            whole = loopback.body if answer.body is None else answer.body
            status, start = self.begin_at(answer, len(whole))
            body = b"" if status >= 400 else whole[start:]
            headers = {"Content-Length": str(len(body)), "ETag": loopback.etag}
            if status == 206:
                headers["Content-Range"] = f"bytes {start}-{len(whole) - 1}/{len(whole)}"
            headers |= answer.headers
            # A body without a length ends where the connection does.
            self.close_connection = answer.cut is not None or not headers["Content-Length"]
            self.send_response(status)
            for name, value in headers.items():
                if value:
                    self.send_header(name, value)
            self.end_headers()
            self.send(body[: answer.cut])
            if answer.stall:
                answer.stall.wait(20)
            if answer.reset:
                # Linger for 0 seconds: close() then sends RST instead of FIN.
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

        def begin_at(self, answer: Answer, length: int) -> tuple[int, int]:
            if answer.status:
                return answer.status, 0
            wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            same = self.headers.get("If-Range") in (None, loopback.etag)
            if not (wanted and same and answer.ranges):
                return 200, 0
            start = int(wanted[1])
            return (206, start) if start < length else (416, 0)

        def send(self, body: bytes) -> None:
            self.wfile.write(body)
            with loopback.lock:
                loopback.sent += len(body)

    return Handler
