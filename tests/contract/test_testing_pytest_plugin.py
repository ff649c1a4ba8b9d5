"""The fixtures that every test suite gets with Trouplet, and what the package costs those who do not use it."""

import subprocess
import sys
from pathlib import Path

import pytest

from trouplet import testing
from trouplet.testing import contracts

pytest_plugins = ["pytester"]

OPTIONS = ("-q", "-p", "no:cacheprovider", "-W", "error")


def outcome(pytester, code, *, mode):
    pytester.makepyfile(code)
    pytester.makeini(f"[pytest]\nasyncio_mode = {mode}\nasyncio_default_fixture_loop_scope = function\n")
    return pytester.runpytest_inprocess(*OPTIONS)


def test_scripted_models_are_made_by_a_fixture_that_checks_their_end(pytester):
    result = outcome(
        pytester,
        """
        from trouplet.model_io import ModelRequest
        from trouplet.messages import Msg

        async def ask(model):
            return [chunk async for chunk in model.stream(ModelRequest([Msg("Ann", "Hello!")]))]

        async def test_asked(scripted_model):
            assert len(await ask(scripted_model("one", chunk_size=2))) == 3

        async def test_not_asked(scripted_model):
            scripted_model("one")
        """,
        mode="auto",
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*TP-610 1 step of the script of test:scripted were not asked for*"])


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_the_leak_check_fails_the_test_that_leaves_something(pytester, mode):
    result = outcome(
        pytester,
        """
        import asyncio, pytest

        left = []

        @pytest.mark.asyncio
        async def test_clean(leak_check):
            await asyncio.sleep(0)

        @pytest.mark.asyncio
        async def test_leaky(leak_check):
            leak_check._grace = 0.05
            left.append(asyncio.create_task(asyncio.Event().wait(), name="left-task"))
        """,
        mode=mode,
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*task left-task*"])


def test_the_kernel_fixture_has_an_empty_environment_and_folders_of_its_own(pytester, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-host")
    result = outcome(
        pytester,
        """
        async def test_kernel(kernel, tmp_path, canaries):
            async with kernel:
                context = kernel.context("test")
                assert context.environ("OPENAI_API_KEY") is None
                assert context.data_dir().is_relative_to(tmp_path)
                assert context.cache_dir().is_relative_to(tmp_path)
                reply = await kernel.agent("Friday", model="test:echo")("Hello!")
                assert reply.text == "You said: Hello!"
            canaries.assert_unseen(tmp_path)
        """,
        mode="auto",
    )
    result.assert_outcomes(passed=1)


def test_without_pytest_asyncio_the_other_fixtures_are_there(pytester):
    pytester.makepyfile("def test_fixtures(scripted_model, kernel, canaries): scripted_model()")
    pytester.runpytest_inprocess(*OPTIONS, "-p", "no:asyncio").assert_outcomes(passed=1)


def loaded_by(code):
    """Return the modules that a fresh interpreter has after running this code."""
    code += "; import sys; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_a_suite_that_uses_no_fixture_pays_for_nothing():
    more = loaded_by("import pytest; import trouplet.testing.pytest_plugin") - loaded_by("import pytest")
    assert more <= {"trouplet", "trouplet.testing", "trouplet.testing.pytest_plugin"}


def test_the_scripted_model_needs_little_more_than_the_kernels_own_types():
    more = loaded_by("from trouplet.testing import ScriptedModel") - loaded_by(
        "import trouplet.messages, trouplet.model_io, trouplet.errors"
    )
    assert {name for name in more if not name.startswith("trouplet.testing")} == set()
    assert not more & {"asyncio", "json", "pydantic", "trouplet.testing.echo", "trouplet.testing.history"}


@pytest.mark.parametrize("package", [testing, contracts], ids=["testing", "contracts"])
def test_the_lazy_names_are_those_that_type_checkers_see(package):
    assert set(package.__all__) == set(package._HOMES)
    assert package.__all__ == sorted(package.__all__)
    assert set(package.__all__) <= set(dir(package))
    source = Path(package.__file__).read_text()
    for name, home in package._HOMES.items():
        assert f"from {package.__name__}.{home} import {name} as {name}\n" in source
        assert getattr(package, name).__module__ == f"{package.__name__}.{home}"
    with pytest.raises(AttributeError, match="nothing"):
        package.nothing  # noqa: B018
