"""The contracts of what is behind HTTP, on a small sound provider."""

import sys
from pathlib import Path

from trouplet.testing.contracts import (
    FormatterContract,
    HTTPEmbeddingContract,
    HTTPModelContract,
    TokenCounterContract,
)
from trouplet_http import RetryPolicy

sys.path.insert(0, str(Path(__file__).parent))
from acme_counting import AcmeAskingCounter, AcmeCounter, AcmeEmbedding, AcmeEmbeddingWire
from acme_provider import AcmeFormatter, AcmeModel, AcmeWire

sys.path.pop(0)


class TestAcmeModel(HTTPModelContract):
    wire = AcmeWire()

    def make(self, base_url, *, max_retries, first_wait, **options):
        return AcmeModel(base_url, retry=RetryPolicy(max_retries, first_wait), **options)


class TestAcmeFormatter(FormatterContract):
    def make(self):
        return AcmeFormatter()


class TestAcmeEmbedding(HTTPEmbeddingContract):
    wire = AcmeEmbeddingWire()
    batch_size = 7

    def make(self, base_url, *, max_retries, first_wait, **options):
        return AcmeEmbedding(base_url, retry=RetryPolicy(max_retries, first_wait), **options)


class TestAcmeCounter(TokenCounterContract):
    def make(self, base_url):
        return AcmeCounter()


class TestAcmeAskingCounter(TokenCounterContract):
    def make(self, base_url):
        return AcmeAskingCounter(base_url)

    def answer(self, body, tokens):
        return {"tokens": tokens}
