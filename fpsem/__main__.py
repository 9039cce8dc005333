"""``python -m fpsem`` is the command line."""

from fpsem.cli import main

main()
