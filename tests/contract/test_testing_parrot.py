"""The smallest provider behind HTTP that passes its contract: the example of PLUGINS.md."""

from contextlib import aclosing

from trouplet.conversation import ChatFormatter
from trouplet.errors import InvalidResponse, ModelError, StreamInterrupted
from trouplet.model_io import Finish, ModelInfo, TextChunk, Usage
from trouplet.secret import Secret
from trouplet.testing.contracts import EventStreamWire, HTTPModelContract
from trouplet_http import OptionTable, ProviderClient, RetryPolicy, error_from_body, merged_options, parse_object

OPTIONS = OptionTable(("max_tokens", "stop", "temperature", "top_p"))
REASONS = {"done": "stop", "full": "length"}


class ParrotFormatter(ChatFormatter):
    async def format_message(self, msg):
        return [{"role": msg.role, "text": msg.text.encode(errors="replace").decode()}] if msg.text.strip() else []


class ParrotModel:
    def __init__(self, name, *, base_url, api_key, stream=True, retry=None, idle_timeout=60, deadline=600, **options):
        OPTIONS.check(options)
        self.info = ModelInfo("parrot", name, frozenset({"streaming", "system"}))
        self.formatter = ParrotFormatter()
        self._options = options
        self._stream = stream
        headers = {"authorization": Secret(f"Bearer {api_key}")}
        limits = {"retry": retry, "idle_timeout": idle_timeout, "deadline": deadline}
        self._client = ProviderClient("parrot", base_url, headers=headers, **limits)

    async def aclose(self):
        await self._client.aclose()

    async def stream(self, request):
        said = []
        try:
            async with aclosing(self._events(request)) as events:
                async for event in events:
                    if isinstance(event.get("word"), str):
                        said.append(event["word"])
                        yield TextChunk(event["word"])
                    elif "error" in event:
                        raise error_from_body("parrot", 200, event)
                    elif isinstance(event.get("end"), str):
                        tokens = event.get("tokens")
                        known = isinstance(tokens, list) and [type(count) for count in tokens] == [int, int]
                        yield Finish(REASONS.get(event["end"], "other"), Usage(*tokens) if known else None)
                        return
            raise StreamInterrupted("the parrot broke off", provider="parrot")
        except ModelError as error:
            error.partial = "".join(said)
            raise

    async def _events(self, request):
        OPTIONS.check(request.options)
        options = merged_options(self._options, request.options)
        history = await (request.formatter or self.formatter).format(request.messages)
        body = {"history": history, **OPTIONS.body_fields(options), **(options.get("extra_body") or {})}
        endpoint, how = self._client.endpoint(options), {"deadline": request.deadline, "retry": request.retry}
        if not self._stream:
            events = (await endpoint.post_json("say", body, **how)).get("events")
            if not isinstance(events, list) or not all([isinstance(event, dict) for event in events]):
                raise InvalidResponse("the parrot's answer has no events", provider="parrot")
            for event in events:
                yield event
            return
        async with aclosing(endpoint.post_stream("say", body, **how)) as batches:
            async for batch in batches:
                for event in batch:
                    yield parse_object(event.data, provider="parrot")


class ParrotWire(EventStreamWire):
    """How the parrot's server answers: this is all that the suite has to know."""

    finish_reasons = frozenset({"stop", "length", "other"})

    def pieces(self, scenario):
        return [{"word": chunk.text} for chunk in scenario.chunks if isinstance(chunk, TextChunk)]

    def closing(self, scenario):
        words = {reason: word for word, reason in REASONS.items()}
        end = {"end": words.get(scenario.finish_reason, "asleep")}
        usage = scenario.usage
        return [end | {"tokens": [usage.input_tokens, usage.output_tokens]} if usage else end]

    def whole(self, scenario):
        return {"events": [*self.pieces(scenario), *self.closing(scenario)]}

    def refusal(self, status, message):
        return {"error": {"message": message}}

    def failure(self, message):
        return {"error": {"message": message, "type": "overloaded"}}


class TestParrotModel(HTTPModelContract):
    wire = ParrotWire()

    def make(self, base_url, *, max_retries, first_wait, **options):
        return ParrotModel("grey", base_url=base_url, retry=RetryPolicy(max_retries, first_wait), **options)
