"""How an SCP is named on a command line: AE@HOST:PORT."""

from burnish.errors import ConfigError


def parse_address(to: str) -> tuple[str, str, int]:
    """Called AE title, host and port. Raises ConfigError where that is not how it is spelt."""
    called, at, address = to.partition("@")
    host, colon, port = address.rpartition(":")
    if not (at and colon and called and host and port.isdigit()):
        raise ConfigError(f"{to!r} is not AE@HOST:PORT; try 'BURNISH@127.0.0.1:11112'")
    return called, host.strip("[]"), int(port)
