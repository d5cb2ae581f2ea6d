"""What labels say, not how they are drawn.

settings   the `[labels]` keys
content    from a request and the instances of a volume to what its label says
"""
