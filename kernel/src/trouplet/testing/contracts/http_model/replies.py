"""What the suite's server sends: a scenario, encoded by the author's wire, as scripts of the fault server."""

from __future__ import annotations

from itertools import chain, cycle
from typing import TYPE_CHECKING

from trouplet.testing.contracts.wire import as_bytes
from trouplet.testing.fault_server import LAST_CHUNK, READ, STALL, Fault, chunk, head, response

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from trouplet.testing.contracts.scenarios import Scenario
    from trouplet.testing.contracts.wire import Payload, Wire
    from trouplet.testing.fault_server import Part, Script

GAP: tuple[float, float] = (0.0, 0.0)
"""Long enough for the client, in the same event loop, to read what was written before it apart from what follows."""


class Replies:
    """Makes the replies of one provider."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def begun(self, scenario: Scenario) -> list[Payload]:
        """Return the payloads of a stream without its last words."""
        return [*self._wire.opening(scenario), *self._wire.pieces(scenario)]

    def payloads(self, scenario: Scenario) -> list[Payload]:
        """Return all payloads of a stream."""
        return [*self.begun(scenario), *self._wire.closing(scenario)]

    def encoded(self, payloads: Iterable[Payload]) -> bytes:
        """Return payloads as the bytes of a stream."""
        return b"".join([self._wire.encode(payload) for payload in payloads])

    def complete_at(self, scenario: Scenario) -> int:
        """Return how many bytes of a stream tell that the answer is complete."""
        begun = self.encoded(self.begun(scenario))
        return len(begun) + len(self._wire.encode(next(iter(self._wire.closing(scenario)))).rstrip())

    def answer(self, scenario: Scenario) -> Script:
        """Return a scenario as a stream, with the end that it names."""
        match scenario.end:
            case "complete":
                return self.stream(self.encoded(self.payloads(scenario)))
            case "cut":
                return self.stream(self.encoded(self.begun(scenario)))
            case "stall":
                return self.stream(self.encoded(self.begun(scenario)), STALL)
            case "refused":
                return self.refusal(scenario.status, scenario.message, retry_after=scenario.retry_after)

    def whole(self, scenario: Scenario) -> Script:
        """Return a scenario as an answer that is not streamed."""
        return response(as_bytes(self._wire.whole(scenario))), READ

    def stream(self, *parts: Part, content_type: str = "") -> list[Part]:
        """Return a stream of these parts; unless a fault ends it, it ends cleanly and the connection is kept."""
        start = head(200, {"content-type": content_type or self._wire.content_type, "transfer-encoding": "chunked"})
        made = [start, *[_framed(part) for part in parts if part != b""]]
        return made if isinstance(made[-1], Fault) else [*made, LAST_CHUNK, READ]

    def endless(self, begun: bytes, parts: Iterable[Part]) -> Script:
        """Return a stream that begins and then repeats ``parts`` for ever; it can be played once."""
        return chain(self.stream(begun, *GAP, STALL)[:-1], cycle([_framed(part) for part in parts]))

    def refusal(
        self,
        status: int,
        message: str = "The provider says no.",
        *,
        retry_after: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Script:
        """Return an answer with an error status."""
        waiting = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
        body = as_bytes(self._wire.refusal(status, message))
        return response(body, status=status, headers={**waiting, **(headers or {})}), READ


def _framed(part: Part) -> Part:
    return chunk(part) if isinstance(part, bytes) else part
