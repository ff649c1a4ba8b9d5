"""From a name to a model: settings, sources, errors."""

from importlib.metadata import entry_points

import pytest

from trouplet import Kernel
from trouplet.catalogue import Catalogue
from trouplet.errors import BadSetting, MissingPart
from trouplet.messages import Msg
from trouplet.model_io import ModelRequest
from trouplet_local.catalogue import CATALOGUE
from trouplet_local.plugin import LocalPlugin


@pytest.fixture
async def kernel(tmp_path):
    environ = {"HOME": str(tmp_path), "TROUPLET_CACHE_DIR": str(tmp_path / "cache")}
    async with Kernel(environ=environ) as kernel:
        yield kernel


async def ask(model):
    return [chunk async for chunk in model.stream(ModelRequest([Msg("Ann", "Hi")]))]


def test_the_entry_points_lead_to_the_plugin():
    for group in ("trouplet.models", "trouplet.formatters"):
        (found,) = entry_points(group=group, name="local")
        assert found.load() is LocalPlugin


def test_everything_that_is_public_is_there():
    import trouplet_local

    for name in trouplet_local.__all__:
        assert getattr(trouplet_local, name).__name__ == name
    with pytest.raises(AttributeError):
        _ = trouplet_local.nothing


async def test_making_a_model_loads_nothing_and_missing_weights_are_told_with_the_command(kernel):
    model = kernel.model("local:smollm2-135m")
    assert model.info.id == "local:smollm2-135m"
    with pytest.raises(MissingPart, match="python -m trouplet_local fetch smollm2-135m"):
        await ask(model)


async def test_models_with_equal_settings_share_an_engine(kernel):
    one, two = kernel.model("local:smollm2-135m"), kernel.model("local:smollm2-135m", temperature=1.0)
    other = kernel.model("local:smollm2-135m", n_ctx=512)
    assert one._engine is two._engine
    assert one._engine is not other._engine
    assert other.info.context_window == 512


@pytest.mark.parametrize("name", ["smollm", "", "no-such-model"])
async def test_an_unknown_name_is_an_error_that_lists_the_models(kernel, name):
    with pytest.raises(BadSetting, match="local:smollm2-135m or local:qwen2"):
        kernel.model(f"local:{name}")


@pytest.mark.parametrize("option", [{"n_ctxx": 1}, {"threads": 0}, {"n_ctx": "8k"}, {"download": "yes"}])
async def test_a_setting_that_is_not_usable_is_an_error(kernel, option):
    with pytest.raises(BadSetting):
        kernel.model("local:smollm2-135m", **option)


async def test_a_named_model_has_options_of_its_own_and_the_user_has_the_last_word(kernel):
    assert kernel.model("local:smollm2-135m")._options["repeat_penalty"] == 1.1
    assert kernel.model("local:smollm2-135m", repeat_penalty=1.0)._options["repeat_penalty"] == 1.0


async def test_a_file_that_does_not_exist_is_told_by_its_path(kernel, tmp_path):
    with pytest.raises(MissingPart, match=r"gone\.gguf cannot be read"):
        await ask(kernel.model(f"local:{tmp_path / 'gone.gguf'}"))


async def test_a_file_that_is_no_model_is_refused(kernel, tmp_path):
    path = tmp_path / "text.gguf"
    path.write_text("Dear diary")
    with pytest.raises(BadSetting, match="not a GGUF file"):
        await ask(kernel.model(f"local:{path}"))


async def test_a_file_that_only_begins_like_a_model_is_refused(kernel, tmp_path, capfd):
    path = tmp_path / "damaged.gguf"
    path.write_bytes(b"GGUF" + bytes(1000))
    with pytest.raises(BadSetting, match="cannot load"):
        await ask(kernel.model(f"local:{path}"))
    assert capfd.readouterr() == ("", "")


async def test_a_home_relative_path_is_expanded(kernel, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(MissingPart, match=str(tmp_path)):
        await ask(kernel.model("local:~/x.gguf"))


async def test_without_xllamacpp_the_error_says_what_to_install(kernel, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "xllamacpp", None)
    path = tmp_path / "x.gguf"
    path.write_bytes(b"GGUF")
    with pytest.raises(MissingPart, match='pip install "trouplet-local"'):
        await ask(kernel.model(f"local:{path}"))


async def test_the_environment_may_allow_the_download(tmp_path, monkeypatch):
    fetched = []
    monkeypatch.setattr(
        "trouplet_local.weights.Weights.need",
        lambda self, model, *, download: fetched.append(download) or tmp_path / "none.gguf",
    )
    for environ, option in (({"TROUPLET_LOCAL_DOWNLOAD": "1"}, {}), ({}, {"download": True}), ({}, {})):
        async with Kernel(environ={"HOME": str(tmp_path), **environ}) as kernel:
            with pytest.raises(MissingPart):
                await ask(kernel.model("local:smollm2-135m", **option))
    assert fetched == [True, True, False]


async def test_the_formatter_is_made_by_name_and_has_no_options(kernel):
    assert type(kernel.formatter("local")).__name__ == "LocalChatFormatter"
    with pytest.raises(BadSetting, match="no option 'names'"):
        kernel.formatter("local", names=True)


async def test_the_models_of_the_catalogue_are_listed(kernel):
    assert {"local:smollm2-135m", "local:qwen2.5-coder-1.5b"} <= {info.id for info in kernel.plugins.list_models()[0]}


def test_the_data_of_the_package_names_the_models_that_there_are():
    data = Catalogue.of_package("trouplet_local")
    assert [info.name for info in data.models("local")] == [model.name for model in CATALOGUE]
    assert data.problems == ()
    assert data.is_free("local", "/some/file.gguf")
    assert data.key_variables("local") == ()
