"""The commands, one module each; ``trouplet_cli.app`` names them and imports one when it is called."""
