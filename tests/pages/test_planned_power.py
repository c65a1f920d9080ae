"""Power by simulation on the Prespecification step: assumptions with defaults, a sentence, and into the protocol."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from streamlit.testing.v1 import AppTest

from core.stats.prospective import planned_power
from db import accounts
from db.engine import open_session, open_view
from db.permissions import SYSTEM
from db.study import design as study_design
from db.study import info as study_info
from pages.coordinator.study_steps import power
from tests.study import builder
from tests.study.builder import AT

PAGE = "coordinator/study/design.py"
Act = Callable[[str], accounts.Account]
Open = Callable[..., AppTest]


@pytest.fixture
def study(act_as: Act, db_url: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(power, "planned_power", partial(planned_power, repeats=20))
    with open_session(db_url) as session:
        made = builder.study(session, cases_=12, readers=3).id
    act_as("coordinator")
    return made


def texts(page: AppTest) -> str:
    return "\n".join(str(one.value) for one in (*page.markdown, *page.caption, *page.error))


def test_a_click_gives_the_power_in_a_sentence_that_goes_into_the_protocol(open_page: Open, db_url: str, study: int):
    page = open_page(PAGE, study=str(study), step="prespecification")
    defaults = [page.number_input(key=f"power_{study}_{name}").value for name in ("readers", "cases")]
    assert defaults == [3, 12]
    page.button(key=f"power_{study}_run").click().run()
    assert not page.exception
    said = texts(page)
    assert "With 3 readers and 12 cases this study has a power of" in said
    assert "a true difference of +5 points in accuracy" in said
    page.number_input(key=f"power_{study}_cases").set_value(60).run()
    assert "simulate again" in texts(page)
    page.button(key=f"power_{study}_run").click().run()
    page.button(key=f"power_{study}_use").click().run()
    with open_view(db_url) as session:
        plan = study_info.study(session, study, by=SYSTEM).protocol.prespecification
    assert (plan.planned_readers, plan.planned_cases) == (3, 60)
    assert plan.sample_size_rationale.startswith("Simulation: With 3 readers and 60 cases this study has a power of")


def test_the_hypothesis_and_the_endpoint_above_are_what_is_simulated(open_page: Open, db_url: str, study: int):
    with open_session(db_url) as session:
        protocol = study_info.study(session, study, by=SYSTEM).protocol
        chosen = replace(protocol.prespecification, endpoint="sensitivity", endpoint_class="covid", margin=0.1,
                         hypothesis="non-inferiority", comparison="ai_vs_readers")  # fmt: skip
        new = replace(protocol, prespecification=chosen)
        study_design.save_protocol(session, study, new, by=builder.coordinator(session), at=AT)
    page = open_page(PAGE, study=str(study), step="prespecification")
    assert page.number_input(key=f"power_{study}_points_True").value == 0
    page.button(key=f"power_{study}_run").click().run()
    said = texts(page)
    assert "non-inferiority at a margin of 10 points in sensitivity for COVID-19" in said
    page.number_input(key=f"power_{study}_points_True").set_value(-20.0).run()
    page.button(key=f"power_{study}_run").click().run()
    assert "non-inferiority would be false" in page.error[0].value
