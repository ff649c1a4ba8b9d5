"""The command line: ``python -m trouplet_local fetch|list|path|remove``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trouplet.errors import BadSetting, TroupletError
from trouplet.spelling import did_you_mean
from trouplet_local.catalogue import CATALOGUE, NamedModel, named_model
from trouplet_local.download import fetch_command
from trouplet_local.progress import progress_on
from trouplet_local.weights import Weights, default_folder


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code (3: configuration, 130: interrupted)."""
    options = _parser().parse_args(arguments)
    try:
        folder = Path(options.cache) / "local" if options.cache else default_folder()
        weights = Weights(folder, progress_on(sys.stderr))
        return int(options.command(weights, options))
    except TroupletError as error:
        print(error, file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("\nStopped. What has arrived is kept: the same command goes on from here.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m trouplet_local", description="The weights of local models.")
    parser.add_argument("--cache", metavar="DIR", help="the cache folder (default: the user's, or TROUPLET_CACHE_DIR)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command, text in (
        ("fetch", _fetch, "download a model's weights and check them"),
        ("path", _path, "print where a model's file is"),
        ("remove", _remove, "delete a model's weights"),
    ):
        sub = commands.add_parser(name, help=text)
        sub.add_argument("model", metavar="MODEL")
        sub.set_defaults(command=command)
    commands.add_parser("list", help="list the models").set_defaults(command=_list)
    return parser


def _fetch(weights: Weights, options: argparse.Namespace) -> int:
    print(weights.fetch(_model(options)))
    return 0


def _path(weights: Weights, options: argparse.Namespace) -> int:
    model = _model(options)
    path = weights.path(model)
    if not path.is_file():
        print(f"local:{model.name} is not here. Type: {fetch_command(model.name)}", file=sys.stderr)
        return 1
    print(path)
    return 0


def _remove(weights: Weights, options: argparse.Namespace) -> int:
    model = _model(options)
    removed = weights.remove(model)
    print(f"local:{model.name} is removed" if removed else f"local:{model.name} was not here", file=sys.stderr)
    return 0


def _list(weights: Weights, options: argparse.Namespace) -> int:
    for model in CATALOGUE:
        state = "here" if weights.path(model).is_file() else f"{model.download / 1e6:.0f} MB to download"
        print(f"local:{model.name:20} {state:20} {model.licence:12} {model.note}")
    return 0


def _model(options: argparse.Namespace) -> NamedModel:
    name = options.model.removeprefix("local:")
    model = named_model(name)
    if model is None:
        names = [known.name for known in CATALOGUE]
        raise BadSetting(
            f"there is no model {name!r} to download",
            why=did_you_mean(name, names),
            fix=f"There are: {', '.join(names)}",
        )
    return model


if __name__ == "__main__":
    raise SystemExit(main())
