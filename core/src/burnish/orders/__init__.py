"""The one way in: create, initiate, cancel, look, for DIMSE, doors and the console alike."""

from burnish.orders.orders import Look, Orders
from burnish.orders.settings import AetSettings, MediaLimits, QueueSettings, Right

__all__ = ["AetSettings", "Look", "MediaLimits", "Orders", "QueueSettings", "Right"]
