"""The reading page: a plain dark page with the reading component and nothing of Streamlit.

Without a connection to Streamlit none of its modals covers the images, it hears no keys, and no light frame shows.
"""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from core import clock
from core.viewer.build import ensure_bundle
from db.accounts import Account
from db.engine import open_view
from db.reading import reads
from db.reading.types import StudyProgress
from pages.routes.web import NO_STORE, reading

HEADERS = {
    **NO_STORE,
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
}
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Reading · Parallax</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="dark">
<link rel="icon" href="data:,">
<style>
  html, body {{ margin: 0; height: 100%; background: #0a0c0e; color: #c6ccd2; overflow: hidden; }}
  body {{ font: 16px/1.5 system-ui, sans-serif; display: grid; place-items: center; }}
  main {{ text-align: center; }} a {{ color: #7fb2dc; }}
</style></head>
<body><main>{text}</main>{component}</body></html>
"""
COMPONENT = """<div data-parallax-study="{study}"{more}></div><script type="module" src="{script}"></script>"""
OPENING = """<p role="status">Opening the reading page</p>"""
NOTHING = """<h1>Nothing to read</h1>
<p>There is no case for you here now. The work list shows your studies and when the next session opens.</p>
<p><a href="work">Open the work list</a></p>"""


def page(request: Request, account: Account) -> Response:
    """GET ?study=: the page for this study of the reader, or for the first that can be read."""
    with open_view() as session:
        found = reads.progress(session, account_id=account.id, at=clock.now())
    study = chosen(found, request.query_params.get("study", ""))
    if study is None:
        return HTMLResponse(PAGE.format(text=NOTHING, component=""), headers=HEADERS)
    script = escape(f"api/viewer/{ensure_bundle().name}", quote=True)
    component = COMPONENT.format(study=study.study_id, more="", script=script)
    return HTMLResponse(PAGE.format(text=OPENING, component=component), headers=HEADERS)


def chosen(found: tuple[StudyProgress, ...], asked: str) -> StudyProgress | None:
    """Return the study asked for by its id, or without an id the first that can be read."""
    if asked:
        return next((study for study in found if str(study.study_id) == asked), None)
    return next((study for study in found if study.can_read), None)


def routes() -> list[Route]:
    """The route of the reading page."""
    return [Route("/read", reading(page), methods=["GET"])]
