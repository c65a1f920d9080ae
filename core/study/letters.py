"""Words of letters, to copy into a message or to send (core/services/mail.py): invitations and reminders."""


def invitation(
    *, name: str, username: str, title: str, link: str | None, address: str, cases: int, practice: int, sessions: int
) -> str:
    """Return the text that invites a reader: by a `link` that works once, or to the `address` where they sign in."""
    practice_text = f", after {practice} for practice" if practice else ""
    sessions_text = f" in {sessions} sessions some weeks apart" if sessions > 1 else ""
    return (
        f"Dear {name},\n\n"
        f"you are invited to read in the study “{title}”: {cases} chest CT{sessions_text}{practice_text}. "
        "You can stop and go on at any time, on any computer; nothing is lost.\n\n"
        f"{_way_in(username, link, address)}\n\n"
        "Please read alone and tell nobody what you answer. Thank you."
    )


def reminder(*, name: str, username: str, title: str, address: str, left: int, minutes: int | None) -> str:
    """Return the text that reminds a reader of `left` reads; `minutes` is what they may take, None unknown."""
    about = f", about {minutes} minutes at your pace" if minutes is not None else ""
    many = "1 read is" if left == 1 else f"{left} reads are"
    return (
        f"Dear {name},\n\n"
        f"{many} left for you in the study “{title}”{about}. You go on where you stopped; sign in as "
        f"{username} here:\n{address}\n\n"
        "If you cannot go on, please tell us. Thank you."
    )


def panel_invitation(
    *, name: str, username: str, title: str, link: str | None, address: str, cases: int, adjudicator: bool
) -> str:
    """Return the text that invites somebody to the truth panel: by a `link` that works once, or to the `address`."""
    what = (
        "to decide the cases on which the panel that sets the reference standard is split"
        if adjudicator
        else f"to the panel that sets the reference standard: you label {cases} chest CT, each on your own"
    )
    return (
        f"Dear {name},\n\n"
        f"you are invited {what}, for the study “{title}”. You see neither the others' labels nor any AI.\n\n"
        f"{_way_in(username, link, address)}\nThe page is called Truth panel.\n\n"
        "Please tell no reader of the study what you answer. Thank you."
    )


def _way_in(username: str, link: str | None, address: str) -> str:
    if link is None:
        return f"You have an account already. Sign in as {username} here:\n{address}"
    return (
        f"Choose your password here (the link works once, for seven days):\n{link}\n\n"
        f"Your user name is {username}. Later you sign in with it here:\n{address}"
    )
