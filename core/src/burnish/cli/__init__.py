"""Commands, no logic. `app` names them; each module does one and imports what it needs when it runs."""

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run a command: exit 0 where it did, 1 where the job failed, 2 for a wrong call."""
    from burnish.cli.app import app
    from burnish.errors import BurnishError, ConfigError

    try:
        app()
    except ConfigError as error:
        complain(str(error))
        sys.exit(2)
    except BurnishError as error:
        complain(str(error))
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)


def complain(message: str) -> None:
    """One sentence on stderr."""
    for line in message.splitlines():
        print(f"burnish: {_harmless(line)}", file=sys.stderr)  # noqa: T201


def say(message: str = "") -> None:
    """One line on stdout, at once."""
    print(_harmless(message), flush=True)  # noqa: T201


def _harmless(text: str) -> str:
    """Without what would command a terminal: some of it comes from files."""
    return "".join(one if one.isprintable() or one in "\n\t" else "\N{REPLACEMENT CHARACTER}" for one in text)
