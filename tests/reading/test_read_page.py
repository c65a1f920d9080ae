"""The reading page itself: a plain page for who reads the study, and nothing from another host."""

import re

from db.engine import open_session
from tests.reading.build import Built, study
from tests.reading.client import Client, Wall, sign_in


def test_a_reader_gets_the_page_of_their_study(ada: Client, built: Built) -> None:
    for address in (f"/read?study={built.study_id}", "/read"):
        answer = ada.ask("GET", address)
        assert answer.status_code == 200
        assert f'data-parallax-study="{built.study_id}"' in answer.text
    script = re.search(r'src="(api/viewer/[^"]+)"', answer.text)
    assert script
    assert ada.ask("GET", f"/{script[1]}").status_code == 200
    assert "http" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "no-store" in answer.headers["cache-control"]


def test_who_has_nothing_to_read_is_sent_to_the_work_list(db_url: str, ada: Client, wall: Wall) -> None:
    with open_session(db_url) as session:
        other = study(session, wall.now, prefix="other")
        stranger = sign_in(session, other.readers[0], wall.now)
    for asked in (f"study={other.study_id}", "study=99", "study=<script>"):
        text = ada.ask("GET", f"/read?{asked}").text
        assert "Nothing to read" in text
        assert "data-parallax-study" not in text
        assert "<script" not in text
    assert "data-parallax-study" in stranger.ask("GET", f"/read?study={other.study_id}").text


def test_without_a_sign_in_there_is_no_page(built: Built) -> None:
    assert Client(None).ask("GET", f"/read?study={built.study_id}").status_code == 401
