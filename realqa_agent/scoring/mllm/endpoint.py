"""JSON over HTTP to one server, and to no other.

The standard library's plain client follows no redirect and asks no proxy: what the settings name gets the pictures and
the key, nobody else. An answer has a limit in time and in size, for a server may hang or be something else altogether.

Errors tell whose fault it is: AwayError a server that can't be asked now, TransientError what came of this one request
and may pass, PermanentError a request that is refused, BrokenWorkerError the server or our settings for it. None of
them holds the key, even where the server repeats it.

A server that fails at one picture again and again (500, or it hangs up) is not away: as such it would hold up all the
others for good, since nobody counts the tries then. Where it is in truth the server, the next request finds it gone.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import time
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from realqa_agent.errors import AwayError, BrokenWorkerError, PermanentError, TransientError, UserError
from realqa_agent.scoring.mllm.vocabulary import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEY_VARIABLE = "REALQA_SERVER_KEY"

ANSWER_LIMIT = 1 << 20
"""Bytes; the longest answer that we ask for has some 20,000."""

PIECE = 1 << 16

OF_THIS_REQUEST: frozenset[int] = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY}
)
MAY_PASS: frozenset[int] = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.INTERNAL_SERVER_ERROR}
)

MENDS: Mapping[int, str] = MappingProxyType(
    {
        HTTPStatus.UNAUTHORIZED: f"give the right key in {KEY_VARIABLE} or in the file `key_file` of [server]",
        HTTPStatus.FORBIDDEN: f"give a key that may use it in {KEY_VARIABLE} or in the file `key_file` of [server]",
        HTTPStatus.NOT_FOUND: "see whether `url` and `model` in [server] are what it serves; vLLM's url ends in /v1",
    }
)

NO_NETWORK = (
    "this process may not use the network. The service is so by default: `systemctl --user edit realqa.service` opens "
    "it with RestrictAddressFamilies=, see docs/service.md"
)


def read_key(file: Path | None) -> str | None:
    """Return the key from the environment, else from the file; None without either.

    Raise UserError if it can't be a key. It says nothing of what it is instead.
    """
    key, source = os.environ.get(KEY_VARIABLE), KEY_VARIABLE
    if key is None and file is not None:
        source = str(file)
        try:
            key = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise UserError(f"the server's key can't be read from {file}: {why}") from None
    if key is None:
        return None
    key = key.strip()
    # Anything else would be a header of its own, and an error of the library's would quote it.
    if not key or not all("!" <= sign <= "~" and sign not in '"\\' for sign in key):
        raise UserError(f"{source} holds no key: one word is needed, without spaces or quotes")
    return key


class Endpoint:
    """The server's address and key. May be used from several threads."""

    def __init__(self, url: str, key: str | None) -> None:
        """Raise UserError if the URL is none of a server."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
            known = parts.scheme in {"http", "https"} and host.encode("idna") and not parts.query + parts.fragment
        except ValueError:
            known = False
        if not known:
            raise UserError("`url` in [server] is no address of a server, such as http://127.0.0.1:8000/v1")
        if "@" in parts.netloc:
            raise UserError(f"`url` in [server] has a password in it: put it into {KEY_VARIABLE} or `key_file`")
        self._host, self._port, self._root = host, port, parts.path.rstrip("/")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._key = key
        self._name = f"the server {parts.scheme}://{parts.netloc}{self._root}"

    def __str__(self) -> str:
        return self._name

    def get(self, path: str, *, due: float) -> Any:
        """Return the JSON at a path below the root; `due` is when to give up, on the monotonic clock."""
        return self._exchange("GET", path, None, due)

    def post(self, path: str, content: Any, *, due: float) -> Any:
        """Return the JSON that answers this JSON."""
        return self._exchange("POST", path, json.dumps(content).encode(), due)

    def _exchange(self, method: str, path: str, body: bytes | None, due: float) -> Any:
        try:
            status, answer, moved = self._sent(method, path, body, due)
        except TimeoutError as error:
            raise TransientError(
                f"{self} has not answered in time; it may be too busy: `timeout_seconds` in [server]"
            ) from error
        except OSError as error:
            raise TransientError(f"{self} hung up before it had answered ({error.strerror or error})") from error
        except http.client.IncompleteRead as error:
            raise TransientError(f"{self} broke off in the middle of its answer") from error
        except http.client.HTTPException as error:
            raise BrokenWorkerError(f"{self} doesn't speak HTTP: see whether `url` in [server] is right") from error
        if status != HTTPStatus.OK:
            self._decline(status, answer, moved)
        try:
            return json.loads(answer)
        except (ValueError, RecursionError):
            raise BrokenWorkerError(
                f"{self} answers with something else than JSON: {self._words(answer)}; is it the root of the API? "
                "vLLM's ends in /v1"
            ) from None

    def _sent(self, method: str, path: str, body: bytes | None, due: float) -> tuple[int, bytes, str]:
        """Return status, body and where it went instead."""
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        connection = self._connection(_left(due))
        try:
            try:
                connection.connect()
            except OSError as error:
                raise self._unreachable(error) from error
            connection.sock.settimeout(_left(due))
            connection.request(method, self._root + path, body, headers)
            stream = connection.sock
            stream.settimeout(_left(due))
            with connection.getresponse() as response:
                answer = bytearray()
                while piece := response.read1(PIECE):
                    answer += piece
                    if len(answer) > ANSWER_LIMIT:
                        raise BrokenWorkerError(
                            f"{self} answers with more than {ANSWER_LIMIT:,} bytes, which is no answer to what it was "
                            "asked: see whether `url` in [server] is right"
                        )
                    # Else each piece, however small, would have the whole time.
                    if not response.isclosed():
                        stream.settimeout(_left(due))
                if response.length:
                    raise http.client.IncompleteRead(bytes(answer), response.length)
                return response.status, bytes(answer), response.getheader("Location", "")
        finally:
            connection.close()

    def _connection(self, seconds: float) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=seconds)
        return http.client.HTTPSConnection(self._host, self._port, timeout=seconds, context=self._tls)

    def _unreachable(self, error: OSError) -> AwayError | BrokenWorkerError:
        """Return what a failure to reach the server means."""
        if isinstance(error, ssl.SSLCertVerificationError):
            return BrokenWorkerError(
                f"{self} can't prove who it is ({error.verify_message}): let SSL_CERT_FILE name the certificate of "
                "whoever vouches for it"
            )
        if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
            return BrokenWorkerError(f"{self} speaks no TLS ({error.reason}): is it http:// instead of https://?")
        if isinstance(error, TimeoutError):
            return AwayError(f"{self} can't be reached in time: is its machine on?")
        if not _may_use_network():
            return BrokenWorkerError(f"{self} can't be reached: {NO_NETWORK}")
        return AwayError(f"{self} can't be reached ({error.strerror or error}): is it running?")

    def _decline(self, status: int, answer: bytes, moved: str) -> NoReturn:
        words = self._words(answer)
        if 300 <= status < 400:
            raise BrokenWorkerError(
                f"{self} sends us on to {self._words(moved.encode())}, where no photo goes unasked: name that place as "
                "`url` in [server] if it is right"
            )
        if status in MAY_PASS:
            raise TransientError(f"{self} could not answer this ({status}): {words}")
        if status == HTTPStatus.TOO_MANY_REQUESTS or status > HTTPStatus.INTERNAL_SERVER_ERROR:
            raise AwayError(f"{self} can't answer now ({status}): {words}")
        if status in OF_THIS_REQUEST:
            raise PermanentError(f"{self} won't answer this ({status}): {words}")
        mend = MENDS.get(status, "see whether `url` in [server] is right")
        raise BrokenWorkerError(f"{self} refuses to answer ({status}): {words}; {mend}")

    def _words(self, answer: bytes) -> str:
        """Return what the server says, for a message of ours: short, and never the key."""
        text = answer[:PIECE].decode(errors="replace")
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            said = text
        # vLLM nests its message, its older versions don't, and what stands before it has `error` or `detail` alone.
        for name in ("error", "detail", "message"):
            said = said.get(name, said) if isinstance(said, dict) else said
        words = said if isinstance(said, str) else text
        return quoted(words.replace(self._key, "…") if self._key else words)


def _left(due: float) -> float:
    seconds = due - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def _may_use_network() -> bool:
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()
    except OSError:
        return False
    return True
