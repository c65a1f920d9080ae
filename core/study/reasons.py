"""The one rule for reasons that people give for what departs from the plan."""

from core.errors import InvalidInput

LEAST, MOST = 3, 500  # characters


def reason_fault(reason: str | None) -> str | None:
    """Return why a reason cannot be kept, as the rest of a sentence that begins with what needs it; None if it can."""
    length = len((reason or "").strip())
    if not length:
        return "needs its reason"
    return None if LEAST <= length <= MOST else f"needs its reason in {LEAST} to {MOST} characters"


def given_reason(what: str, reason: str | None) -> str:
    """Return a reason without blanks around it; raises InvalidInput that names `what` it is for."""
    if fault := reason_fault(reason):
        raise InvalidInput(f"{what} {fault}.")
    return (reason or "").strip()
