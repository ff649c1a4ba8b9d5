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
    """What every chat model behind HTTP keeps. Override ``make`` and give ``wire``.

    The suite plays the provider at ``base_url``, with the payloads that the wire describes::

        class TestParrotModel(HTTPModelContract):
            wire = ParrotWire()

            def make(self, base_url, *, max_retries, first_wait, **options):
                retry = RetryPolicy(max_retries, first_wait)
                return ParrotModel("grey", base_url=base_url, retry=retry, **options)

    A check that needs what the model is not capable of is skipped. Those that cut, reset and stall a stream at each of
    its bytes carry the mark ``battery``; without it a sample of the bytes is tried.
    """
