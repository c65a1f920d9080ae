"""Tables as other programs write them give the same figures: encodings, signs between columns, decimal commas."""

import json
from pathlib import Path

import pytest

from core.stats.columns import parse_rows, read_rows
from tests.stats.goldens import FOLDER
from tests.stats.test_commands import program  # noqa: F401 - a fixture

TEXT = "reader,case,rating\nMüller,1,0.5\nMüller,2,-1.25\nGruß,1,.75\nGruß,2,3\nGruß,3,1.5e-3\n"


def european(text: str) -> str:
    return text.replace(".", "#").replace(",", ";").replace("#", ",")


FORMS = {
    "commas": TEXT.encode(),
    "mark": TEXT.encode("utf-8-sig"),
    "semicolons": TEXT.replace(",", ";").encode(),
    "decimal commas": european(TEXT).encode(),
    "Excel's first line": ("sep=;\n" + european(TEXT)).encode("utf-16"),
    "tabs": TEXT.replace(",", "\t").encode(),
    "tabs, decimal commas": european(TEXT).replace(";", "\t").encode("utf-16"),
    "bars": TEXT.replace(",", "|").encode(),
    "blank lines first": ("\n;;\n" + european(TEXT)).encode(),
    "quotes": "\n".join(";".join(f'"{x}"' for x in line.split(";")) for line in european(TEXT).splitlines()).encode(),
    "Latin-1": TEXT.encode("latin-1"),
    "Windows": TEXT.replace("\n", "\r\n").encode("cp1252"),
    "UTF-16": TEXT.encode("utf-16"),
    "UTF-16 without a mark": TEXT.encode("utf-16-le"),
    "UTF-16, other order": TEXT.encode("utf-16-be"),
    "UTF-32": TEXT.encode("utf-32"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_table_reads_the_same_in_every_form(tmp_path, form):
    path = tmp_path / "t.csv"
    path.write_bytes(FORMS[form])
    rows, plain = read_rows(path, needed=("reader", "case", "rating")), parse_rows(TEXT, needed=("case",))
    for name in ("reader", "case", "rating"):
        assert rows[name].values() == plain[name].values()


def test_texts_of_a_semicolon_table_keep_their_commas():
    rows = parse_rows("reader;case;rating\nSmith, J;1,5;0,5\nNo, 2;2,x;1\n", needed=("reader", "case"))
    assert rows["reader"].values() == ["Smith, J", "No, 2"]
    assert rows["case"].values() == ["1.5", "2,x"]


COMMANDS = {
    "mrmc": ("syn_3x4_cont.csv", ()),
    "analyse": ("cases/automation_ai_failure.csv", ()),
    "froc": ("froc_2x4.csv", ("--truth", "froc_2x4_truth.csv")),
    "lroc": ("lroc_2x4.csv", ("--truth", "lroc_2x4_truth.csv")),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_reads_them(program, tmp_path, command):  # noqa: F811
    table, options = COMMANDS[command]

    def written(name: str) -> Path:
        out = tmp_path / Path(name).name
        out.write_text(european((FOLDER / name).read_text()), encoding="utf-16")
        return out

    plain = [FOLDER / x if x.endswith(".csv") else x for x in options]
    other = [written(x) if x.endswith(".csv") else x for x in options]
    expected = program(command, FOLDER / table, *plain, "--json")
    found = program(command, written(table), *other, "--json")
    assert found[0] == expected[0] == 0
    assert json.loads(found[1]) == json.loads(expected[1])
