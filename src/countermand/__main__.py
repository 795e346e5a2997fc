"""``python -m countermand`` is the ``countermand`` command."""

from countermand.cli import main

if __name__ == "__main__":
    main()
