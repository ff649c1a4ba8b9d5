import importlib.util
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("capability_tables", Path(__file__).with_name("capability_tables.py"))
capability_tables = importlib.util.module_from_spec(spec)
spec.loader.exec_module(capability_tables)


@pytest.mark.parametrize("readme", capability_tables.readmes(), ids=lambda path: path.parent.name)
def test_a_readme_says_of_each_model_what_the_catalogue_says(readme: Path) -> None:
    table = capability_tables.table_of(readme)
    assert capability_tables.written(readme, table) == readme.read_text(), "run tests/docs/capability_tables.py"
