"""Twelve drivers, each bad in one way: `beasts` holds them, `cage` makes them plugins to be found."""
