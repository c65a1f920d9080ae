"""The base of every error meant for a person. Pages and the command line catch this one and nothing wider."""


class ParallaxError(Exception):
    """A sentence for a person: what was wrong, where, and how to mend it."""


class InvalidInput(ParallaxError):
    """Something entered or uploaded cannot be used as it is."""


class NotFound(ParallaxError):
    """The thing asked for does not exist, or not any more."""


class Forbidden(ParallaxError):
    """The person asking may not have this, or not yet."""


class Conflict(ParallaxError):
    """Somebody or something else was faster; reload and try again."""


class Unavailable(ParallaxError):
    """A part of the server does not work right now: nothing was changed, and the same request may be sent again."""
