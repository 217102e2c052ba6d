"""``python -m danskin`` is the command line; see `danskin.cli`."""

from danskin.cli import main

if __name__ == "__main__":
    main()
