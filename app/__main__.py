"""``python -m app``: the command line."""

from app.collecting import undisturbed


def main() -> None:
    """Run the command line."""
    with undisturbed():
        from app.cli import main as run  # noqa: PLC0415 - the import is what is to be undisturbed
    run()


if __name__ == "__main__":
    main()
