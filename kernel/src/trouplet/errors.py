"""The errors of Trouplet, each with a code, a reason and a fix.

::

    TroupletError
    ├── ConfigError (ValueError)              TP-1xx  what the user named or set
    │   ├── MissingKey                        TP-101
    │   ├── UnknownProvider (LookupError)     TP-102
    │   ├── ProviderNotInstalled              TP-103
    │   ├── BareModelName                     TP-104
    │   ├── BadSetting                        TP-105
    │   └── MissingPart                       TP-106  something to download or install first
    ├── PluginError                           TP-2xx  names plugin, kind, distribution, version and target
    │   ├── PluginLoadError (ImportError)     TP-201
    │   ├── PluginNotFound (LookupError)      TP-202
    │   ├── PluginConflict                    TP-203
    │   ├── PluginContractError (TypeError)   TP-204
    │   ├── PluginNotAllowed                  TP-205
    │   └── HookFailed                        TP-206
    ├── ToolError                             TP-3xx
    │   ├── ToolNotUsable (TypeError)         TP-301
    │   ├── ToolNameClash (ValueError)        TP-303
    │   └── InvalidArguments (ValueError)     TP-304  shown to the model as a result
    ├── RunError                              TP-4xx
    │   ├── LoopRunning (RuntimeError)        TP-401
    │   ├── KernelClosed (RuntimeError)       TP-402
    │   ├── InvalidHistory (ValueError)       TP-403
    │   ├── OutputMissing (ValueError)        TP-404  the model gave no valid structured output
    │   ├── BadInput (TypeError)              TP-405
    │   └── BudgetExceeded                    TP-406  ends the run with the status "limit"
    ├── StateError (ValueError)               TP-5xx
    │   ├── NotStorable (TypeError)           TP-501
    │   └── NewerFormat                       TP-502
    └── ModelError                            TP-6xx  has retryable, retry_after, partial, provider, status
        ├── AuthenticationFailed              TP-601
        ├── RequestRejected                   TP-602
        ├── RateLimited                       TP-603
        ├── ProviderUnavailable               TP-604
        ├── ConnectionFailed (ConnectionError) TP-605
        ├── DeadlineExceeded (TimeoutError)   TP-606
        ├── StreamInterrupted                 TP-607
        ├── InvalidResponse                   TP-608
        ├── Unsupported                       TP-609  the model cannot do what was asked
        └── ScriptMismatch (AssertionError)   TP-610  a ScriptedModel was called differently than its script says
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal


class TroupletError(Exception):
    """The base of every error that Trouplet raises.

    ``what`` says what happened and to whom, ``why`` the reason, ``fix`` what to type or change next. The text of the
    error is built here and nowhere else.
    """

    code = "TP-000"

    def __init__(self, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        sentences = (_sentence(part) for part in (self.what, self.why, self.fix) if part)
        return f"{self.code} {' '.join(sentences)}"

    def as_dict(self) -> dict[str, str]:
        """The error as JSON-able data, for ``--json`` and for logs."""
        return {"code": self.code, "error": type(self).__name__, "what": self.what, "why": self.why, "fix": self.fix}


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "?", "!", ":", ")")) else text + "."


class ConfigError(TroupletError, ValueError):
    """Something that the user named or set is not usable."""

    code = "TP-100"


class MissingKey(ConfigError):
    """A provider needs an API key and none was found."""

    code = "TP-101"

    def __init__(self, provider: str, *, variable: str) -> None:
        self.provider = provider
        self.variable = variable
        super().__init__(
            f"no API key for provider {provider!r}",
            fix=f"Set {variable} or run: trouplet keys set {provider}. "
            'No key at hand? model="test:echo" works offline.',
        )


class UnknownProvider(ConfigError, LookupError):
    """No installed plugin and no known plugin serves this provider."""

    code = "TP-102"


class ProviderNotInstalled(ConfigError):
    """The provider is known, its plugin is not installed."""

    code = "TP-103"

    def __init__(self, name: str, *, distribution: str) -> None:
        self.distribution = distribution
        super().__init__(f"{name!r} needs the plugin {distribution}", fix=f"Install: pip install {distribution}")


class BareModelName(ConfigError):
    """A model was named without its provider."""

    code = "TP-104"


class BadSetting(ConfigError):
    """A setting has a value that is not usable."""

    code = "TP-105"


class MissingPart(ConfigError):
    """Something that has to be installed or downloaded first is missing."""

    code = "TP-106"


class PluginError(TroupletError):
    """A plugin could not be used; says which one, from which distribution, and what to type."""

    code = "TP-200"

    def __init__(
        self,
        what: str,
        *,
        plugin: str = "",
        kind: str = "",
        distribution: str = "",
        version: str = "",
        target: str = "",
        why: str = "",
        fix: str = "",
    ) -> None:
        self.plugin = plugin
        self.kind = kind
        self.distribution = distribution
        self.version = version
        self.target = target
        super().__init__(what, why=why, fix=fix or "Details: trouplet plugins doctor")

    def as_dict(self) -> dict[str, str]:
        where = {name: getattr(self, name) for name in ("plugin", "kind", "distribution", "version", "target")}
        return super().as_dict() | where


class PluginLoadError(PluginError, ImportError):
    """A plugin raised while it was imported or instantiated, or its entry point leads nowhere."""

    code = "TP-201"


class PluginNotFound(PluginError, LookupError):
    """No installed plugin has the kind and name that were asked for."""

    code = "TP-202"


class PluginConflict(PluginError):
    """Two distributions claim the same kind and name, and no setting prefers one."""

    code = "TP-203"


class PluginContractError(PluginError, TypeError):
    """A plugin class breaks the plugin contract: API version, hook names, hook signatures."""

    code = "TP-204"


class PluginNotAllowed(PluginError):
    """A rule blocks the plugin, or it is not on the allow-list."""

    code = "TP-205"


class HookFailed(PluginError):
    """A hook of a plugin raised; the cause is chained."""

    code = "TP-206"


class ToolError(TroupletError):
    """A tool could not be registered or called."""

    code = "TP-300"


class ToolNotUsable(ToolError, TypeError):
    """A callable cannot become a tool."""

    code = "TP-301"


class ToolNameClash(ToolError, ValueError):
    """Two tools of one toolkit have the same name."""

    code = "TP-303"


class InvalidArguments(ToolError, ValueError):
    """The arguments of a call do not match the tool's parameters; the text is written for the model."""

    code = "TP-304"


class RunError(TroupletError):
    """A run could not start or go on."""

    code = "TP-400"


class LoopRunning(RunError, RuntimeError):
    """``run()`` was called while an event loop runs."""

    code = "TP-401"


class KernelClosed(RunError, RuntimeError):
    """A kernel was used after it had been closed."""

    code = "TP-402"


class InvalidHistory(RunError, ValueError):
    """A message would separate a tool call from its result."""

    code = "TP-403"


class OutputMissing(RunError, ValueError):
    """The model did not give the structured output that was asked for."""

    code = "TP-404"


class BadInput(RunError, TypeError):
    """An agent or a message was given something that is not a message."""

    code = "TP-405"


class BudgetExceeded(RunError):
    """A budget is used up, so that no further model call may start.

    ``budget`` says whose it is (``run``, ``kernel``), ``quantity`` of what (``money``, ``calls``, ``output_tokens`` …),
    ``limit`` and ``spent`` how much was allowed and has been used.
    """

    code = "TP-406"

    def __init__(
        self, budget: str, quantity: str, *, limit: int | Decimal, spent: int | Decimal, fix: str = ""
    ) -> None:
        self.budget = budget
        self.quantity = quantity
        self.limit = limit
        self.spent = spent
        name, sign = quantity.replace("_", " "), "$" if quantity == "money" else ""
        super().__init__(
            f"the limit of the {budget} is reached: {sign}{spent} of {sign}{limit} {'' if sign else name}".rstrip(),
            why="no model call may start any more",
            fix=fix,
        )


class StateError(TroupletError, ValueError):
    """Stored state could not be written or read."""

    code = "TP-500"


class NotStorable(StateError, TypeError):
    """A value has no JSON form."""

    code = "TP-501"


class NewerFormat(StateError):
    """Stored data was written by a newer version."""

    code = "TP-502"


class ModelError(TroupletError):
    """A model call failed.

    ``retryable`` says whether the same call may work later, ``retry_after`` after how many seconds (None: unknown),
    ``partial`` holds the text that had arrived, ``status`` the HTTP status if there was one, and ``details`` what the
    provider's error body said, as JSON-able data.
    """

    code = "TP-600"
    retryable = False

    def __init__(
        self,
        what: str,
        *,
        provider: str = "",
        status: int | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
        partial: str = "",
        details: Mapping[str, object] | None = None,
        why: str = "",
        fix: str = "",
    ) -> None:
        super().__init__(what, why=why, fix=fix)
        self.provider = provider
        self.status = status
        self.retry_after = retry_after
        self.partial = partial
        self.details = details or {}
        if retryable is not None:
            self.retryable = retryable


class AuthenticationFailed(ModelError):
    """The provider refused the credentials (HTTP 401 or 403)."""

    code = "TP-601"


class RequestRejected(ModelError):
    """The provider refused the request as it stands (HTTP 400, 404, 413, 422)."""

    code = "TP-602"


class RateLimited(ModelError):
    """The provider asks to slow down (HTTP 429)."""

    code = "TP-603"
    retryable = True


class ProviderUnavailable(ModelError):
    """The provider failed or is overloaded (HTTP 5xx)."""

    code = "TP-604"
    retryable = True


class ConnectionFailed(ModelError, ConnectionError):
    """The provider could not be reached, or the connection broke before the first byte of the answer."""

    code = "TP-605"
    retryable = True


class DeadlineExceeded(ModelError, TimeoutError):
    """The call's total deadline passed, or the stream stood still for too long."""

    code = "TP-606"


class StreamInterrupted(ModelError):
    """The answer ended before the provider said that it was finished; ``partial`` holds the text so far."""

    code = "TP-607"


class InvalidResponse(ModelError):
    """The provider's answer is not what its protocol says."""

    code = "TP-608"


class Unsupported(ModelError):
    """The model cannot do what was asked of it."""

    code = "TP-609"


class ScriptMismatch(ModelError, AssertionError):
    """A scripted model was called more often, less often or otherwise than its script says."""

    code = "TP-610"
