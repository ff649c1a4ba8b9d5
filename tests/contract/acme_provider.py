"""A provider that does not exist, its model over trouplet-http, and its wire: what an author writes, in small.

The protocol: ``POST /talk`` with ``{"history": [...], "tools": [...], "stream": true, ...}``. A stream is of
server-sent events with one key each: ``text``, ``think``, ``sign``, ``call``, ``args``, ``oops``, ``done``.
"""

from contextlib import aclosing

from trouplet.conversation import ChatFormatter
from trouplet.errors import BadSetting, InvalidResponse, ModelError, StreamInterrupted
from trouplet.messages import MediaBlock, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from trouplet.model_io import Finish, ModelInfo, TextChunk, ThinkingChunk, ToolCallChunk, Usage
from trouplet.secret import Secret
from trouplet.testing.contracts import EventStreamWire
from trouplet_http import (
    OptionTable,
    ProviderClient,
    error_from_body,
    header_options,
    merged_options,
    parse_object,
    thinking_level,
)

CAPABILITIES = frozenset(
    ("tools", "tool_choice", "parallel_tools", "json_schema", "vision", "thinking", "streaming", "system")
)
REASONS = {"end": "stop", "call": "tool_calls", "full": "length", "filter": "content_filter"}
OPTIONS = OptionTable(
    ("temperature", "top_p", "max_tokens"),
    translations={
        "stop": lambda value: {"stop": [value] if isinstance(value, str) else list(value)},
        "thinking": lambda value: {"thinking": thinking_level(value)},
    },
)


class AcmeFormatter(ChatFormatter):
    """One wire message per message."""

    async def format_message(self, msg):
        parts = [part for block in msg.content for part in self.parts(block)]
        return [{"role": msg.role, "parts": parts}] if parts else []

    def parts(self, block):
        match block:
            case TextBlock(text=text):
                return [{"text": text}]
            case ThinkingBlock(thinking=thinking, extra={"acme": sign}):
                return [{"think": thinking, "sign": sign}]
            case ToolUseBlock(id=id, name=name):
                return [{"call": name, "id": id, "args": dict(block.input)}]
            case ToolResultBlock(id=id, output=output):
                return [{"result": id, "of": [part for inner in output for part in self.parts(inner)]}]
            case MediaBlock(source=source):
                return [{"media": getattr(source, "data", None) or source.url}]
        return []


class AcmeModel:
    """A chat model of Acme."""

    def __init__(self, base_url, *, api_key, stream=True, retry=None, idle_timeout=60, deadline=600, **options):
        OPTIONS.check(options)
        self.info = ModelInfo("acme", "rocket", CAPABILITIES)
        self.formatter = AcmeFormatter()
        self._stream = stream
        self._options = options
        self._client = ProviderClient(
            "acme",
            base_url,
            headers={"authorization": Secret(f"Bearer {api_key}")},
            retry=retry,
            idle_timeout=idle_timeout,
            deadline=deadline,
        )

    async def aclose(self):
        await self._client.aclose()

    async def stream(self, request):
        answer = Answer()
        try:
            async for chunk in self._chunks(request, answer):
                yield chunk
        except ModelError as error:
            error.partial = answer.text
            raise

    async def _chunks(self, request, answer):
        OPTIONS.check(request.options)
        options = merged_options(self._options, request.options)
        body = self._body(request, await (request.formatter or self.formatter).format(request.messages), options)
        endpoint = self._client.endpoint(header_options(options) and options)
        how = {"deadline": request.deadline, "retry": request.retry}
        if not self._stream:
            whole = await endpoint.post_json("talk", body, **how)
            events = whole.get("events")
            if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
                raise InvalidResponse("the answer of acme has no events", provider="acme")
            for event in events:
                for chunk in answer.add(event):
                    yield chunk
        else:
            async with aclosing(endpoint.post_stream("talk", body, **how)) as batches:
                async for batch in batches:
                    for event in batch:
                        for chunk in answer.add(parse_object(event.data, provider="acme")):
                            yield chunk
        yield answer.finish()

    def _body(self, request, history, options):
        body = {"history": history, "stream": self._stream, **OPTIONS.body_fields(options)}
        body |= options.get("extra_body") or {}
        names = [tool.name for tool in request.tools]
        if request.tool_choice not in (None, "auto", "none", "required", *names):
            raise BadSetting(f"there is no tool {request.tool_choice!r}")
        if request.tools:
            tools = [{"name": t.name, "about": t.description, "takes": t.parameters} for t in request.tools]
            body |= {"tools": tools, "choice": request.tool_choice or "auto"}
        if request.output_schema is not None:
            body["schema"] = request.output_schema
        return body


class Answer:
    """One answer, as far as it has arrived."""

    def __init__(self):
        self.text = ""
        self.calls = []
        self.ids = set()
        self.done = None

    def add(self, event):
        match event:
            case {"text": str(text)}:
                self.text += text
                return [TextChunk(text)]
            case {"think": str(text), "sign": str(sign)}:
                return [ThinkingChunk(text, {"acme": sign})]
            case {"think": str(text)}:
                return [ThinkingChunk(text)]
            case {"call": str(name), "id": str(id), "n": int()}:
                self.calls.append(event["n"])
                fresh, self.ids = id not in self.ids, self.ids | {id}
                return [ToolCallChunk(len(self.calls) - 1, id=id if fresh else "", name=name)]
            case {"args": str(text), "n": n} if n in self.calls:
                return [ToolCallChunk(self.calls.index(n), text)]
            case {"oops": dict(error)}:
                raise error_from_body("acme", 200, error)
            case {"done": str()}:
                self.done = event
            case {"text": _} | {"think": _} | {"call": _} | {"args": _} | {"oops": _} | {"done": _}:
                raise InvalidResponse("the answer of acme is not in its protocol", provider="acme")
        return []

    def finish(self):
        if self.done is None:
            raise StreamInterrupted("the answer of acme broke off", provider="acme")
        match self.done.get("usage"):
            case [int(asked), int(said), int(cached), int(thought)]:
                usage = Usage(asked, said, cached, thought)
            case _:
                usage = None
        return Finish(REASONS.get(self.done["done"], "other"), usage)


class AcmeWire(EventStreamWire):
    """How Acme's answers look."""

    signature = "signed-by-acme"
    interleaves = True

    def pieces(self, scenario):
        numbers = {}
        for chunk in scenario.chunks:
            match chunk:
                case TextChunk(text=text):
                    yield {"text": text}
                case ThinkingChunk(text=text):
                    yield {"think": text, "sign": self.signature} if text.endswith(".") else {"think": text}
                case ToolCallChunk(index=index):
                    if index not in numbers:
                        numbers[index] = len(numbers)
                        yield {"call": chunk.name, "id": chunk.id, "n": index}
                    if chunk.arguments:
                        yield {"args": chunk.arguments, "n": index}

    def closing(self, scenario):
        words = {reason: word for word, reason in REASONS.items()}
        end = {"done": words.get(scenario.finish_reason, "eclipse")}
        if scenario.usage:
            used = scenario.usage
            end["usage"] = [used.input_tokens, used.output_tokens, used.cached_tokens, used.reasoning_tokens]
        return [end]

    def whole(self, scenario):
        return {"events": [*self.pieces(scenario), *self.closing(scenario)]}

    def refusal(self, status, message):
        return {"error": {"message": message}}

    def failure(self, message):
        return {"oops": {"type": "overloaded", "message": message}}
