"""Parallax, as served by `streamlit run app.py`."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from pages.routes.door import Door
from pages.routes.every import routes
from pages.routes.lifespan import lifespan
from pages.routes.loading import Loading

app = st.App(
    Path(__file__).parent / "pages" / "main.py",
    routes=routes(),
    lifespan=lifespan,
    middleware=[Middleware(Door), Middleware(Loading)],
)
