"""What people see before they are signed in: plain pages without scripts, which need nothing else of the server."""

import base64
import hashlib
from html import escape

from db import passwords

STYLE = """
:root { color-scheme: light dark; --line: #9aa3af; --accent: #2563eb; --soft: #f3f5f8; }
@media (prefers-color-scheme: dark) { :root { --line: #5b6472; --soft: #171b22; } body { background: #0e1116; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; display: grid; place-items: center; min-height: 100vh; }
main { width: min(26rem, calc(100vw - 3rem)); padding: 2rem 0; }
h1 { margin: 0 0 .25rem; } h2 { font-size: 1.15rem; }
label { display: block; margin: 1rem 0 .25rem; }
input { font: inherit; width: 100%; padding: .5rem .6rem; border: 1px solid var(--line); border-radius: .4rem; }
button, .button { font: inherit; display: block; width: 100%; margin-top: 1.25rem; padding: .55rem; cursor: pointer;
  text-align: center; text-decoration: none; border: 1px solid var(--accent); border-radius: .4rem; }
input, button, .button { box-sizing: border-box; }
button { background: var(--accent); color: #fff; } .button { color: inherit; border-color: var(--line); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
p, details { margin: 1rem 0 0; } .hint { opacity: .8; font-size: .9rem; }
[role=alert], [role=status] { padding: .6rem .8rem; border-radius: .4rem; background: var(--soft);
  border-left: 4px solid #d97706; }
""".strip()
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
PASSWORD_HINT = f"At least {passwords.MIN_PASSWORD} characters; a sentence is easy to remember."
FORGOT = (
    "The coordinator of your study, or an administrator, can make you a link with which you choose a new password. "
    "Ask them by telephone or in person; Parallax sends no mail. Nobody can look up your old password."
)


WHAT = (
    "Reader studies for chest CT: radiologists and an AI read the same cases, blinded to each other and to the truth; "
    "then their accuracy, agreement and time are compared."
)
FIRST_START = (
    "Nobody administrates this Parallax yet. Whoever started it finds a link in the terminal, or in the server's log: "
    "the line “no administrator yet: open this link once”. It makes the first account and works once; "
    "a restart writes a new one."
)


def sign_in_page(
    *,
    wrong: str = "",
    username: str = "",
    go_on: str = "/",
    institution: bool = False,
    first_start: bool = False,
    somebody: bool = True,
) -> str:
    """The form of local accounts, and the institution's button where one is set up.

    At the first start the page says where the link is that makes the first administrator; the form stands below for
    those who have an account, such as the demo's, and stays away while nobody has one.
    """
    start = f"""<h2>First start</h2>
<p role="status">{FIRST_START}</p>
"""
    if first_start and not (somebody or institution):
        return _page(
            "First start",
            f"""<p class="hint">{WHAT}</p>
{start}
<p class="hint">For research; not a medical device. Images stay on this server.</p>
<a class="button" href="/">I have made the account: go to sign-in</a>""",
        )
    offered = '<a class="button" role="button" href="/api/session/institution">Sign in with your institution</a>'
    return _page(
        "Sign in",
        f"""<p class="hint">{WHAT}</p>
{start if first_start else ""}
{_alert(wrong)}
<form method="post" action="/api/session/sign-in">
<input type="hidden" name="go_on" value="{escape(go_on)}">
{_field("username", "User name", "text", "username", value=username)}
{_field("password", "Password", "password", "current-password")}
<button type="submit">Sign in</button>
</form>
{offered if institution else ""}
<details><summary>Forgot your password?</summary><p class="hint">{FORGOT}</p></details>
<p class="hint">No account? Ask the person who runs the study for an invitation link.</p>""",
    )


def link_page(token: str, kind: str | None, *, wrong: str = "", username: str = "", name: str = "") -> str:
    """What a one-time link opens: the first administrator's form, or a form for a password.

    `username` is what was typed in the first, and whose password it is in the second.
    """
    if kind is None:
        return _page(
            "Welcome",
            """<p role="alert">This link was used already or is too old. Ask the person who sent it for a new one.</p>
<a class="button" href="/">Go to sign-in</a>""",
        )
    setup = kind == "setup"
    who = _field("username", "User name", "text", "username", value=username) + _field(
        "name", "Your name, as colleagues see it", "text", "name", value=name
    )
    whose = f"<p>You will sign in as <strong>{escape(username)}</strong>. Note this user name.</p>"
    return _page(
        "Welcome",
        f"""<h2>{"Set up: the first administrator" if setup else "Choose your password"}</h2>
{_alert(wrong)}
<form method="post" action="/api/session/link">
<input type="hidden" name="link" value="{escape(token)}">
{who if setup else whose}
{_field("password", "Password", "password", "new-password")}
<p class="hint">{PASSWORD_HINT}</p>
{_field("again", "Password again", "password", "new-password")}
<button type="submit">{"Create administrator" if setup else "Save and sign in"}</button>
</form>""",
    )


def not_invited_page(email: str, why: str) -> str:
    """What somebody sees whom the institution knows and Parallax does not."""
    return _page(
        "Sign in",
        f"""<p role="alert">Your institution has signed you in as {escape(email)}, but {why}</p>
<a class="button" role="button" href="/auth/logout">Sign in as somebody else</a>""",
    )


def _page(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Parallax</title><style>{STYLE}</style></head>
<body><main><h1>Parallax</h1>
{body}
</main></body></html>
"""


def _alert(text: str) -> str:
    return f'<p role="alert">{escape(text)}</p>' if text else ""


def _field(name: str, label: str, kind: str, autocomplete: str, *, value: str = "") -> str:
    return (
        f'<label for="{name}">{label}</label><input id="{name}" name="{name}" type="{kind}" '
        f'autocomplete="{autocomplete}" value="{escape(value)}" maxlength="200" required>'
    )
