"""The provider of the README is one."""

import re
from pathlib import Path

from trouplet import Kernel

README = Path(__file__).parents[1] / "README.md"


async def test_the_provider_of_the_readme_answers(acme, delta, sse):
    acme.answers(sse(delta(content="Hi"), delta("stop"), "[DONE]"))
    block = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)[0]
    code = block.replace("https://api.acme.example", acme.server.url)
    namespace = {}
    exec(compile(code, str(README), "exec"), namespace)
    async with Kernel(plugins=[namespace["AcmePlugin"]], environ={"ACME_API_KEY": "k1"}) as kernel:
        model = kernel.model("acme:large", thinking=True, max_tokens=9)
        assert (await kernel.agent("Friday", model=model)("Hello")).text == "Hi"
    (body,) = acme.bodies
    assert (body["model"], body["enable_thinking"], body["max_tokens"]) == ("large", True, 9)
    assert "stream_options" not in body
    assert acme.server.requests[0].headers["authorization"] == "Bearer k1"
