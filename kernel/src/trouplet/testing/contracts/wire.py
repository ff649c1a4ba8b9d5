"""How a provider's protocol looks on the wire: what an author says, so that the suite can play the provider.

The author describes only sound answers, as payloads (JSON objects, or text that is sent as it is). The suite encodes
them, and it alone cuts, stalls, resets, splits and garbles the bytes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from trouplet.testing.contracts.scenarios import FINISH_REASONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from trouplet.model_io import FinishReason
    from trouplet.testing.contracts.scenarios import Scenario

    Payload: TypeAlias = Mapping[str, object] | str


class Wire:
    """The base of ``EventStreamWire`` and ``JSONLinesWire``.

    ``content_type`` is that of a stream, and ``keep_alive`` what the provider sends while it has nothing to say (None:
    nothing). ``signature`` is a text that the wire sends with the thinking of an answer and that the model has to send
    back, unchanged, with the next request (empty: the protocol has none). ``finish_reasons`` are those that the
    protocol can tell: ``other`` stands for a word that nobody knows. ``interleaves`` says that pieces of parallel calls
    may come mixed, ``text_arguments`` that the arguments of a call travel as text, which can break off.
    """

    content_type: ClassVar[str]
    keep_alive: bytes | None = None
    signature: str = ""
    finish_reasons: frozenset[FinishReason] = FINISH_REASONS
    interleaves: bool = False
    text_arguments: bool = True

    def opening(self, scenario: Scenario) -> Iterable[Payload]:
        """Return what a stream begins with, before the first piece of the answer."""
        return ()

    def pieces(self, scenario: Scenario) -> Iterable[Payload]:
        """Return what is streamed for ``scenario.chunks``, or for ``scenario.parts`` where the protocol has blocks."""
        raise NotImplementedError(f"{type(self).__name__} does not say how the pieces of an answer look")

    def closing(self, scenario: Scenario) -> Iterable[Payload]:
        """Return the last words of a stream, with ``scenario.finish_reason`` and ``scenario.usage`` (None: not told).

        The first of them tells the finish reason: before it, an answer is not complete.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how a stream ends")

    def whole(self, scenario: Scenario) -> Mapping[str, object]:
        """Return the body of an answer that is not streamed."""
        raise NotImplementedError(f"{type(self).__name__} does not say how a whole answer looks")

    def refusal(self, status: int, message: str) -> Mapping[str, object]:
        """Return the body of an answer with an HTTP error status."""
        raise NotImplementedError(f"{type(self).__name__} does not say how a refusal looks")

    def failure(self, message: str) -> Payload | None:
        """Return the error in the middle of a stream: an overloaded provider, say. None if the protocol has none."""
        return None

    def encode(self, payload: Payload) -> bytes:
        """Return the bytes of one payload in a stream."""
        raise NotImplementedError


class EventStreamWire(Wire):
    """Server-sent events: ``data: {…}``. Override ``encode`` if events have names."""

    content_type = "text/event-stream"
    keep_alive = b": keep-alive\n\n"

    def encode(self, payload: Payload) -> bytes:
        return b"data: " + as_bytes(payload) + b"\n\n"


class JSONLinesWire(Wire):
    """Newline-delimited JSON."""

    content_type = "application/x-ndjson"

    def encode(self, payload: Payload) -> bytes:
        return as_bytes(payload) + b"\n"


def as_bytes(payload: Payload) -> bytes:
    """Return a payload as UTF-8: text as it is, anything else as JSON."""
    text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    return text.encode()
