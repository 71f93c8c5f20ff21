"""A hub on this machine, with the few answers of the real one that fetching models and data sets needs."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """Serves repositories at one commit, also called `main`; `requests` are (path, range) of each file asked for."""

    url: str = ""
    repos: dict[str, dict[str, bytes]] = field(default_factory=dict)
    licences: dict[str, str] = field(default_factory=dict)
    errors: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Repository to the status, and the hub's word for it, that all its addresses answer with."""
    breaks: dict[str, list[int]] = field(default_factory=dict)
    """File to the numbers of bytes after which the connection breaks, one an answer."""
    promised: dict[str, str] = field(default_factory=dict)
    """File to a sha256 that its bytes don't have."""
    sizes: dict[str, int] = field(default_factory=dict)
    """File to a size that it is said to have."""
    gone: dict[str, int] = field(default_factory=dict)
    """File to the status that it is refused with."""
    files_at: str | None = None
    """Another hub that files are sent for to."""
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)

    def add(self, repo: str, folder: Path, **more: bytes) -> None:
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        self.repos[repo] = files | more

    def environment(self) -> dict[str, str]:
        """What the command must be told to come here, whatever else is set around the tests."""
        return {"HF_ENDPOINT": self.url, "NO_PROXY": "127.0.0.1", "HF_HUB_OFFLINE": "0"}

    def info(self, repo: str) -> dict[str, Any]:
        files: list[dict[str, Any]] = []
        for name, data in self.repos[repo].items():
            files.append({"rfilename": name, "size": self.sizes.get(name, len(data)), "blobId": "0" * 40})
            if name.endswith(".safetensors"):
                sha256 = self.promised.get(name, hashlib.sha256(data).hexdigest())
                files[-1]["lfs"] = {"sha256": sha256, "size": files[-1]["size"], "pointerSize": 130}
        card = {"cardData": {"license": self.licences[repo]}} if repo in self.licences else {}
        return {"id": repo, "sha": COMMIT, "siblings": files, **card}


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.tokens.append(self.headers["Authorization"])
        if match := re.fullmatch(r"/api/(?:models|datasets)/(\w[\w.-]*/[\w.-]+)/revision/(.+)", path):
            self._answer_about(*match.groups())
        elif match := re.fullmatch(r"/(?:datasets/)?(\w[\w.-]*/[\w.-]+)/resolve/(\w+)/(.+)", path):
            self._send_file(*match.groups())
        else:
            self._refuse(404, "EntryNotFound")

    def _answer_about(self, repo: str, revision: str) -> None:
        if repo in self.hub.errors:
            self._refuse(*self.hub.errors[repo])
        elif repo not in self.hub.repos:
            self._refuse(404, "RepoNotFound")
        elif revision not in {COMMIT, "main"}:
            self._refuse(404, "RevisionNotFound")
        else:
            self._send(200, json.dumps(self.hub.info(repo)).encode(), "application/json")

    def _send_file(self, repo: str, revision: str, name: str) -> None:
        asked = self.headers["Range"]
        self.hub.requests.append((name, asked))
        if name in self.hub.gone:
            self._refuse(self.hub.gone[name], "")
            return
        if self.hub.files_at is not None:
            self.send_response(302)
            self.send_header("Location", self.hub.files_at + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data = self.hub.repos[repo][name] if revision == COMMIT else b""
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        limits = self.hub.breaks.get(name)
        self._send(206 if asked else 200, data[start:], "application/octet-stream", limits.pop(0) if limits else None)

    def _refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, status: int, data: bytes, kind: str, limit: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:limit])
        if limit is not None:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def hub_on_this_machine() -> Iterator[Hub]:
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
