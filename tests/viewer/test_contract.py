"""The contract with the browser: one set of models, from which the viewer's types and the documents are made."""

from typing import Any

import pytest
from pydantic import ValidationError

from core.errors import InvalidInput
from core.imaging.volume import Volume
from core.viewer import typescript
from core.viewer.checks import MADE
from core.viewer.contract.reading import Bindings, DraftEdit, DraftSaved, EventPost, OpenRead
from core.viewer.fake import Fake, next_answer, save_draft
from core.viewer.keys import ACTIONS


def test_what_is_made_from_the_contract_and_the_keys_is_up_to_date() -> None:
    stale = [path.name for path, text in MADE.items() if path.read_text() != text()]
    assert stale == [], "run: python -m core viewer-types"


def test_a_field_of_one_side_only_is_an_error() -> None:
    with pytest.raises(ValidationError):
        DraftSaved.model_validate({"revision": 1, "saved_at": None, "stored_at": None})


@pytest.mark.parametrize(
    ("model", "body", "where"),
    [
        (DraftEdit, {"revision": "0", "tab": "t"}, "revision"),
        (DraftEdit, {"revision": True, "tab": "t"}, "revision"),
        (DraftEdit, {"tab": "t"}, "revision"),
        (DraftEdit, [], "the whole"),
        (EventPost, {"events": {}}, "events"),
        (EventPost, {"counters": []}, "counters"),
        (Bindings, {"bindings": {"invert": 3}}, "bindings.invert"),
        (Bindings, {"bindings": {"invert": ["a"] * 9}}, "bindings.invert"),
        (Bindings, {}, "bindings"),
    ],
)
def test_a_request_that_is_not_as_agreed_says_where(model: Any, body: object, where: str) -> None:
    with pytest.raises(InvalidInput, match=rf"not as the page sends it \({where}"):
        model.parsed(body)


def test_only_actions_of_the_list_take_keys() -> None:
    assert Bindings.parsed({"bindings": {"invert": ["x", "y"]}}).bindings == {"invert": ["x", "y"]}
    with pytest.raises(InvalidInput, match="no action 'invrt'"):
        Bindings.parsed({"bindings": {"invrt": "x"}})


def test_no_two_actions_share_a_key_as_delivered() -> None:
    keys = [key for action in ACTIONS.values() for key in action.keys]
    assert len(set(keys)) == len(keys)


def test_the_fake_server_tells_as_the_real_one_whether_the_diagnosis_was_chosen(bar: Volume) -> None:
    fake = Fake.of(bar)
    read = fake.reads[0]
    answer = next_answer(fake)
    assert isinstance(answer, OpenRead)
    assert not answer.draft.chosen
    content = {**answer.draft.content.model_dump(), "diagnosis": "cap"}
    save_draft(fake, read, {"revision": 0, "tab": "t", "content": content})
    answer = next_answer(fake)
    assert isinstance(answer, OpenRead)
    assert answer.draft.chosen


def test_a_schema_that_has_no_type_is_an_error() -> None:
    with pytest.raises(ValueError, match="blob"):
        typescript._type({"type": "blob"})
