"""Every number in the report of three simulated studies stays what it was, to the last digit."""

import pytest
from sqlalchemy.orm import Session

from tests.results.report_tables import GOLDEN, PLANS, as_text, report_content


@pytest.mark.parametrize("name", list(PLANS))
def test_the_tables_of_the_report_are_the_golden_ones(session: Session, name: str):
    made = as_text(report_content(session, PLANS[name])).splitlines()
    golden = (GOLDEN / f"{name}.json").read_text().splitlines()
    assert made == golden, "if the change is meant: python -m tests.results.report_tables, and name it"
