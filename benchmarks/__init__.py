"""What an operation costs: the product's own HTTP API, driven by clients of its own, on a database of its own."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "scripts"))  # the throwaway servers of the tests are found by the project's own commands
