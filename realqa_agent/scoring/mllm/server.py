"""The model `openai`: as `realqa`, but a server runs it, on other graphics cards or another machine.

What the photo shows at full size is still measured here; the model gets the same small picture as one of our own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from realqa_agent.errors import AwayError, PermanentError, TransientError, UserError
from realqa_agent.scoring.mllm.endpoint import Endpoint, read_key
from realqa_agent.scoring.mllm.remote import RemoteModel
from realqa_agent.scoring.mllm.scorer import Asked, RealQA

if TYPE_CHECKING:
    from realqa_agent.config import Config


class Server(RealQA):
    """Scores with a model behind an OpenAI-compatible server such as vLLM; its adapter is merged in there."""

    name = "openai"

    def __init__(self, config: Config) -> None:
        """Find the server's model; UserError with what to do if it is unfit, AwayError if it is away."""
        mllm = config.mllm.model_copy(update={"adapters": {}})
        super().__init__(config.model_copy(update={"mllm": mllm}))

    def _loaded(self, config: Config) -> Asked:
        settings = config.server
        if settings.url is None:
            raise UserError("the scorer openai needs a server: set `url` in [server], such as http://127.0.0.1:8000/v1")
        if settings.timeout_seconds >= config.media.seconds_per_file:
            raise UserError(
                f"`timeout_seconds` in [server] ({settings.timeout_seconds:g}) has to be less than `seconds_per_file` "
                f"in [media] ({config.media.seconds_per_file}): else a slow server costs photos"
            )
        endpoint = Endpoint(settings.url, read_key(settings.key_file))
        try:
            model = RemoteModel(
                endpoint, name=settings.model, seconds=settings.timeout_seconds, parallel=settings.parallel
            )
            self._check(model, config)
        except PermanentError as error:
            raise UserError(str(error)) from error
        except TransientError as error:
            # No photo was at hand yet: whatever it was, it is the server that can't be asked.
            raise AwayError(str(error)) from error
        form = "form" if model.holds_form else "no form"
        return Asked(
            engine=model,
            version=self._version(model.card.id, model.card.root or "", form, f"stride {model.spec.stride}"),
            # A photo has a question at a time under way at least: so many keep the server busy.
            at_once=settings.parallel,
            about=str(endpoint),
        )
