"""``python -m dl`` is the command line ``dl``."""

from dl.cli.main import main

main()
