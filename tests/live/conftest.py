"""Live tests start from the flows' tests' house: its folder is found also when these are run alone."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "flows"))
