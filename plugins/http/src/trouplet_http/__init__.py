"""The HTTP library of Trouplet's provider plugins: endpoints, retries, deadlines, server-sent events, redaction."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from trouplet_http.client import make_client as make_client
    from trouplet_http.client import shared_client as shared_client
    from trouplet_http.deadline import Clock as Clock
    from trouplet_http.endpoint import Endpoint as Endpoint
    from trouplet_http.endpoint import Limits as Limits
    from trouplet_http.errors import RecordTooLarge as RecordTooLarge
    from trouplet_http.errors import ReplayMismatch as ReplayMismatch
    from trouplet_http.errors import RetryTooLate as RetryTooLate
    from trouplet_http.errors import StreamTimedOut as StreamTimedOut
    from trouplet_http.failures import error_from_body as error_from_body
    from trouplet_http.failures import error_from_status as error_from_status
    from trouplet_http.failures import names_error as names_error
    from trouplet_http.json_body import BodyFields as BodyFields
    from trouplet_http.json_body import encode_body as encode_body
    from trouplet_http.json_body import loads as loads
    from trouplet_http.json_body import parse_object as parse_object
    from trouplet_http.lines import LineDecoder as LineDecoder
    from trouplet_http.record import RecordingTransport as RecordingTransport
    from trouplet_http.redaction import Redactor as Redactor
    from trouplet_http.redaction import redact as redact
    from trouplet_http.replay import ReplayTransport as ReplayTransport
    from trouplet_http.retry import RetryPolicy as RetryPolicy
    from trouplet_http.sse import EventStreamDecoder as EventStreamDecoder
    from trouplet_http.sse import ServerSentEvent as ServerSentEvent
    from trouplet_http.transport import AsyncioTransport as AsyncioTransport

_MODULES = {
    "AsyncioTransport": "transport",
    "BodyFields": "json_body",
    "Clock": "deadline",
    "Endpoint": "endpoint",
    "EventStreamDecoder": "sse",
    "Limits": "endpoint",
    "LineDecoder": "lines",
    "RecordTooLarge": "errors",
    "RecordingTransport": "record",
    "Redactor": "redaction",
    "ReplayMismatch": "errors",
    "ReplayTransport": "replay",
    "RetryPolicy": "retry",
    "RetryTooLate": "errors",
    "ServerSentEvent": "sse",
    "StreamTimedOut": "errors",
    "encode_body": "json_body",
    "error_from_body": "failures",
    "error_from_status": "failures",
    "loads": "json_body",
    "make_client": "client",
    "names_error": "failures",
    "parse_object": "json_body",
    "redact": "redaction",
    "shared_client": "client",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605  # a test compares the table with the names above


def __getattr__(name: str) -> object:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value
