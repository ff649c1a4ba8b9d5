"""``trouplet version``."""

from __future__ import annotations

import click


@click.command()
@click.option("--bug-report", is_flag=True, help="Print what a bug report needs: versions and environment, no secrets.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def version(bug_report: bool, as_json: bool) -> None:
    """Print the version."""
    from trouplet import __version__

    facts = {"trouplet": __version__}
    if bug_report:
        from trouplet_cli.bug_report import collect

        facts = collect()
    if as_json:
        import json

        click.echo(json.dumps(facts, indent=2))
    elif bug_report:
        for name, fact in facts.items():
            click.echo(f"{name}: {fact}")
    else:
        click.echo(f"trouplet {__version__}")
