"""What `make` runs. Each module is started from the root of the project as `python -m scripts.<name>`."""

import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - the machine's own Python starts the set-up
    sys.exit("Terminsklar needs Python 3.11 or newer; {} is {}.{}.".format(sys.executable, *sys.version_info[:2]))

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
