import ast
import subprocess
import sys
from pathlib import Path

import trouplet
from trouplet import errors

SOURCE = Path(trouplet.__file__)


def declared() -> set[str]:
    """The names that the module declares for type checkers."""
    tree = ast.parse(SOURCE.read_text())
    [block] = [node for node in tree.body if isinstance(node, ast.If)]
    return {
        alias.asname or alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }


def test_every_public_name_is_there_and_sorted() -> None:
    assert list(trouplet.__all__) == sorted(trouplet.__all__)
    for name in trouplet.__all__:
        assert getattr(trouplet, name) is not None


def test_type_checkers_and_the_lazy_table_know_the_same_names() -> None:
    assert declared() == set(trouplet.__all__) - {"__version__"}


def test_names_are_imported_on_first_use() -> None:
    code = "import sys, trouplet; assert not [m for m in sys.modules if m.startswith('trouplet.')]; trouplet.Msg"
    subprocess.run([sys.executable, "-c", code], check=True)


SHADOWED = """
import types
import trouplet
import {modules}
assert not [name for name in trouplet.__all__ if isinstance(getattr(trouplet, name), types.ModuleType)]
"""


def test_no_module_takes_the_place_of_a_public_name() -> None:
    stems = [path.stem for path in SOURCE.parent.glob("*.py") if not path.stem.startswith("__")]
    code = SHADOWED.format(modules=", ".join([f"trouplet.{stem}" for stem in stems]))
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_kernel_imports_no_plugin() -> None:
    for path in SOURCE.parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            foreign = [name for name in names if name.startswith(("trouplet_", "httpx", "mcp", "rich", "click"))]
            assert not foreign, f"{path.name} imports {foreign}"


def test_every_error_has_a_code_of_its_own_and_stands_in_the_tree() -> None:
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.TroupletError)
    ]
    codes = [kind.code for kind in kinds]
    assert len(set(codes)) == len(codes)
    for kind in kinds:
        assert kind.__name__ in (errors.__doc__ or "")
        assert kind.__doc__


def test_an_error_says_what_why_and_what_to_do() -> None:
    error = errors.MissingKey("openai", variable="OPENAI_API_KEY")
    assert str(error) == (
        "TP-101 no API key for provider 'openai'. Set OPENAI_API_KEY or run: trouplet keys set openai. "
        'No key at hand? model="test:echo" works offline.'
    )
    assert error.as_dict()["code"] == "TP-101"
