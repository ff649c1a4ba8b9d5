"""A provider's plugin loads no SDK and no other provider, and needs only the kernel and its libraries."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[2] / "plugins"
PROVIDERS = ("openai", "anthropic", "gemini", "dashscope", "deepseek", "ollama")
LIBRARIES = {"trouplet", "trouplet-http", "trouplet-completions"}
SDKS = {"openai", "anthropic", "google", "dashscope", "ollama", "tiktoken", "litellm", "mcp", "requests", "aiohttp"}

USE = """
import json, sys
from trouplet import Kernel

provider = sys.argv[1]
kernel = Kernel(environ={}, keys={provider: "k"})
model = kernel.model(f"{provider}:some-model", base_url="http://127.0.0.1:9")
kernel.formatter(provider)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


@pytest.mark.parametrize("provider", PROVIDERS)
def test_making_a_model_loads_no_sdk_and_no_other_provider(provider: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", USE, provider], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout))
    others = {f"trouplet_{other}" for other in PROVIDERS} - {f"trouplet_{provider}"}
    assert loaded & (SDKS | others) == set()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_depends_on_the_kernel_and_its_libraries_alone(provider: str) -> None:
    project = tomllib.loads((PLUGINS / provider / "pyproject.toml").read_text())["project"]
    needed = {requirement.partition(">")[0].strip() for requirement in project["dependencies"]}
    assert needed <= LIBRARIES
