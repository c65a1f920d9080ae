"""One rule for every reason that a person gives."""

import pytest

from core.errors import InvalidInput
from core.study.reasons import LEAST, MOST, given_reason, reason_fault


@pytest.mark.parametrize("reason", [None, "", "   ", "ab", " a ", "x" * (MOST + 1)])
def test_a_reason_that_says_nothing_or_too_much_is_refused(reason: str | None):
    assert reason_fault(reason) is not None
    with pytest.raises(InvalidInput, match=r"^A correction needs its reason"):
        given_reason("A correction", reason)


@pytest.mark.parametrize("reason", ["a" * LEAST, " ill ", "x" * MOST])
def test_a_reason_is_kept_without_the_blanks_around_it(reason: str):
    assert given_reason("A correction", reason) == reason.strip()
    assert reason_fault(reason) is None
