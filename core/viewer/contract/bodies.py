"""What every body of the contract is, and how a request is parsed."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import InvalidInput


class Body(BaseModel):
    """A body of either direction."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def json_body(self) -> dict[str, Any]:
        """Return the body as it goes over the wire."""
        return self.model_dump(mode="json", by_alias=True)


class Sent(Body):
    """A body that the browser sends. What this version does not know is left out: an older page may still send it."""

    model_config = ConfigDict(extra="ignore", strict=True)

    @classmethod
    def parsed(cls, body: object) -> Self:
        """Return the request that `body` holds; raises InvalidInput with the first thing that is wrong with it."""
        try:
            return cls.model_validate(body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the whole"
            reason = first["msg"][:1].lower() + first["msg"][1:]
            raise InvalidInput(f"This request is not as the page sends it ({where}: {reason}); reload.") from None


class Refusal(Body):
    """Every refusal: a code for the page and a sentence for the person."""

    error: str
    message: str
