"""The questions a study asks of every case beside the diagnosis: one module for each kind.

A kind is a subclass of `Question` (question.py): a frozen dataclass whose fields are what a coordinator settles, with
all that the rest of Parallax needs to know of it:

- `kind`, `title`: the stored word, and its name on the pages;
- `settings`: the fields a coordinator fills in, from which the page makes its form (settings.py), and which of them are
  words that may still change until the first read;
- `faults`: what keeps the question from being asked;
- `answer_fault`: what is wrong with an answer, leniently in a draft and strictly at the lock;
- `columns`, `cells`: its columns in the exports;
- `said`: an answer as text, for people.

`registry.py` lists the kinds. The protocol, the check before opening, the lock, the exports, the case page and the
setup page all work from these and ask nowhere which kind a question is. A kind that lacks a part cannot be built (the
methods are abstract, tests/study/test_questions.py checks the rest), and one the browser cannot draw fails there too.

To add a kind: its module here, its line in `registry.py`, its control in `core/viewer/src/form/questions.js`.
"""
