"""``python -m app``: the command line."""

import sys

from app import alive
from app.collecting import undisturbed


def main() -> None:
    """Run the command line; whether a server lives is asked without importing the rest of it."""
    if alive.asked(sys.argv[1:]):
        sys.exit(alive.main(sys.argv[1:]))
    with undisturbed():
        from app.cli import main as run  # noqa: PLC0415 - the import is what is to be undisturbed
    run()


if __name__ == "__main__":
    main()
