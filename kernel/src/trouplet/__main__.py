"""``python -m trouplet plugins list|doctor|new``: what has to work when everything else is broken.

The full command line is the plugin ``trouplet-cli``. Exit codes: 0 fine, 2 wrong usage, 3 a plugin has a problem (from
``doctor`` only: ``list`` shows problems and exits with 0).
"""

from __future__ import annotations

import argparse
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trouplet.discovery import DiscoveryProblem
    from trouplet.selection import Selection, Standing

USAGE = 2
PLUGIN_PROBLEM = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # names from metadata meet any terminal
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given and given[0] not in {"plugins", "-h", "--help"}:
        print(f"{given[0]!r} is a command of the plugin trouplet-cli.", file=sys.stderr)
        print("Install: pip install trouplet-cli, then run: trouplet " + " ".join(given), file=sys.stderr)
        return USAGE
    options = _parser().parse_args(given)
    return options.run(options)  # type: ignore[no-any-return]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trouplet", description="Look after plugins. More commands: pip install trouplet-cli"
    )
    commands = parser.add_subparsers(metavar="plugins", required=True)
    plugins = commands.add_parser("plugins", help="list, check and start plugins").add_subparsers(
        metavar="{list,doctor,new}", required=True
    )
    _add_list(plugins.add_parser("list", help="list the installed plugins; imports none of them"))
    _add_doctor(plugins.add_parser("doctor", help="load each plugin in a process of its own and say what is wrong"))
    _add_new(plugins.add_parser("new", help="write the project of a new plugin"))
    return parser


def _add_list(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON")
    command.add_argument("--kind", help="only plugins of this kind, such as models or tools")
    command.set_defaults(run=_list)


def _add_doctor(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON")
    command.add_argument("--deadline", type=float, default=20.0, metavar="S", help="seconds for each plugin (20)")
    command.set_defaults(run=_doctor)


def _add_new(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", help="the name that users will type, such as weather")
    command.add_argument("--kind", default="tools", help="tools (the default), models or hooks")
    command.add_argument("--directory", default=".", help="where to make the project's folder")
    command.set_defaults(run=_new)


def _list(options: argparse.Namespace) -> int:
    from trouplet.discovery import scan

    index = scan()
    standings = [one for one in _selection().survey(index) if options.kind in {None, one.entry.kind}]
    if options.json:
        _print_json(
            {"plugins": [_row(one) for one in standings], "problems": [one._asdict() for one in index.problems]}
        )
        return 0
    header = ("KIND", "NAME", "DISTRIBUTION", "VERSION", "STATUS")
    _print_table([header, *[(*tuple(_row(one).values())[:4], _status(one)) for one in standings]])
    _print_problems(index.problems)
    return 0


def _row(standing: Standing) -> dict[str, str]:
    entry = standing.entry
    return {
        "kind": entry.kind,
        "name": entry.name,
        "distribution": entry.distribution,
        "version": entry.version,
        "target": entry.target,
        "status": standing.status,
        "reason": standing.reason,
        "fix": standing.fix,
    }


def _status(standing: Standing) -> str:
    return f"{standing.status}: {standing.reason}" if standing.reason else standing.status


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _print_problems(problems: Iterable[DiscoveryProblem]) -> None:
    for problem in problems:
        print(f"problem: {problem.distribution} {problem.version} ({problem.path})", file=sys.stderr)
        print(f"    {problem.reason}\n    fix: {problem.fix}", file=sys.stderr)


def _doctor(options: argparse.Namespace) -> int:
    from trouplet.discovery import scan
    from trouplet.doctor import diagnose, report

    diagnoses = diagnose(scan(), _selection(), options.deadline)
    if options.json:
        _print_json([diagnosis._asdict() for diagnosis in diagnoses])
    else:
        print(report(diagnoses, plain="utf" not in (sys.stdout.encoding or "").lower()))
    return PLUGIN_PROBLEM if any(diagnosis.verdict == "failed" for diagnosis in diagnoses) else 0


def _new(options: argparse.Namespace) -> int:
    from trouplet.errors import TroupletError
    from trouplet.scaffold import new_plugin

    try:
        folder = new_plugin(options.name, kind=options.kind, directory=options.directory)
    except TroupletError as error:
        print(error, file=sys.stderr)
        return USAGE
    print(f"Wrote {folder}. Next:")
    print(f"    pip install -e {folder}\n    python -m trouplet plugins doctor\n    cd {folder} && pytest")
    return 0


def _selection() -> Selection:
    """Return the rules of the environment and the configuration file; without the file's when it cannot be read."""
    from trouplet.config import Settings
    from trouplet.errors import ConfigError
    from trouplet.selection import Selection

    try:
        return Selection.configured(Settings(os.environ))
    except ConfigError as error:
        print(f"{error} Its rules are not applied here.", file=sys.stderr)
        return Selection()


def _print_json(value: object) -> None:
    import json

    print(json.dumps(value, indent=2))


def _main() -> int:
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output has seen enough; the interpreter's own flush must not complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


if __name__ == "__main__":
    sys.exit(_main())
