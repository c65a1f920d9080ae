"""Every route that Parallax adds to Streamlit's own."""

from starlette.routing import Route

from pages.routes import api, exports, health, library, metrics, pixels, preview, read_page, reading, review, sign_in


def routes() -> list[Route]:
    """Return every route Parallax adds to Streamlit's own."""
    parts = (health, sign_in, library, pixels, preview, read_page, reading, review, exports, api, metrics)
    return [route for part in parts for route in part.routes()]
