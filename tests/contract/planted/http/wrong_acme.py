"""A wrong provider: Acme's model with one fault each. ``caught_by`` names the test that has to fail, ``says`` why."""

import asyncio
import sys
from contextlib import aclosing
from pathlib import Path

from trouplet.errors import InvalidResponse, ModelError, StreamInterrupted
from trouplet.messages import ThinkingBlock
from trouplet.model_io import Finish, TextChunk, ToolCallChunk, Usage
from trouplet.testing.contracts import HTTPModelContract
from trouplet_http import RetryPolicy

sys.path.insert(0, str(Path(__file__).parents[2]))
from acme_provider import AcmeFormatter, AcmeModel, AcmeWire

sys.path.pop(0)


class Wrong(HTTPModelContract):
    """The contract of Acme's model, of which a fault overrides a part as ``Broken``."""

    wire = AcmeWire()
    Broken = AcmeModel

    def make(self, base_url, *, max_retries, first_wait, **options):
        return self.Broken(base_url, retry=RetryPolicy(max_retries, first_wait), **options)


class Changing(AcmeModel):
    """Passes each chunk through ``change``."""

    def change(self, chunk):
        return [chunk]

    async def stream(self, request):
        async with aclosing(super().stream(request)) as chunks:
            async for chunk in chunks:
                for changed in self.change(chunk):
                    yield changed


class TestTakesTheEndForAnAnswer(Wrong):
    caught_by = "test_a_stream_without_its_last_words_is_interrupted"
    says = "the answer claims to be complete: there is a Finish"

    class Broken(AcmeModel):
        async def stream(self, request):
            try:
                async for chunk in super().stream(request):
                    yield chunk
            except StreamInterrupted:
                yield Finish("stop")


class TestInventsUsage(Wrong):
    caught_by = "test_usage_that_is_not_told_is_unknown_and_not_zero"
    says = "the provider did not tell Usage(input_tokens=0"

    class Broken(Changing):
        def change(self, chunk):
            return [Finish(chunk.reason, chunk.usage or Usage())] if isinstance(chunk, Finish) else [chunk]


class TestRetriesOnTopOfRetries(Wrong):
    caught_by = "test_a_failing_provider_is_asked_once_and_max_retries_times"
    says = "9 requests, not 1 + 2"

    class Broken(AcmeModel):
        async def stream(self, request):
            for attempt in range(3):
                try:
                    async for chunk in super().stream(request):
                        yield chunk
                except ModelError:
                    if attempt == 2:
                        raise
                else:
                    return


class TestForgetsThePartialText(Wrong):
    caught_by = "test_an_error_in_the_middle_of_a_stream_keeps_the_text"
    says = "the text so far is lost"

    class Broken(AcmeModel):
        async def stream(self, request):
            try:
                async for chunk in super().stream(request):
                    yield chunk
            except ModelError as error:
                error.partial = ""
                raise


class TestTrustsTheTypes(Wrong):
    caught_by = "test_wrong_types_in_a_stream_are_never_an_untyped_error"
    says = "which is no ModelError"

    class Broken(Changing):
        async def stream(self, request):
            try:
                async for chunk in super().stream(request):
                    yield chunk
            except InvalidResponse as error:
                raise KeyError("done") from error


class TestRepairsArguments(Wrong):
    caught_by = "test_arguments_that_break_off_are_never_repaired"
    says = """was made into {'kind': 'gre'}"""

    class Broken(Changing):
        def change(self, chunk):
            broken = isinstance(chunk, ToolCallChunk) and chunk.arguments.endswith("gre")
            return [ToolCallChunk(chunk.index, chunk.arguments + '"}')] if broken else [chunk]


class TestLosesItsSignature(Wrong):
    caught_by = "test_what_the_model_thought_goes_back_as_the_provider_wants_it"
    says = "what the provider wants back is not sent back"

    class Broken(AcmeModel):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            self.formatter = Forgetful()


class Forgetful(AcmeFormatter):
    def parts(self, block):
        return [] if isinstance(block, ThinkingBlock) else super().parts(block)


class TestSendsTheThoughtsOfOthers(Wrong):
    caught_by = "test_the_thinking_of_another_provider_is_not_sent"
    says = "the thinking of another provider is sent"

    class Broken(AcmeModel):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            self.formatter = Talkative()


class Talkative(AcmeFormatter):
    def parts(self, block):
        return [{"text": block.thinking}] if isinstance(block, ThinkingBlock) else super().parts(block)


class TestKeepsTheOptionsOfACall(Wrong):
    caught_by = "test_the_options_of_a_request_win"
    says = "the option of one request has changed the model"

    class Broken(AcmeModel):
        async def stream(self, request):
            self._options.update(request.options)
            async for chunk in super().stream(request):
                yield chunk


class TestTellsTheKey(Wrong):
    caught_by = "test_the_key_is_in_no_error"
    says = "the key is in ['the text of the error'"

    class Broken(AcmeModel):
        def __init__(self, base_url, *, api_key, **options):
            super().__init__(base_url, api_key=api_key, **options)
            self.key = api_key

        async def stream(self, request):
            try:
                async for chunk in super().stream(request):
                    yield chunk
            except ModelError as error:
                error.fix = f"Check the key {self.key}"
                raise


class TestSwallowsCancellation(Wrong):
    caught_by = "test_a_cancelled_call_lets_go_and_leaves_nothing"
    says = "the cancellation was swallowed"

    class Broken(AcmeModel):
        async def stream(self, request):
            try:
                async for chunk in super().stream(request):
                    yield chunk
            except asyncio.CancelledError:
                yield Finish("other")


class TestWaitsForTheWholeAnswer(Wrong):
    caught_by = "test_pieces_are_passed_on_as_they_come"
    says = "the first piece waits for the second"

    class Broken(AcmeModel):
        async def stream(self, request):
            for chunk in [chunk async for chunk in super().stream(request)]:
                yield chunk


class TestSaysThatCutCallsAreComplete(Wrong):
    caught_by = "test_an_answer_that_was_cut_short_says_so_even_with_calls"
    says = "the kernel would run the calls of this answer"

    class Broken(Changing):
        def change(self, chunk):
            return [Finish("tool_calls", chunk.usage)] if isinstance(chunk, Finish) else [chunk]


class TestIgnoresTheToolChoice(Wrong):
    caught_by = "test_every_tool_choice_is_sent"
    says = "tool_choice='required' changes nothing in the request"

    class Broken(AcmeModel):
        def _body(self, *args):
            body = super()._body(*args)
            return {name: value for name, value in body.items() if name != "choice"}


class TestForgetsTheDeadline(Wrong):
    caught_by = "test_the_deadline_of_a_request_counts"
    says = "the call hangs: nothing came of it in 1 s"
    patience = 1.0

    class Broken(AcmeModel):
        async def stream(self, request):
            request.deadline = None
            async for chunk in super().stream(request):
                yield chunk


class TestSaysEveryTextTwice(Wrong):
    caught_by = "test_a_clean_end_at_any_byte_is_no_answer"
    says = "bytes, which end"

    class Broken(Changing):
        def change(self, chunk):
            return [chunk, chunk] if isinstance(chunk, TextChunk) else [chunk]
