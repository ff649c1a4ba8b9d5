"""The command line of Trouplet. Nothing is imported here: each command pays for what it uses."""
