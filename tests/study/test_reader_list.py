"""A list of readers as people have them: from a mail program, a spreadsheet, or typed."""

import pytest

from core.errors import InvalidInput
from core.study.reader_list import Line, reader_list, username_of

GROUPS = ("Novices", "Experts")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ada Lovelace <Ada@Clinic.org>", [Line("Ada Lovelace", "ada@clinic.org")]),
        ('"Lovelace, Ada" <ada@clinic.org>, Experts, 12', [Line("Lovelace, Ada", "ada@clinic.org", "Experts", 12)]),
        ("ada@clinic.org\n\nbob@clinic.org\n", [Line("ada", "ada@clinic.org"), Line("bob", "bob@clinic.org")]),
        ("Ada, ada@clinic.org, experts, 8", [Line("Ada", "ada@clinic.org", "Experts", 8)]),
        ("Ada\tada@clinic.org\tNovices\t1,5", [Line("Ada", "ada@clinic.org", "Novices", 1.5)]),
        ("Name;E-Mail;Expertise\nAda;ada@x.org;Novices", [Line("Ada", "ada@x.org", "Novices")]),
        ("years,name,user name\n3,Ada,ada", [Line("Ada", "ada", None, 3)]),
        ("\ufeffname,email\nAda,ada@x.org", [Line("Ada", "ada@x.org")]),
        ("Zoë Müller", [Line("Zoë Müller", "zoe.muller")]),
    ],
)
def test_lists_are_understood_as_people_have_them(text: str, found: list[Line]):
    assert reader_list(text, groups=GROUPS) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("name,email", "1 to 200"),
        ("Ada, ada@x.org, Masters", "Line 1: there is no group Masters; the groups are Novices, Experts"),
        ("Ada, ada@x.org\nBob, bob smith@x", "Line 2: “bob smith@x” is no user name"),
        ("Ada, ada@x.org, Experts, many", "Line 1: “many” is no number of years"),
        ("Ada, ada@x.org, Experts, 99", "between 0 and 70"),
        ("Ada, a@x.org\n\nAdam, A@x.org", "Lines 1 and 3 have the same user name a@x.org"),
        ("李明", "is no user name"),
        ("\n".join(f"r{n}@x.org" for n in range(201)), "this one has 201"),
        ("x" * 90 + "@x.org", "is no user name"),
    ],
)
def test_a_bad_line_is_named_with_what_is_wrong(text: str, said: str):
    with pytest.raises(InvalidInput) as caught:
        reader_list(text, groups=GROUPS)
    assert said in str(caught.value)


def test_a_user_name_is_plain():
    assert username_of("  José Ångström-Øye ") == "jose.angstrom-ye"
    assert len(username_of("x" * 300)) == 80
