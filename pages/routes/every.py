"""Every route that Parallax adds to Streamlit's own."""

from starlette.routing import Route

from pages.routes import exports, health, pixels, reading, sign_in


def routes() -> list[Route]:
    """Return every route Parallax adds to Streamlit's own."""
    return [*health.routes(), *sign_in.routes(), *pixels.routes(), *reading.routes(), *exports.routes()]
