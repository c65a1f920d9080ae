"""The page AI models, opened without a browser: who sees it, what it compares, and what may be removed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import Conflict
from core.services.model_registry import Added
from db import accounts
from db.ai import models as ai_models
from db.engine import open_session, open_view
from db.permissions import SYSTEM
from db.study import design as study_design
from pages.coordinator.ai_models import add_model
from tests.pages.conftest import sent
from tests.study import builder
from tests.study.builder import AT

Act = Callable[[str], accounts.Account]
Open = Callable[..., AppTest]
PAGE = "coordinator/models.py"
CARD = {
    "licence": "CC0 [x](http://elsewhere)",
    "figures": {"slices_held_out": {"n": 98, "accuracy": 0.8}},
    "limits": ["![picture](http://elsewhere/p.png)"],
    "manifest": {"known": "unknown", "trained": [], "tuned": []},
}


def register(session: Any, name: str, origin: str, card: dict[str, Any] | None = None) -> int:
    return ai_models.register_model(
        session, name=name, version="1", kind="networks", sha256=name[0] * 64, classes=["normal", "cap", "covid"],
        card=card or {}, manifest=[], at=AT, origin=origin,
    by=SYSTEM).id  # fmt: skip


@pytest.fixture
def models(db_url: str) -> dict[str, int]:
    with open_session(db_url) as session:
        return {
            "shipped": register(session, "shipped", "shipped"),
            "own": register(session, "own", "own", CARD),
            "pinned": register(session, "pinned", "own"),
        }


@pytest.fixture
def study(db_url: str, models: dict[str, int]) -> int:
    with open_session(db_url) as session:
        made, me = builder.study(session), builder.coordinator(session)
        study_design.save_ai(session, made.id, model_id=models["pinned"], by=me, at=AT)
    return made.id


def test_readers_never_see_it(act_as: Act, open_page: Open, models: dict[str, int]):
    act_as("reader")
    page = open_page(PAGE)
    assert "other roles" in page.error[0].value
    assert "own" not in sent(page)


@pytest.mark.usefixtures("study")
def test_versions_stand_side_by_side_with_what_pins_them(act_as: Act, open_page: Open, models: dict[str, int]):
    act_as("coordinator")
    rows = open_page(PAGE).table[0].value.set_index("Model").to_dict("index")
    assert list(rows) == ["pinned 1", "own 1", "shipped 1 :blue-badge[default]"]
    assert rows["pinned 1"]["Pinned by"] == "A study"
    assert rows["own 1"]["Pinned by"] == "no study"
    assert rows["own 1"]["Key figures"] == "slices held out: accuracy 0.8 (n 98)"
    assert rows["own 1"]["Trained on"] == "patients not known"
    assert rows["own 1"]["Licence"] == r"CC0 \[x\](http://elsewhere)"


def test_a_card_from_elsewhere_is_shown_as_plain_text(act_as: Act, open_page: Open, models: dict[str, int]):
    act_as("coordinator")
    page = open_page(PAGE)
    page.selectbox(key="models_card").set_value(models["own"]).run()
    (limits,) = [one.value for one in page.markdown if one.value.startswith("**Limits**")]
    assert r"\!\[picture\](http://elsewhere/p.png)" in limits


@pytest.mark.usefixtures("study")
def test_only_an_own_model_that_nothing_pins_is_removed_and_only_when_sure(
    act_as: Act, open_page: Open, models: dict[str, int], db_url: str
):
    act_as("coordinator")
    page = open_page(PAGE)
    page.selectbox(key="models_card").set_value(models["shipped"]).run()
    assert not [one for one in page.button if str(one.key).startswith("models_remove")]
    page.selectbox(key="models_card").set_value(models["pinned"]).run()
    assert page.button(key=f"models_remove_{models['pinned']}").disabled
    page.selectbox(key="models_card").set_value(models["own"]).run()
    assert page.button(key=f"models_remove_{models['own']}").disabled
    page.checkbox(key=f"models_sure_{models['own']}").check().run()
    page.button(key=f"models_remove_{models['own']}").click().run()
    assert not page.exception
    with open_view(db_url) as session:
        assert {model.name for model in ai_models.models(session)} == {"shipped", "pinned"}


def test_another_model_is_made_the_default(act_as: Act, open_page: Open, models: dict[str, int], db_url: str):
    act_as("coordinator")
    page = open_page(PAGE)
    page.selectbox(key="models_card").set_value(models["own"]).run()
    page.button(key=f"models_default_{models['own']}").click().run()
    with open_view(db_url) as session:
        default = ai_models.default(session)
    assert default is not None
    assert default.id == models["own"]
    assert "own 1 :blue-badge[default]" in page.table[0].value["Model"].tolist()


def test_what_was_typed_becomes_the_request_and_the_trial_is_shown(
    act_as: Act, open_page: Open, models: dict[str, int], monkeypatch: pytest.MonkeyPatch
):
    asked: list[Any] = []

    def add(files: Any, new: Any, *, by: int) -> Added:
        asked.append(([name for name, _ in files], new, by))
        if not new.licence:
            raise Conflict("State the licence.")
        one = {"call": "cap", "normal": 0.1, "cap": 0.6, "covid": 0.3, "lung_dice": 0.97, "seconds": 1.0}
        return Added("lab", "2.0", "d" * 64, {"normal": one, "cap": one, "covid": one, "notes": ["All the same."]})

    monkeypatch.setattr(add_model, "add_uploaded", add)
    me = act_as("coordinator")
    page = open_page(PAGE)
    page.file_uploader(key="models_add_files").set_value([("weights.pth", b"w", "application/octet-stream")]).run()
    page.text_input(key="models_add_name").input(" lab ")
    page.text_input(key="models_add_version").input("2.0")
    page.selectbox(key="models_add_classes").select("covid, cap, normal")
    page.text_area(key="models_add_patients").input("P1\nP2").run()
    page.button(key="models_add_send").click().run()
    assert page.error[0].value == "Nothing was stored. State the licence."
    assert page.text_input(key="models_add_version").value == "2.0"
    page.text_input(key="models_add_licence").input("CC0").run()
    page.button(key="models_add_send").click().run()
    files, new, by = asked[-1]
    assert (files, by) == (["weights.pth"], me.id)
    assert (new.name, new.classes, new.patients, new.lungs) == (
        "lab",
        ("covid", "cap", "normal"),
        "P1\nP2",
        "shipped/1",
    )
    assert "lab 2.0 is added" in page.success[0].value
    assert page.warning[0].value == "All the same."
    assert page.dataframe[0].value["Called"].tolist() == ["cap"] * 3


def test_a_model_that_is_not_on_this_machine_is_said_to_be_elsewhere(
    act_as: Act, open_page: Open, models: dict[str, int], data_dir: Path
):
    act_as("administrator")
    page = open_page(PAGE)
    assert "not on this machine" in "\n".join(one.value for one in page.caption)
