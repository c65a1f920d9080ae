"""Keys the reading page uses, so that no class of a study asks for one of them."""

import re

# the viewer's and the form's own letters: length, ellipse, overlay, invert, reset, pause, key image, take back (undo)
VIEWER_LETTERS: dict[str, str] = {
    "L": "measure a length",
    "E": "ellipse statistics",
    "M": "overlay",
    "I": "invert",
    "R": "reset the view",
    "P": "pause",
    "K": "key image",
    "U": "undo",
}
LETTER = re.compile(r"[A-Z]")


def letter_problem(letter: str) -> str | None:
    """Return why a letter cannot be the shortcut of a class, as the rest of a sentence, or None."""
    if not LETTER.fullmatch(letter):
        return "needs one capital letter from A to Z as its shortcut; digits belong to windows and ratings"
    if letter in VIEWER_LETTERS:
        return f"cannot have the letter {letter}, which the viewer uses ({VIEWER_LETTERS[letter]})"
    return None


def free_letter(label: str, taken: set[str]) -> str:
    """Return a letter for a class: the first of its label that nothing else uses, or else of the alphabet."""
    for letter in label.upper() + "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        if letter not in taken and letter_problem(letter) is None:
            return letter
    return ""
