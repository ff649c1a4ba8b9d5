"""``python -m trouplet_cli``."""

from trouplet_cli.app import main

main()
