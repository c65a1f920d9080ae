"""The command line: python -m core COMMAND."""

import sys
from importlib import import_module
from pkgutil import iter_modules

import typer

from core import cli
from core.errors import ParallaxError


def build_app() -> typer.Typer:
    """Assemble the commands of every module of core/cli that has `register`."""
    app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
    bench = typer.Typer(no_args_is_help=True, help="Measure speed and memory on this machine.")
    for part in iter_modules(cli.__path__):
        module = import_module(f"core.cli.{part.name}")
        if hasattr(module, "register"):
            module.register(app, bench)
    app.add_typer(bench, name="bench")
    return app


def main() -> None:
    """Run one command; an error meant for a person is one sentence on stderr and exit code 2."""
    try:
        build_app()()
    except ParallaxError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
