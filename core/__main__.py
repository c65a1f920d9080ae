"""The command line: python -m core COMMAND."""

import sys
from importlib import import_module
from pkgutil import iter_modules

import typer
from typer.exceptions import TyperException

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
        code = build_app()(standalone_mode=False)
    except ParallaxError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
    except TyperException as error:
        typer.echo(usage_sentence(error), err=True)
        sys.exit(2)
    except typer.Abort:
        typer.echo("Stopped.", err=True)
        sys.exit(1)
    sys.exit(code or 0)


def usage_sentence(error: TyperException) -> str:
    """Say in one sentence which option or argument is wrong; a group without a command has shown its help already."""
    said = error.format_message().replace(". Did you mean", ", did you mean")
    if not said.strip() or "\n" in said.strip():
        return said
    parameter = getattr(error, "param", None)
    if parameter is not None and error.message:
        name = parameter.opts[0] if parameter.opts[0].startswith("-") else parameter.human_readable_name
        said = f"{name}: {_in_words(error.message)}"
    context = getattr(error, "ctx", None)
    help_at = f"; see {context.command_path} --help" if context is not None else ""
    return f"{said.strip().rstrip('.?')}{help_at}."


def _in_words(message: str) -> str:
    """What the option should be, without the words of the library that checks it."""
    for start, words in (
        ("Input should be a valid integer", "give a whole number"),
        ("Input should be a valid number", "give a number, with a decimal point"),
    ):
        if start in message:
            return words
    return message.removeprefix("Value error, ")


if __name__ == "__main__":
    main()
