"""Writes the tables of what each provider's models can do into the READMEs, from the plugins' own ``models.json``.

Run it after changing one: ``python tests/docs/capability_tables.py``. A test compares the tables with the data.
"""

from pathlib import Path

from trouplet.catalogue import Catalogue
from trouplet.model_io import ModelInfo

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- capabilities -->\n", "<!-- /capabilities -->"

COLUMNS = {
    "tools": "tools",
    "tool_choice": "forced choice",
    "parallel_tools": "parallel calls",
    "json_schema": "JSON schema",
    "json_schema_tools": "with tools",
    "vision": "images",
    "audio": "audio",
    "video": "video",
    "thinking": "thinking",
    "system": "system prompt",
}


def readmes() -> list[Path]:
    """The READMEs of plugins that have a place for the table."""
    return sorted([path for path in ROOT.glob("plugins/*/README.md") if BEGIN in path.read_text()])


def table_of(readme: Path) -> str:
    """The table that belongs into a README."""
    package = next((readme.parent / "src").glob("trouplet_*")).name
    catalogue, provider = Catalogue.of_package(package), readme.parent.name
    models = catalogue.models(provider)
    chat = [*[(info.name, info) for info in models if info.kind == "chat"], ("any other", catalogue.info(provider, ""))]
    embedding = [info for info in models if info.kind == "embedding"]
    return "\n".join([*_chat_rows(chat), *([""] if embedding else []), *_embedding_rows(embedding), ""])


def written(readme: Path, table: str) -> str:
    """The README with its table."""
    before, _, rest = readme.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table}{END}{after}"


def _chat_rows(models: list[tuple[str, ModelInfo]]) -> list[str]:
    head = ["model", "context", "output", *COLUMNS.values()]
    rows = [
        [
            f"`{name}`" if " " not in name else name,
            _size(info.context_window),
            _size(info.max_output),
            *["✓" if capability in info.capabilities else "" for capability in COLUMNS],
        ]
        for name, info in models
    ]
    return [_row(head), _row(["---"] * len(head)), *[_row(row) for row in rows]]


def _embedding_rows(models: list[ModelInfo]) -> list[str]:
    if not models:
        return []
    rows = [
        [f"`{info.name}`", _size(info.context_window), str(info.dimensions or "?"), _media(info)] for info in models
    ]
    head = ["embedding model", "input", "dimensions", "takes"]
    return [_row(head), _row(["---"] * len(head)), *[_row(row) for row in rows]]


def _media(info: ModelInfo) -> str:
    media = [word for name, word in (("vision", "images"), ("audio", "audio"), ("video", "video"))
             if name in info.capabilities]  # fmt: skip
    return ", ".join(["text", *media])


def _size(tokens: int | None) -> str:
    return f"{tokens:,}" if tokens else "?"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    for path in readmes():
        path.write_text(written(path, table_of(path)))
