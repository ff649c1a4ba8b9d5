"""The HTTP library of Trouplet's provider plugins: endpoints, retries, deadlines, server-sent events, redaction."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from trouplet_http.client import make_client as make_client
    from trouplet_http.client import shared_client as shared_client
    from trouplet_http.configured import api_key as api_key
    from trouplet_http.configured import checked_url as checked_url
    from trouplet_http.configured import made_with as made_with
    from trouplet_http.configured import media_of as media_of
    from trouplet_http.configured import with_capabilities as with_capabilities
    from trouplet_http.deadline import Clock as Clock
    from trouplet_http.endpoint import Endpoint as Endpoint
    from trouplet_http.endpoint import Limits as Limits
    from trouplet_http.errors import RecordTooLarge as RecordTooLarge
    from trouplet_http.errors import ReplayMismatch as ReplayMismatch
    from trouplet_http.errors import RetryTooLate as RetryTooLate
    from trouplet_http.errors import StreamTimedOut as StreamTimedOut
    from trouplet_http.failures import ErrorDetail as ErrorDetail
    from trouplet_http.failures import error_from_body as error_from_body
    from trouplet_http.failures import error_from_status as error_from_status
    from trouplet_http.failures import names_error as names_error
    from trouplet_http.image_headers import image_size as image_size
    from trouplet_http.json_body import BodyFields as BodyFields
    from trouplet_http.json_body import encode_body as encode_body
    from trouplet_http.json_body import loads as loads
    from trouplet_http.json_body import parse_object as parse_object
    from trouplet_http.kept_form import KeptForm as KeptForm
    from trouplet_http.lazy_media import LazyMedia as LazyMedia
    from trouplet_http.lines import LineDecoder as LineDecoder
    from trouplet_http.media import LoadedMedia as LoadedMedia
    from trouplet_http.media import MediaLoader as MediaLoader
    from trouplet_http.media import media_loader as media_loader
    from trouplet_http.media_types import sniff as sniff
    from trouplet_http.options import COMMON_OPTIONS as COMMON_OPTIONS
    from trouplet_http.options import OptionTable as OptionTable
    from trouplet_http.options import extra_body as extra_body
    from trouplet_http.options import header_options as header_options
    from trouplet_http.options import merged_options as merged_options
    from trouplet_http.options import thinking_level as thinking_level
    from trouplet_http.policy_transport import PolicyTransport as PolicyTransport
    from trouplet_http.provider_client import ProviderClient as ProviderClient
    from trouplet_http.record import RecordingTransport as RecordingTransport
    from trouplet_http.redaction import Redactor as Redactor
    from trouplet_http.redaction import redact as redact
    from trouplet_http.replay import ReplayTransport as ReplayTransport
    from trouplet_http.retry import RetryPolicy as RetryPolicy
    from trouplet_http.sse import EventStreamDecoder as EventStreamDecoder
    from trouplet_http.sse import ServerSentEvent as ServerSentEvent
    from trouplet_http.streamed_answer import StreamedAnswer as StreamedAnswer
    from trouplet_http.streamed_answer import read_answer as read_answer
    from trouplet_http.transport import AsyncioTransport as AsyncioTransport
    from trouplet_http.url_policy import URLPolicy as URLPolicy
    from trouplet_http.url_policy import URLRefused as URLRefused

_MODULES = {
    "AsyncioTransport": "transport",
    "BodyFields": "json_body",
    "COMMON_OPTIONS": "options",
    "Clock": "deadline",
    "Endpoint": "endpoint",
    "ErrorDetail": "failures",
    "EventStreamDecoder": "sse",
    "KeptForm": "kept_form",
    "Limits": "endpoint",
    "LazyMedia": "lazy_media",
    "LineDecoder": "lines",
    "LoadedMedia": "media",
    "MediaLoader": "media",
    "OptionTable": "options",
    "PolicyTransport": "policy_transport",
    "ProviderClient": "provider_client",
    "RecordTooLarge": "errors",
    "RecordingTransport": "record",
    "Redactor": "redaction",
    "ReplayMismatch": "errors",
    "ReplayTransport": "replay",
    "RetryPolicy": "retry",
    "RetryTooLate": "errors",
    "ServerSentEvent": "sse",
    "StreamTimedOut": "errors",
    "StreamedAnswer": "streamed_answer",
    "URLPolicy": "url_policy",
    "URLRefused": "url_policy",
    "api_key": "configured",
    "checked_url": "configured",
    "encode_body": "json_body",
    "error_from_body": "failures",
    "error_from_status": "failures",
    "extra_body": "options",
    "header_options": "options",
    "image_size": "image_headers",
    "loads": "json_body",
    "made_with": "configured",
    "make_client": "client",
    "media_loader": "media",
    "media_of": "configured",
    "merged_options": "options",
    "names_error": "failures",
    "parse_object": "json_body",
    "read_answer": "streamed_answer",
    "redact": "redaction",
    "shared_client": "client",
    "sniff": "media_types",
    "thinking_level": "options",
    "with_capabilities": "configured",
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
