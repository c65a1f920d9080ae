"""How many threads the linear algebra of the statistics may use."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

try:
    from threadpoolctl import threadpool_limits
except ImportError:  # the statistics as a package of their own do without
    threadpool_limits = None


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep products of matrices on the calling thread while the block runs.

    They are small here, and BLAS threads wait for each other by spinning: where an AI or another person's page keeps
    the cores busy, fourteen products of 100 x 700 took .20 s of processor time with two threads and .007 s with one.
    """
    with nullcontext() if threadpool_limits is None else threadpool_limits(limits=1, user_api="blas"):
        yield
