"""What ends a start before it has begun."""


class StartError(Exception):
    """The daemon cannot start. The message says what is wrong and what to do."""
