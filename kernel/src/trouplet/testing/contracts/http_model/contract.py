"""``HTTPModelContract``: all checks of a chat model behind HTTP."""

from __future__ import annotations

from trouplet.testing.contracts.http_model.answers import AnswerChecks
from trouplet.testing.contracts.http_model.cuts import CutChecks
from trouplet.testing.contracts.http_model.faults import FaultChecks
from trouplet.testing.contracts.http_model.histories import HistoryChecks
from trouplet.testing.contracts.http_model.refusals import RefusalChecks
from trouplet.testing.contracts.http_model.requests import RequestChecks
from trouplet.testing.contracts.http_model.timing import TimingChecks


class HTTPModelContract(
    AnswerChecks, CutChecks, FaultChecks, HistoryChecks, RefusalChecks, RequestChecks, TimingChecks
):
    """What every chat model behind HTTP keeps. Override ``make`` and give ``wire``."""
