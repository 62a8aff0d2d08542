"""``python -m dl`` is the command line ``dl``."""

from dl.cli import main

main()
