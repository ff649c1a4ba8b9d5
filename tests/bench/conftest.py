"""Makes the benchmark's modules importable for the tests of the benchmark."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
