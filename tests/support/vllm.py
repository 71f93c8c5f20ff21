"""A server that speaks vLLM's protocol, in a thread of the test's, with a tiny model or without any.

Shapes of requests and answers are those of vLLM 0.12 and later: what it documents, and what its `protocol.py` declares.
"""

from __future__ import annotations

import base64
import io
import json
import math
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from support import fence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from realqa_agent.scoring.mllm.loading import Loaded

NAME = "realqa"


@dataclass
class Served:
    """A running server, what it was asked, and what it shall do."""

    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    trouble: Callable[[BaseHTTPRequestHandler], None] | None = None
    """Answers in the place of the model."""


def body(content: Any) -> bytes:
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def send(handler: BaseHTTPRequestHandler, content: Any, status: int = 200, **headers: str) -> None:
    data = body(content)
    handler.send_response(status)
    for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(data)


def fault(message: str, kind: str, status: int) -> dict[str, Any]:
    """Return an error as vLLM words it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": status}}


def cards(*names: str) -> dict[str, Any]:
    """Return the answer to GET /v1/models."""
    permission = {"id": "modelperm-1", "object": "model_permission", "created": 1, "allow_sampling": True}
    return {
        "object": "list",
        "data": [
            {
                "id": name,
                "object": "model",
                "created": 1,
                "owned_by": "vllm",
                "root": f"/models/{name}",
                "parent": None,
                "max_model_len": 4096,
                "permission": [permission],
            }
            for name in names
        ],
    }


@contextmanager
def serving(complete: Callable[[dict[str, Any]], Any], *names: str) -> Iterator[Served]:
    """Serve until the end of the block; `complete` answers chat completions, a tuple of it is (content, status)."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, request: dict[str, Any] | None) -> None:
            served.headers.append(dict(self.headers))
            if request is not None:
                served.requests.append(request)
            if served.trouble is not None:
                served.trouble(self)
            elif request is None and self.path == "/v1/models":
                send(self, cards(*(names or (NAME,))))
            elif request is not None and self.path == "/v1/chat/completions":
                answer = complete(request)
                send(self, *(answer if isinstance(answer, tuple) else (answer,)))
            else:
                send(self, {"detail": "Not Found"}, 404)
            self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    host, port = "127.0.0.1", server.server_address[1]
    served = Served(url=f"http://{host}:{port}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        with fence.opened_to((host, port)):
            yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def completion(text: str, *, prompt: int, finish: str = "length", chances: list[Any] | None = None) -> dict[str, Any]:
    """Return the answer to a chat completion."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": NAME,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None, "reasoning": None},
                "logprobs": None if chances is None else {"content": chances},
                "finish_reason": finish,
                "stop_reason": None,
                "token_ids": None,
            }
        ],
        "service_tier": None,
        "system_fingerprint": None,
        "usage": {"prompt_tokens": prompt, "total_tokens": prompt + 1, "completion_tokens": 1},
        "prompt_logprobs": None,
    }


def place(chances: Sequence[tuple[str, float]], said: tuple[str, float]) -> dict[str, Any]:
    """Return what is told of one token, and of the likeliest in its place."""

    def chance(token: str, share: float) -> dict[str, Any]:
        return {"token": token, "logprob": math.log(share) if share else -9999.0, "bytes": [*token.encode()]}

    return chance(*said) | {"top_logprobs": [chance(*one) for one in chances]}


def frames_of(request: dict[str, Any]) -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    """Return the pictures of a request, which come before the text and without loss."""
    *images, _ = request["messages"][0]["content"]
    urls = [image["image_url"]["url"].removeprefix("data:image/png;base64,") for image in images]
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(data, validate=True)))) for data in urls]


def pixels_of(request: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return the only picture of a request."""
    (picture,) = frames_of(request)
    return picture


def likely(begun: str) -> dict[str, float]:
    """Return the chances after what was said so far, for a model that is for 6.44, or for 5.44 or 7.44."""
    if begun[-1:].isdigit() and "." not in begun[-3:]:
        return {".": 0.99} | {f"w{other}": 0.0005 for other in range(20)}
    digits = {"4": 0.5, "5": 0.4999} if "." in begun[-2:] else {"6": 0.6, "5": 0.3, "7": 0.0999}
    return {str(digit): 1e-9 for digit in range(10)} | digits | {f"w{other}": 1e-10 for other in range(10)}


@dataclass
class Scripted:
    """Answers chat completions without a model, from chances that are given; each letter is a token."""

    shares: Callable[[str], dict[str, float]] = likely
    stride: int = 28
    """Pixels along each side that become one token."""
    extra: int = 0
    """Tokens of the prompt after an answer that has begun."""
    form: Any = "6.50 / 6.50"
    """What it says when it is asked to keep to one."""
    said: str = ""
    """What it says otherwise, if no chances are asked for."""
    finish: str = "stop"

    def __call__(self, request: dict[str, Any]) -> Any:
        begun = "".join(turn["content"] for turn in request["messages"][1:])
        # A token before and one after each picture, but those of the first are not counted.
        pictures = sum(frame.size // 3 // self.stride**2 + 2 for frame in frames_of(request)) - 2
        prompt = pictures + len(begun) + (self.extra if begun else 0)
        if "structured_outputs" in request:
            return completion(self.form, prompt=prompt, finish="stop") if isinstance(self.form, str) else self.form
        if not request.get("logprobs"):
            return completion(self.said, prompt=prompt, finish=self.finish)
        written = ""
        places: list[dict[str, Any]] = []
        while len(places) < request["max_tokens"]:
            top = sorted(self.shares(begun + written).items(), key=lambda one: -one[1])
            places.append(place(top[: request["top_logprobs"]], top[0]))
            written += top[0][0]
        return completion(written, prompt=prompt, chances=places)


class Tiny:
    """Answers chat completions with a tiny model, one whole prompt a token: none of our short cuts."""

    def __init__(self, loaded: Loaded, *, knows_forms: bool = True) -> None:
        self._loaded, self._knows_forms = loaded, knows_forms
        self._lock = threading.Lock()

    def __call__(self, request: dict[str, Any]) -> Any:
        form = request.get("structured_outputs")
        if form is not None and not self._knows_forms:
            return fault("structured_outputs: extra fields not permitted", "BadRequestError", 400), 400
        # vLLM else takes both from the model's generation_config.json.
        assert request["temperature"] == 0
        assert request["repetition_penalty"] == 1.0
        with self._lock:
            return self._complete(request, None if form is None else form["regex"])

    def _complete(self, request: dict[str, Any], form: str | None) -> dict[str, Any]:
        chat = self._loaded.chat
        rows, grids, prompt = self._prompt(request)
        written: list[int] = []
        places = []
        finish = "length"
        while finish == "length" and len(written) < request["max_tokens"]:
            shares = self._shares(rows, grids, [*prompt, *written])
            order = shares.argsort(descending=True).tolist()
            token = next(one for one in order if form is None or self._fits(form, written, one))
            told = order[: request.get("top_logprobs", 0)]
            *top, said = ((_word(chat, one), float(shares[one])) for one in [*told, token])
            places.append(place(top, said))
            if token in chat.ends:
                finish = "stop"
            else:
                written.append(token)
        chances = places if request.get("logprobs") else None
        return completion(chat.words(written), prompt=len(prompt), finish=finish, chances=chances)

    def _fits(self, form: str, written: list[int], token: int) -> bool:
        import regex  # type: ignore[import-untyped]  # noqa: PLC0415 - comes with transformers, and has no types

        if token in self._loaded.chat.ends:
            return regex.fullmatch(form, self._loaded.chat.words(written)) is not None
        more = self._loaded.chat.words([*written, token])
        fits = more.isascii() and len(more) == len(written) + 1 and regex.fullmatch(form, more, partial=True)
        return bool(fits)

    def _prompt(self, request: dict[str, Any]) -> tuple[Any, Any, list[int]]:
        from realqa_agent.scoring.mllm.packing import pack  # noqa: PLC0415

        loaded = self._loaded
        user, *begun = request["messages"]
        *_, question = user["content"]
        packed = [pack(frame, loaded.spec) for frame in frames_of(request)]
        rendered: str = loaded.chat._tokenizer.apply_chat_template(
            [{"role": "user", "content": [*[{"type": "image"} for _ in packed], question]}, *begun],
            tokenize=False,
            add_generation_prompt=request.get("add_generation_prompt", True),
            continue_final_message=request.get("continue_final_message", False),
        )
        before, *parts = rendered.split("<|image_pad|>")
        for (_, grid), part in zip(packed, parts, strict=True):
            before += "<|image_pad|>" * loaded.spec.places(grid) + part
        return np.concatenate([rows for rows, _ in packed]), [grid for _, grid in packed], loaded.chat.tokens(before)

    def _shares(self, rows: Any, grids: Any, tokens: list[int]) -> Any:
        import torch  # noqa: PLC0415 - an extra

        ids = torch.tensor([tokens])
        with torch.inference_mode():
            out = self._loaded.network(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                mm_token_type_ids=(ids == self._loaded.chat.picture).int(),
                pixel_values=torch.from_numpy(rows),
                image_grid_thw=torch.tensor(grids),
                use_cache=False,
                logits_to_keep=1,
            )
        return out.logits[0, -1].double().softmax(-1)


def _word(chat: Any, token: int) -> str:
    word: str = chat._tokenizer.decode([token])
    return word
