"""The model `openai` against a server that speaks vLLM's protocol: the same numbers, and every way to fail."""

from __future__ import annotations

import re
import socket
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest
from support import fence
from support.command import objects
from support.frames import assessed, clip, grey, shown, silence
from support.place import Place, photo
from support.vllm import NAME, Scripted, Served, Tiny, fault, send, serving
from support.vllm import pixels_of as picture_of

from realqa_agent.assessment import Assessment
from realqa_agent.config import Config, Media, Mllm
from realqa_agent.config import Server as Settings
from realqa_agent.errors import (
    AwayError,
    BrokenWorkerError,
    PermanentError,
    RealQAError,
    TransientError,
    UserError,
)
from realqa_agent.scoring.mllm import digits
from realqa_agent.scoring.mllm.endpoint import ANSWER_LIMIT, Endpoint
from realqa_agent.scoring.mllm.frames import MOST, pixels_of
from realqa_agent.scoring.mllm.pattern import Free, Given, Number
from realqa_agent.scoring.mllm.prompts import NUMBERS, load
from realqa_agent.scoring.mllm.questions import Kind, Question, Scale
from realqa_agent.scoring.mllm.remote import RemoteModel, as_regex
from realqa_agent.scoring.mllm.scorer import RealQA
from realqa_agent.scoring.mllm.server import Server
from realqa_agent.scoring.view import Silence

if TYPE_CHECKING:
    from support.tiny_mllm import TinyModels

    from realqa_agent.scoring.mllm.loading import Loaded

    Pixels = npt.NDArray[np.uint8]

KEY = "sk-a-secret-of-25-letters"

SCALE = Scale(low=0, high=9.99)
ASKED = load().questions(NUMBERS, scale=SCALE)
WORDS = Question(name="exposure", kind=Kind.ATTRIBUTE, text="How is the exposure of this image?", start="It is")
BLANK = np.zeros((448, 448, 3), np.uint8)


def scorer(
    served: Served | str, *, mllm: dict[str, Any] | None = None, media: dict[str, Any] | None = None, **settings: Any
) -> Server:
    url = served if isinstance(served, str) else served.url
    return Server(
        Config(
            mllm=Mllm.model_validate({"explain": "never", **(mllm or {})}),
            server=Settings.model_validate({"url": url, "timeout_seconds": 20, **settings}),
            media=Media.model_validate(media or {}),
        )
    )


def model(served: Served, *, parallel: int = 2) -> RemoteModel:
    return RemoteModel(Endpoint(served.url, None), name=None, seconds=20, parallel=parallel)


@pytest.fixture
def server() -> Iterator[Served]:
    """A server that is quick and sure, without a model."""
    with serving(Scripted()) as served:
        yield served


@pytest.fixture(scope="module")
def loaded(tiny: TinyModels) -> Loaded:
    """A tiny model that likes to say digits, in what shares chance made."""
    import torch  # noqa: PLC0415 - an extra

    from realqa_agent.scoring.mllm.checkpoint import read_base  # noqa: PLC0415
    from realqa_agent.scoring.mllm.loading import load as load_model  # noqa: PLC0415 - it imports torch

    one = load_model(read_base(tiny.base("qwen2_vl")), {}, device="cpu")
    liking = torch.zeros(one.network.config.text_config.vocab_size)
    liking[list(one.chat.digits)] = 8.0
    one.network.double()  # a cache and whole prompts differ in the last digit of shorter numbers
    one.network.lm_head.register_forward_hook(lambda *call: call[-1] + liking)
    return one


@pytest.fixture(scope="module")
def remote(loaded: Loaded) -> Iterator[RemoteModel]:
    with serving(Tiny(loaded)) as served:
        yield RemoteModel(Endpoint(served.url, None), name=None, seconds=100, parallel=3)


def pictures(loaded: Loaded) -> list[Pixels]:
    shape = 4 * loaded.spec.stride, 6 * loaded.spec.stride, 3
    return [np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8) for seed in range(3)]


class TestNumbers:
    def test_they_are_those_of_the_model_on_this_machine(self, loaded: Loaded, remote: RemoteModel) -> None:
        from realqa_agent.scoring.mllm.looking import Model  # noqa: PLC0415 - it imports torch

        local = Model(loaded)
        here = local.numbers(local.look(pictures(loaded)), ASKED)
        there = remote.numbers(remote.look(pictures(loaded)), ASKED)
        assert remote.spec.stride == local.spec.stride
        for one, other in zip(chain(*here), chain(*there), strict=True):
            assert digits.why_unsure(other) is digits.why_unsure(one) is None
            assert digits.expectation(other).value == pytest.approx(digits.expectation(one).value, abs=1e-6)
            assert digits.expectation(other).spread == pytest.approx(digits.expectation(one).spread, abs=1e-6)
            assert other.mass == pytest.approx(one.mass, abs=1e-6)
            assert other.greedy == one.greedy
            assert other.first_decimals.keys() == one.first_decimals.keys()

    def test_the_whole_scorer_says_what_realqa_says(self, taught: Path) -> None:
        from realqa_agent.scoring.mllm.checkpoint import read_base  # noqa: PLC0415
        from realqa_agent.scoring.mllm.loading import load as load_model  # noqa: PLC0415 - it imports torch

        settings = {"explain": "never", "model": taught, "device": "cpu"}
        here = assessed(RealQA(Config(mllm=Mllm.model_validate(settings))), grey(200))
        with serving(Tiny(load_model(read_base(taught), {}, device="cpu"))) as served:
            there = assessed(scorer(served), grey(200))
        assert there.scorer == "openai"
        # Nothing is told of what is beyond the 20 likeliest tokens, and of so small a vocabulary some digits are.
        assert there.measures == pytest.approx(here.measures, abs=0.005)
        assert (there.quality, there.aesthetic, there.overall) == pytest.approx(
            (here.quality, here.aesthetic, here.overall), abs=0.011
        )
        assert there.attributes == here.attributes

    def test_one_request_and_one_more_for_each_other_likely_unit(self, server: Served) -> None:
        asker = model(server, parallel=1)
        before = len(server.requests)
        [[belief]] = asker.numbers(asker.look([BLANK]), ASKED[:1])
        start = ASKED[0].start
        asked = [one["messages"][1]["content"] for one in server.requests[before:]]
        assert asked == [start, f"{start}5.", f"{start}7."]
        assert belief.greedy == "6.44"
        assert belief.units[6] == pytest.approx(0.6, abs=1e-3)
        mean = 0.6 * 6 + 0.3 * 5 + 0.1 * 7 + 0.45
        assert digits.expectation(belief).value == pytest.approx(mean + 0.045, abs=1e-3)

    def test_a_digit_that_is_not_told_of_counts_nothing_and_the_mass_is_kept(self) -> None:
        def unsure(_: str) -> dict[str, float]:
            return {"6": 0.52, "7": 0.05, "no": 0.43} | {f"w{other}": 0.0 for other in range(17)}

        with serving(Scripted(unsure)) as served:
            asker = model(served)
            [[belief]] = asker.numbers(asker.look([BLANK]), ASKED[:1])
        assert belief.mass == pytest.approx(0.57)
        assert belief.units == pytest.approx(dict.fromkeys(range(10), 0.0) | {6: 0.52 / 0.57, 7: 0.05 / 0.57})

    def test_a_model_that_wants_to_say_no_number_gives_none(self) -> None:
        with serving(Scripted(lambda _: {f"w{other}": 0.05 for other in range(20)})) as served:
            reason = silence(scorer(served), grey(100))
        assert re.search(r"quality: .*did not want to say a number", reason)

    def test_requests_are_as_vllm_documents_them(self, server: Served) -> None:
        assessed(scorer(server), grey(100))
        request = server.requests[-1]
        user, begun = request.pop("messages")
        assert [part["type"] for part in user["content"]] == ["image_url", "text"]
        assert begun["role"] == "assistant"
        assert begun["content"].startswith(ASKED[0].start)
        assert request == {
            "model": NAME,
            "max_tokens": request["max_tokens"],
            "temperature": 0,
            "repetition_penalty": 1.0,
            "add_generation_prompt": False,
            "continue_final_message": True,
            "logprobs": True,
            "top_logprobs": 20,
        }

    def test_the_picture_goes_there_at_its_size_and_without_loss(self, server: Served) -> None:
        noise = np.random.default_rng(1).integers(0, 256, (700, 900, 3), dtype=np.uint8)
        one = scorer(server)
        item = shown(noise, view=one.view)
        one.assess_many([item])
        sent = picture_of(server.requests[-1])
        assert np.array_equal(sent, pixels_of(item.frames[0]))
        assert sent.shape[0] % 28 == sent.shape[1] % 28 == 0
        assert sent.size // 3 <= MOST


class TestTexts:
    def test_they_are_those_of_the_model_on_this_machine(self, loaded: Loaded, remote: RemoteModel) -> None:
        from realqa_agent.scoring.mllm.looking import Model  # noqa: PLC0415 - it imports torch

        local = Model(loaded)
        plain = Question(name="level_shot", kind=Kind.ATTRIBUTE, text=" Is it level?")
        here = local.texts(local.look(pictures(loaded)), [WORDS, plain], limit=6)
        assert remote.texts(remote.look(pictures(loaded)), [WORDS, plain], limit=6) == here

    def test_a_form_is_kept_to(self, loaded: Loaded, remote: RemoteModel) -> None:
        form = (Given("1.1 Reason: "), Free(limit=1), Given("\nThe final score is <"), Number(decimals=2), Given(">."))
        assert remote.holds_form
        for (answer,) in remote.texts(remote.look(pictures(loaded)[:1]), [WORDS], limit=60, pattern=form):
            assert answer.finished
            said = answer.text.removeprefix(WORDS.start)
            assert re.fullmatch(r"1\.1 Reason: .{1,5}\nThe final score is <\d\.\d\d>\.", said)
        [[cut]] = remote.texts(remote.look(pictures(loaded)[:1]), [WORDS], limit=8, pattern=form)
        assert not cut.finished

    def test_the_regular_form_as_an_expression_fits_what_it_shows(self) -> None:
        form = as_regex(load().form.pattern)
        answer = (
            "1.1 Reason for Composition Score: well placed, 1.2 Composition Score: 7\n"
            "1.3 Reason for Eye-Catching Score: it shines, 1.4 Eye-Catching Score: 10\n"
            "2.1 Subject: bed, 2.2 Subject Integrity: complete, 2.3 Subject Clutter: uncluttered\n"
            "2.4 Background: wall, 2.5 Background Clutter: cluttered, 2.6 Level Shot: level\n"
            "3.1 Reason for Image Clarity: sharp (at f/2.5), 3.2 Image Clarity: clear\n"
            "3.3 Reason for Exposure: even, 3.4 Exposure: properly exposed\n"
            "3.5 Reason for Saturation: a, b, 3.6 Saturation: natural\n"
            "The final score is <6.59>."
        )
        assert re.fullmatch(form, answer)
        for wrong in (answer.replace("<6.59>", "<16.59>"), answer.replace(": 7\n", ": good\n"), answer + " Yes."):
            assert not re.fullmatch(form, wrong)

    def test_the_form_goes_along_where_the_server_takes_it(self) -> None:
        with serving(Scripted()) as served:
            one = scorer(served, mllm={"explain": "all"})
            assessed(one, grey(100))
        (form,) = [each["structured_outputs"] for each in served.requests[-20:] if each["max_tokens"] > 100]
        assert form == {"regex": as_regex(load().form.pattern)}

    @pytest.mark.parametrize(
        "form",
        [
            "I see a grey picture.",
            (fault("structured_outputs: extra fields not permitted", "BadRequestError", 400), 400),
            ({"detail": [{"loc": ["body", "structured_outputs"], "msg": "extra fields not permitted"}]}, 422),
        ],
        ids=["ignored", "refused", "unprocessable"],
    )
    def test_else_the_text_is_read_as_it_comes(self, form: Any) -> None:
        said = "1.1 Reason for Composition Score: calm, 1.2 Composition Score: 8\nThe final score is <6.59>."
        with serving(Scripted(form=form, said=said)) as served, serving(Scripted(said=said)) as other:
            one = scorer(served, mllm={"explain": "all"})
            before = len(served.requests)
            found = assessed(one, grey(100))
            assert one.version != scorer(other, mllm={"explain": "all"}).version
        composition = found.attributes["composition"]
        assert (composition.value, composition.reason) == ("8", "calm")
        assert found.measures["answers_unread"] == 8
        assert not any("structured_outputs" in request for request in served.requests[before:])

    @pytest.mark.parametrize(("finish", "finished"), [("stop", True), ("length", False), ("abort", False)])
    def test_what_was_cut_is_known_to_be(self, finish: str, finished: bool) -> None:  # noqa: FBT001 - a parameter
        with serving(Scripted(said=" well exposed", finish=finish)) as served:
            asker = model(served)
            [[answer]] = asker.texts(asker.look([BLANK]), [WORDS], limit=9)
        assert (answer.text, answer.finished) == ("It is well exposed", finished)


class TestStart:
    """What would make wrong numbers is found before the first photo."""

    @pytest.mark.parametrize("stride", [28, 32])
    def test_the_towers_step_is_found_out(self, stride: int) -> None:
        with serving(Scripted(stride=stride)) as served:
            assert model(served).spec.stride == stride

    @pytest.mark.parametrize(
        ("script", "words"),
        [
            (Scripted(extra=3), "doesn't go on with an answer that has begun"),
            (Scripted(stride=30), "changes the size of pictures: 200704 more pixels"),
            (
                Scripted(lambda _: {"6": 1.0}),
                "doesn't tell the chances of 20 tokens: start vLLM with --max-logprobs 20",
            ),
        ],
        ids=["closed", "resized", "silent"],
    )
    def test_a_server_whose_numbers_would_be_wrong_is_not_used(self, script: Scripted, words: str) -> None:
        with serving(script) as served, pytest.raises(UserError, match=words):
            scorer(served)

    def test_digits_that_are_no_tokens_of_their_own_are_noticed(self) -> None:
        plain = Scripted()

        def trims(request: dict[str, Any]) -> Any:
            answer = plain(request)
            if request["messages"][-1]["content"] == ASKED[0].start:
                answer["usage"]["prompt_tokens"] -= 1
            return answer

        with serving(trims) as served, pytest.raises(UserError, match="doesn't write a number digit by digit"):
            scorer(served)

    @pytest.mark.parametrize(
        ("names", "chosen", "words"),
        [
            (("a", "b"), None, "serves several models: name one as `model` in [server], of 'a', 'b'"),
            (("a", "b"), "c", "serves no model 'c': correct `model` in [server]; it has 'a', 'b'"),
        ],
    )
    def test_which_model_is_to_be_clear(self, names: tuple[str, ...], chosen: str | None, words: str) -> None:
        with serving(Scripted(), *names) as served:
            with pytest.raises(UserError, match=re.escape(words)):
                scorer(served, model=chosen)
            assert scorer(served, model="b").version.startswith("b-")

    @pytest.mark.parametrize(
        ("url", "words"),
        [
            ("127.0.0.1:8000/v1", "is no address of a server"),
            ("ftp://127.0.0.1/v1", "is no address of a server"),
            ("http://", "is no address of a server"),
            ("http://127.0.0.1:99999/v1", "is no address of a server"),
            ("http://a..b/v1", "is no address of a server"),
            ("http://127.0.0.1/v1?key=1", "is no address of a server"),
            (f"http://anna:{KEY}@127.0.0.1/v1", "has a password in it: put it into REALQA_SERVER_KEY"),
        ],
    )
    def test_a_url_is_looked_at_first(self, url: str, words: str) -> None:
        with pytest.raises(UserError, match=words) as caught:
            scorer(url)
        assert KEY not in told(caught.value)

    def test_without_a_url_the_way_forward_is_named(self) -> None:
        with pytest.raises(UserError, match=r"set `url` in \[server\], such as"):
            Server(Config())

    def test_a_slow_server_has_to_be_given_up_before_the_photo_is(self) -> None:
        with pytest.raises(UserError, match=r"`timeout_seconds` in \[server\] \(20\) has to be less than"):
            scorer("http://127.0.0.1:1/v1", media={"seconds_per_file": 20})

    def test_all_that_the_scores_depend_on_shows_in_the_version(self, server: Served) -> None:
        versions = {
            scorer(server, mllm=mllm).version for mllm in ({}, {"decode": "greedy"}, {"preprocess": "official"})
        }
        with serving(Scripted(), "another") as other:
            versions.add(scorer(other).version)
        assert len(versions) == 4
        assert scorer(server).version == scorer(server, parallel=1).version

    def test_it_says_where_it_is_and_how_much_is_worth_asking_at_once(self, server: Served) -> None:
        one = scorer(server, parallel=3)
        assert one.about == f"the server {server.url}"
        assert one.at_once == 3

    def test_adapters_of_a_model_on_this_machine_are_not_asked_for(self, server: Served, tmp_path: Path) -> None:
        found = assessed(scorer(server, mllm={"adapters": {"quality": tmp_path}}), grey(100))
        assert found.measures["raw_overall"] == found.measures["raw_quality"]


def wordless_in_the_dark(request: Mapping[str, Any]) -> Any:
    """Answer as a model that has no number for dark pictures."""
    dark = picture_of(dict(request)).mean() < 60
    return (Scripted(lambda _: {f"w{other}": 0.05 for other in range(20)}) if dark else Scripted())(dict(request))


class TestClips:
    def test_frames_without_a_number_are_left_out_as_long_as_they_are_few(self) -> None:
        with serving(wordless_in_the_dark) as served:
            one = scorer(served)
            half = clip({1: grey(200), 2: grey(40), 3: grey(180), 4: grey(30)}, view=one.view)
            fewer = clip({1: grey(200), 2: grey(40), 3: grey(30)}, view=one.view)
            (found, none, photo), plain = (
                one.assess_many([half, fewer, shown(grey(30), view=one.view)]),
                assessed(one, grey(200)),
            )
        assert isinstance(found, Assessment)
        assert found.clip is not None
        assert found.clip.frames == 2
        assert found.measures["frames_unanswered"] == 2
        assert found.quality == plain.quality
        assert isinstance(none, Silence)
        assert none.reason.startswith("2 of 3 frames have no score; the first: ")
        assert isinstance(photo, Silence)
        assert photo.reason in none.reason

    def test_the_frames_of_a_whole_go_there_together(self, server: Served) -> None:
        one = scorer(server, mllm={"clips": "video"})
        before = len(server.requests)
        (found,) = one.assess_many([clip({1: grey(200), 2: grey(180), 3: grey(160)}, view=one.view)])
        assert isinstance(found, Assessment)
        assert found.clip is not None
        assert found.clip.frames == 3
        counts = [len(request["messages"][0]["content"]) - 1 for request in server.requests[before:]]
        assert set(counts) == {1, 3}

    def test_a_server_that_takes_one_picture_alone_is_not_asked_about_wholes(self) -> None:
        sure = Scripted()

        def choosy(request: dict[str, Any]) -> Any:
            if len(request["messages"][0]["content"]) > 2:
                return fault("At most 1 image(s) may be provided in one prompt.", "BadRequestError", 400), 400
            return sure(request)

        with serving(choosy) as served, pytest.raises(UserError, match=r"At most 1 image.*limit-mm-per-prompt"):
            scorer(served, mllm={"clips": "video"})


class TestLabels:
    def test_the_digits_along_what_people_gave_are_asked_for(self, server: Served) -> None:
        # 6 has 0.6 of the digits at the first place, 4 half of them at the second and at the third.
        found = assessed(scorer(server), grey(100), label=1 + 6.44 * 9 / 9.99)
        first = 0.6 * 6 + 0.3 * 5 + 0.0999 * 7
        second = (0.5 * 4 + 0.4999 * 5) / 0.9999
        assert found.measures["ncm_quality"] == pytest.approx(first / 0.9999 + 0.1 * second + 0.01 * second, abs=1e-3)
        wrong = (0.3 * 5 + 0.0999 * 7) / 0.9999 + 0.11 * 0.4999 * 5 / 0.9999
        assert found.measures["ncm_star_quality"] == pytest.approx(wrong, abs=1e-3)


def told(error: BaseException) -> str:
    """Return all that an error would print, with what led to it."""
    return "".join(traceback.format_exception(error))


def words(content: Any, status: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda handler: send(handler, content, status, **headers)


def hang(handler: BaseHTTPRequestHandler) -> None:
    del handler
    time.sleep(3)


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Send a little now and then, so that no single wait is long."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    for _ in range(40):
        handler.wfile.write(b" ")
        time.sleep(0.1)


def break_off(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')


def flood(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(4 * ANSWER_LIMIT // 65536):
        handler.wfile.write(b" " * 65536)


def no_http(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.2p1\r\n")


AWAY = {
    "busy": (
        words(fault("Too many requests", "RateLimitError", 429), 429),
        r"can't answer now \(429\): \"Too many requests",
    ),
    "starting": (words("Service Unavailable", 503), r"can't answer now \(503\)"),
    "gateway": (words(b"<html>Bad gateway</html>", 502), r"\(502\): \"<html>Bad gateway"),
}
"""The server itself says that it can't."""

PASSING = {
    "engine dead": (words(fault("EngineCore died", "InternalServerError", 500), 500), r"\(500\): \"EngineCore died"),
    "hangs": (hang, "has not answered in time"),
    "drips": (drip, "has not answered in time"),
    "breaks off": (break_off, "broke off in the middle of its answer"),
    "closes": (lambda handler: handler.connection.shutdown(socket.SHUT_RDWR), "hung up before it had answered"),
}
"""It may be this picture that the server fails at."""

LASTING = {
    "no key": (
        words({"error": "Unauthorized"}, 401),
        r"\(401\): \"Unauthorized\"; give the right key in REALQA_SERVER_KEY",
    ),
    "forbidden": (words({"detail": "Forbidden"}, 403), r"\(403\): \"Forbidden\"; give a key that may use it"),
    "no such model": (
        words(fault(f"The model `{NAME}` does not exist.", "NotFoundError", 404), 404),
        r"\(404\): \"The model `realqa` does not exist.\"; see whether `url` and `model`",
    ),
    "elsewhere": (words(b"", 307, Location="http://192.0.2.1/v1"), r"sends us on to \"http://192.0.2.1/v1\", where no"),
    "no JSON": (words(b"<html>Welcome to nginx</html>", 200), 'something else than JSON: "<html>Welcome to nginx'),
    "deep JSON": (words(b"[" * 100_000, 200), "something else than JSON"),
    "other JSON": (words({"object": "error"}, 200), "in a form that isn't known here"),
    "too much": (flood, "with more than 1,048,576 bytes"),
    "no HTTP": (no_http, "doesn't speak HTTP"),
    "teapot": (words({"message": "short and stout"}, 418), r"\(418\): \"short and stout\""),
}


class TestTrouble:
    @pytest.mark.parametrize("name", [*AWAY, *PASSING])
    def test_at_the_start_all_that_passes_is_a_server_that_is_away(self, server: Served, name: str) -> None:
        server.trouble, said = (AWAY | PASSING)[name]
        with pytest.raises(AwayError, match=said):
            scorer(server, timeout_seconds=0.4)

    @pytest.mark.parametrize("name", [*AWAY, *PASSING])
    def test_in_the_middle_it_is_told_whether_the_photo_may_be_at_fault(self, server: Served, name: str) -> None:
        one = scorer(server)
        one._model._seconds = 0.4  # type: ignore[attr-defined]  # of the engine that this scorer has
        server.trouble, said = (AWAY | PASSING)[name]
        with pytest.raises(TransientError, match=said) as caught:
            assessed(one, grey(100))
        assert isinstance(caught.value, AwayError) == (name in AWAY)

    def test_a_server_that_goes_away_in_the_middle_costs_no_photo(self) -> None:
        with serving(Scripted()) as served:
            one = scorer(served)
            address = served.url.removeprefix("http://").removesuffix("/v1").split(":")
        with (
            fence.opened_to((address[0], int(address[1]))),
            pytest.raises(AwayError, match=r"can't be reached \(Connection refused\): is it running\?"),
        ):
            assessed(one, grey(100))

    @pytest.mark.parametrize("name", LASTING)
    def test_what_lasts_stops_the_start_and_names_the_mend(self, server: Served, name: str) -> None:
        server.trouble, said = LASTING[name]
        with pytest.raises(UserError, match=said):
            scorer(server)

    @pytest.mark.parametrize("name", LASTING)
    def test_in_the_middle_it_ends_the_worker_and_costs_no_photo(self, server: Served, name: str) -> None:
        one = scorer(server)
        server.trouble, said = LASTING[name]
        with pytest.raises(BrokenWorkerError, match=said):
            assessed(one, grey(100))

    @pytest.mark.parametrize("status", [400, 413, 422])
    def test_a_request_that_is_refused_costs_the_photo_alone(self, server: Served, status: int) -> None:
        one = scorer(server)
        server.trouble = words(fault("At most 0 image(s) may be provided", "BadRequestError", status), status)
        with pytest.raises(PermanentError, match=rf"won't answer this \({status}\): \"At most 0 image") as caught:
            assessed(one, grey(100))
        assert not isinstance(caught.value, BrokenWorkerError)

    @pytest.mark.parametrize(
        "odd",
        [
            {"choices": []},
            {"choices": [{"message": {"content": "6"}, "logprobs": {"content": [{"token": "6"}]}}]},
            {"choices": [{"message": {"content": "6"}}], "usage": {"prompt_tokens": "many"}},
            [],
            None,
        ],
    )
    def test_answers_of_another_shape_are_noticed(self, server: Served, odd: Any) -> None:
        one = scorer(server)
        server.trouble = words(odd, 200)
        with pytest.raises(BrokenWorkerError, match=r"in a form that isn't known here \("):
            assessed(one, grey(100))

    def test_after_the_trouble_it_goes_on(self, server: Served) -> None:
        one = scorer(server)
        before = assessed(one, grey(100))
        server.trouble = AWAY["busy"][0]
        with pytest.raises(AwayError):
            assessed(one, grey(100))
        server.trouble = None
        assert assessed(one, grey(100)) == before

    def test_a_server_that_is_down_is_waited_for(self, server: Served) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # and does not listen
            port = taken.getsockname()[1]
            said = r"the server http://127.0.0.1:\d+/v1 can't be reached \(Connection refused\): is it running\?"
            with fence.opened_to(("127.0.0.1", port)), pytest.raises(AwayError, match=said):
                scorer(f"http://127.0.0.1:{port}/v1")
        assert scorer(server)

    def test_a_closed_network_is_told_from_a_server_that_is_down(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise OSError(97, "Address family not supported by protocol")

        monkeypatch.setattr(socket, "socket", refuse)
        with pytest.raises(
            UserError, match=r"may not use the network.*`systemctl --user edit realqa.service`.*docs/service"
        ):
            scorer("http://127.0.0.1:1/v1")

    def test_a_server_without_tls_is_not_asked_by_https(self, server: Served) -> None:
        with pytest.raises(UserError, match=r"speaks no TLS \(.*\): is it http:// instead of https://\?"):
            scorer(server.url.replace("http://", "https://"))

    def test_proxies_are_not_asked(self, server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://192.0.2.1:3128")
        assert isinstance(assessed(scorer(server), grey(100)), Assessment)


class TestKey:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        file = tmp_path / "key"
        file.write_text(KEY + "\n")
        return file

    def test_it_comes_from_a_file_and_first_from_the_environment(
        self, server: Served, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        scorer(server)
        assert not any("Authorization" in headers for headers in server.headers)
        scorer(server, key_file=file)
        assert server.headers[-1]["Authorization"] == f"Bearer {KEY}"
        monkeypatch.setenv("REALQA_SERVER_KEY", "another")
        scorer(server, key_file=file)
        assert server.headers[-1]["Authorization"] == "Bearer another"

    @pytest.mark.parametrize("name", [*AWAY, *PASSING, *LASTING, "echo", "nested echo"])
    def test_no_error_holds_it(self, server: Served, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        echoes = {
            "echo": words(f"wrong key {KEY}".encode(), 401, Location=KEY),
            "nested echo": words({"error": {"code": 401, "given": ["Bearer " + KEY]}}, 401),
        }
        monkeypatch.setenv("REALQA_SERVER_KEY", KEY)
        one = scorer(server)
        assert server.headers[-1]["Authorization"] == f"Bearer {KEY}"
        server.trouble = echoes.get(name) or (AWAY | PASSING | LASTING)[name][0]
        one._model._seconds = 0.4  # type: ignore[attr-defined]  # of the engine that this scorer has
        with pytest.raises(RealQAError) as caught:
            assessed(one, grey(100))
        assert KEY not in told(caught.value)
        assert KEY not in one.version
        assert KEY not in repr(vars(one._model)) + repr(one)

    @pytest.mark.parametrize("content", ["", "\n", "two words", f"{KEY}\r\nX-Header: 1", f'"{KEY}"', "schlüssel"])
    def test_what_can_not_be_one_is_not_sent_and_not_shown(self, server: Served, tmp_path: Path, content: str) -> None:
        file = tmp_path / "key"
        file.write_text(content)
        with pytest.raises(UserError, match=re.escape(f"{file} holds no key")) as caught:
            scorer(server, key_file=file)
        assert server.headers == []
        assert not content.strip() or content.strip() not in told(caught.value)

    def test_a_file_that_is_not_there_is_named(self, server: Served, tmp_path: Path) -> None:
        with pytest.raises(UserError, match=r"key can't be read from .*/none: No such file"):
            scorer(server, key_file=tmp_path / "none")


class TestCommand:
    """The whole path, as a person walks it."""

    def test_photos_are_scored_by_the_server(self, place: Place, server: Served) -> None:
        photo(place.photos / "a.jpg")
        place.configure(f'[mllm]\nexplain = "never"\n[server]\nurl = "{server.url}"\n', scorer="firstlook")
        [line] = objects(place.realqa("score", "--scorer", "openai", "--json", place.photos))
        assert line["ok"]
        assert line["scorer"] == "openai"
        assert line["scorer_version"].startswith(f"{NAME}-")
        # 5.8 and .45 and .045 on the scale from 0 to 9.99.
        assert line["overall"] == pytest.approx(1 + 6.295 * 9 / 9.99, abs=0.01)

    def test_the_key_shows_nowhere(self, place: Place, server: Served) -> None:
        photo(place.photos / "a.jpg")
        key = place.home / "key"
        key.write_text(KEY)
        place.configure(f'[server]\nurl = "{server.url}"\nkey_file = "{key}"\n', scorer="openai")
        server.trouble = words({"error": f"wrong key {KEY}"}, 401)
        done = place.realqa("score", "--json", place.photos, status=2)
        assert "give the right key in REALQA_SERVER_KEY" in done.stderr
        shown = done.stdout + done.stderr + place.realqa("config").stdout
        assert KEY not in shown

    def test_the_queue_keeps_a_photo_while_the_server_is_busy(self, place: Place) -> None:
        photo(place.photos / "a.jpg")
        sure, busy = Scripted(), [True]

        def served_now(request: dict[str, Any]) -> Any:
            of_photo = np.ptp(picture_of(request)) > 0
            return (fault("busy", "RateLimitError", 429), 429) if busy and of_photo else sure(request)

        with serving(served_now) as server:
            place.configure(
                f'[mllm]\nexplain = "never"\n[server]\nurl = "{server.url}"\n[queue]\nbackoff_seconds = 0.1\n',
                scorer="openai",
            )
            place.once(status=None)
            [job] = objects(place.realqa("queue", "list", "--json"))
            assert "can't answer now (429)" in job["error"]
            busy.clear()
            place.once()
        assert place.listed()["a.jpg"]["scorer"] == "openai"
