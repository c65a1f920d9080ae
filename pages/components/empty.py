"""An empty page: a small picture of what it will show, what is missing, and the one next step."""

from html import escape

import streamlit as st

# drawn by hand in the page's own ink: bars, dots and lines that stand for what the page will show
PICTURES = {
    "studies": (
        '<rect x="8" y="10" width="104" height="22" rx="4"/><rect x="8" y="40" width="104" height="22" rx="4"/>'
        '<path d="M16 21h44M16 51h30" /><circle cx="100" cy="21" r="4" class="on"/>'
    ),
    "cases": (
        '<rect x="10" y="10" width="28" height="52" rx="4"/><rect x="46" y="10" width="28" height="52" rx="4"/>'
        '<rect x="82" y="10" width="28" height="52" rx="4"/><ellipse cx="19" cy="36" rx="5" ry="12"/>'
        '<ellipse cx="29" cy="36" rx="5" ry="12"/><ellipse cx="55" cy="36" rx="5" ry="12"/>'
        '<ellipse cx="65" cy="36" rx="5" ry="12" class="on"/>'
    ),
    "models": (
        '<path d="M20 18L60 36M20 54L60 36M60 36L100 20M60 36L100 52"/><circle cx="20" cy="18" r="6"/>'
        '<circle cx="20" cy="54" r="6"/><circle cx="60" cy="36" r="8" class="on"/><circle cx="100" cy="20" r="6"/>'
        '<circle cx="100" cy="52" r="6"/>'
    ),
    "results": (
        '<path d="M12 64V8M12 64H110"/><path d="M30 20H70M40 36H86M24 52H58"/>'
        '<circle cx="50" cy="20" r="5" class="on"/><circle cx="62" cy="36" r="5"/><circle cx="42" cy="52" r="5"/>'
    ),
    "reading": (
        '<rect x="8" y="8" width="66" height="56" rx="4"/><ellipse cx="30" cy="36" rx="10" ry="18"/>'
        '<ellipse cx="52" cy="36" rx="10" ry="18"/><path d="M84 18h26M84 34h26"/>'
        '<rect x="84" y="46" width="26" height="12" rx="3" class="on"/>'
    ),
    "people": (
        '<circle cx="30" cy="26" r="10"/><path d="M14 58c2-14 30-14 32 0"/><circle cx="78" cy="26" r="10" class="on"/>'
        '<path d="M62 58c2-14 30-14 32 0"/>'
    ),
}
DRAWN = (
    '<svg viewBox="0 0 120 72" width="150" height="90" role="img" aria-label="{told}" fill="none" '
    'stroke="currentColor" stroke-width="2" stroke-linecap="round" opacity=".75">'
    "<style>.on{{stroke:#2563eb;fill:#2563eb33}}</style>{lines}</svg>"
)


def empty(picture: str, what: str, remedy: str) -> None:
    """Show a picture of what will be here, what is missing, and in a second sentence what to do next."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"empty_{picture}"):
        told = escape(f"A sketch of what will be here: {picture}")
        st.html(DRAWN.format(told=told, lines=PICTURES[picture]), width="content")
        st.info(f"{what} {remedy}", icon=":material/info:")
