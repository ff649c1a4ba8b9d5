"""The contract of HTTP models, on a small sound provider."""

import sys
from pathlib import Path

from trouplet.testing.contracts import HTTPModelContract
from trouplet_http import RetryPolicy

sys.path.insert(0, str(Path(__file__).parent))
from acme_provider import AcmeModel, AcmeWire

sys.path.pop(0)


class TestAcmeModel(HTTPModelContract):
    wire = AcmeWire()

    def make(self, base_url, *, max_retries, first_wait, **options):
        return AcmeModel(base_url, retry=RetryPolicy(max_retries, first_wait), **options)
