"""Can this server write: a full or read-only disk is told before a reader meets it."""

import errno
import os
import tempfile

from core.errors import Unavailable
from core.settings import settings

PROBE = 64 * 1024  # bytes; a transaction of a reader takes less
LEAST_FREE = 20_000_000  # bytes; below it nobody should begin a case
SAID = {
    errno.ENOSPC: "is full",
    errno.EDQUOT: "is full for this account",
    errno.EROFS: "is read-only",
    errno.EACCES: "may not be written to",
    errno.EFBIG: "takes no more",
}


def must_be_writable() -> None:
    """Write, flush and remove a small file in the data folder; raises Unavailable that says what is wrong."""
    folder = settings().data_dir
    try:
        with tempfile.TemporaryFile(prefix=".probe-", dir=folder) as probe:
            probe.write(os.urandom(PROBE))
            probe.flush()
            os.fsync(probe.fileno())
        space = os.statvfs(folder)
    except OSError as error:
        what = SAID.get(error.errno or 0, f"gives an error ({error.strerror})")
        raise Unavailable(f"The disk of the data folder {what}; whoever runs the server mends it.") from None
    free = space.f_bavail * space.f_frsize
    if free < LEAST_FREE:
        raise Unavailable(f"The disk of the data folder is almost full: {free / 1e6:.0f} MB are left; free some space.")
