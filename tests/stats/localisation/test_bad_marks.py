"""Every bad pair of files gets one sentence that names file, row and remedy; good variants are read alike."""

import json

import pytest

from tests.stats.test_commands import program

__all__ = ["program"]

TRUTH = "case,truth,lesion,weight\n1,0,0,0\n2,0,0,0\n3,1,1,1\n4,1,1,0.5\n4,1,2,0.5\n5,1,1,1\n"
MARKS = "reader,treatment,case,kind,lesion,rating\n" + "".join(
    f"{reader},{treatment},{rest}\n"
    for reader in (1, 2)
    for treatment in ("A", "B")
    for rest in (
        "1,none,,", f"2,nonlesion,,{3 + reader}", "3,lesion,1,7", "4,lesion,2,8", f"4,nonlesion,,{reader}", "5,none,,",
    )
)  # fmt: skip
LROC_TRUTH = "case,truth,lesion,weight\n1,0,0,0\n2,0,0,0\n3,1,1,1\n4,1,1,1\n"
LROC = "reader,treatment,case,kind,lesion,rating\n" + "".join(
    f"{reader},{treatment},{rest}\n"
    for reader in (1, 2)
    for treatment in ("A", "B")
    for rest in (f"1,nonlesion,,{reader}", "2,nonlesion,,2", "3,lesion,1,7", "4,nonlesion,,8")
)
HEADER = "reader,treatment,case,kind,lesion,rating\n"


@pytest.fixture
def run(program, tmp_path):
    def command(marks, truth, *options, name="froc"):
        for file, text in (("marks.csv", marks), ("truth.csv", truth)):
            data = text if isinstance(text, bytes) else text.encode()
            (tmp_path / file).write_bytes(data)
        return program(name, tmp_path / "marks.csv", "--truth", tmp_path / "truth.csv", "--json", *options)

    return command


def refused(result, words):
    code, out, err = result
    assert (code, out) == (2, ""), result
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1, err
    for word in words:
        assert word.casefold() in err.casefold(), (word, err)


@pytest.mark.parametrize(
    ("marks", "words"),
    [
        (MARKS + "1,A,4,lesion,3,5\n", ("marks.csv", "row 26", "column lesion", "no lesion 3", "only 1, 2", "mend")),
        (MARKS + "1,A,1,lesion,1,5\n", ("marks.csv", "row 26", "case 1 has no lesion", "write kind nonlesion")),
        (MARKS + "1,A,4,lesion,,5\n", ("row 26", "column lesion", "needs its number")),
        (MARKS + "1,A,4,lesion,x,5\n", ("row 26", "column lesion", "'x'", "number the lesions")),
        (MARKS + "1,A,4,lesion,1.5,5\n", ("row 26", "column lesion", "'1.5'")),
        (MARKS + "1,A,4,lesion,-1,5\n", ("row 26", "column lesion", "'-1'")),
        (MARKS + "1,A,4,nonlesion,1,5\n", ("row 26", "column lesion", "nonlesion mark has no lesion")),
        (MARKS + "1,A,4,lesion,1,nan\n", ("marks.csv", "row 26", "column rating", "'nan'", "number")),
        (MARKS + "1,A,4,lesion,1,inf\n", ("row 26", "column rating", "'inf'")),
        (MARKS + "1,A,4,lesion,1,\n", ("row 26", "column rating", "empty")),
        (MARKS + "1,A,4,lesion,1,\"5,5\"\n", ("row 26", "column rating", "decimal point")),
        (MARKS + "1,A,4,none,,\n", ("row 26", "column kind", "row 5", "delete one")),
        (MARKS + "1,A,1,none,,\n", ("row 2", "row 26", "delete one")),
        (MARKS + "1,A,1,nonlesion,,4\n", ("row 2", "column kind", "row 26")),
        (MARKS.replace("1,A,1,none,,", "1,A,1,none,,3"), ("row 2", "column rating", "kind none has no rating")),
        (MARKS.replace("1,A,5,none,,", "1,A,5,none,1,"), ("row 7", "column lesion", "kind none has no lesion")),
        (MARKS + "1,A,9,none,,\n", ("marks.csv", "row 26", "case '9' is not in truth.csv", "add its truth")),
        (MARKS + "1,A,04,none,,\n", ("row 26", "'04' is probably the same case as '4'", "row 5")),
        (MARKS.replace(",4,", ",04,"), ("marks.csv", "row 5", "case '04' is not in truth.csv", "probably the '4'")),
        (MARKS + "01,A,4,nonlesion,,3\n", ("row 26", "'01' is probably the same reader as '1'")),
        (MARKS.replace("1,A,1,none,,\n", ""), ("marks.csv", "reader 1 has no row for case 1 in treatment A", "1 such",
                                                "kind none")),
        (MARKS.replace(",5,none,,\n", ",4,nonlesion,,2\n"), ("no reader has a row for case 5", "truth.csv")),
        (MARKS + "3,A,1,none,,\n", ("reader 3 has no row for case 2", "9 such")),
        (MARKS + "1,A,4,hit,1,5\n", ("row 26", "column kind", "'hit'", "nonlesion")),
        (MARKS + ",A,4,lesion,1,5\n", ("row 26", "column reader", "empty")),
        (MARKS + "1,,4,lesion,1,5\n", ("row 26", "column treatment", "empty")),
        (MARKS + "1,A,4,lesion,1\n", ("row 26", "5 values for 6 columns")),
        (MARKS.replace("kind", "type", 1), ("marks.csv", "row 1", "column kind", "missing")),
        (MARKS.replace("rating", "Rating", 1), ("row 1", "rename it to 'rating'")),
        ("", ("marks.csv", "row 1", "empty")),
        (HEADER, ("marks.csv", "row 2", "no rows")),
        (MARKS.encode("utf-16")[:-1], ("marks.csv", "damaged", "UTF-8")),
        (b"PK\x03\x04" + MARKS.encode(), ("marks.csv", "workbook", "CSV")),
        (b"\x89PNG\0" + MARKS.encode(), ("marks.csv", "not a text file")),
    ],
)  # fmt: skip
def test_bad_marks_are_refused(run, marks, words):
    refused(run(marks, TRUTH), words)


@pytest.mark.parametrize(
    ("truth", "words"),
    [
        (TRUTH.replace("4,1,2,0.5", "4,1,2,0.6"), ("truth.csv", "row 5", "column weight", "case 4 sum to 1.1", "1/n")),
        (TRUTH.replace("3,1,1,1", "3,1,1,0"), ("truth.csv", "row 4", "sum to 0")),
        (TRUTH.replace("0.5", "1.5"), ("row 5", "column weight", "outside 0 to 1")),
        (TRUTH.replace("3,1,1,1", "3,1,1,"), ("row 4", "column weight", "empty", "1/n")),
        (TRUTH.replace("3,1,1,1", "3,1,1,nan"), ("row 4", "column weight", "'nan'")),
        (TRUTH + "3,1,1,1\n", ("truth.csv", "row 8", "same case and lesion", "row 4")),
        (TRUTH + "1,0,0,0\n", ("truth.csv", "row 8", "same case and lesion", "row 2")),
        (TRUTH + "1,1,1,1\n", ("row 8", "case 1 has truth '1'", "row 2")),
        (TRUTH.replace("3,1,1,1", "3,1,0,1"), ("row 4", "column lesion", "lesion 0", "number the lesions")),
        (TRUTH.replace("1,0,0,0", "1,0,1,1"), ("row 2", "column lesion", "truth 0")),
        (TRUTH.replace("3,1,1,1", "3,1,a,1"), ("row 4", "column lesion", "'a'")),
        (TRUTH.replace("3,1,1,1", "3,2,1,1"), ("row 4", "column truth", "'2'")),
        (TRUTH.replace("3,1,1,1", "3,,1,1"), ("row 4", "column truth", "empty")),
        (TRUTH.replace("3,1,1,1\n", ""), ("marks.csv", "row 4", "case '3' is not in truth.csv")),
        (TRUTH + "6,0,0,0\n", ("no reader has a row for case 6 of truth.csv",)),
        (TRUTH.replace("weight", "w"), ("truth.csv", "row 1", "column weight", "missing")),
        ("", ("truth.csv", "row 1", "empty")),
        ("case,truth,lesion,weight\n", ("truth.csv", "no rows")),
    ],
)
def test_bad_truth_is_refused(run, truth, words):
    refused(run(MARKS, truth), words)


@pytest.mark.parametrize(
    ("marks", "truth", "words"),
    [
        (LROC.replace("1,A,4,nonlesion,,8", "1,A,4,none,,"), LROC_TRUTH, ("marks.csv", "row 5", "one mark", "froc")),
        (LROC + "1,A,1,nonlesion,,9\n", LROC_TRUTH, ("row 18", "row 2", "one mark a case", "froc")),
        (LROC, LROC_TRUTH.replace("3,1,1,1", "3,1,1,.5\n3,1,2,.5"), ("truth.csv", "case 3 has 2 lesions", "froc")),
    ],
)
def test_what_is_not_lroc_is_refused(run, marks, truth, words):
    refused(run(marks, truth, name="lroc"), words)


@pytest.mark.parametrize(
    ("command", "options", "words"),
    [
        ("froc", ("--fom", "auc"), ("no figure 'auc'", "wafroc")),
        ("froc", ("--fom", "alroc"), ("lroc",)),
        ("lroc", ("--fom", "wafroc"), ("froc",)),
        ("lroc", ("--fom", "pcl", "--at", "0"), ("--at", "above 0")),
        ("lroc", ("--fom", "pcl", "--at", "nan"), ("--at",)),
        ("lroc", ("--fom", "pcl", "--at", "1.5"), ("--at", "at most 1")),
        ("lroc", ("--fom", "pcl_x"), ("pcl_x",)),
        ("froc", ("--ai", "1"), ("treatment", "keep the rows of one")),
        ("froc", ("--margin", "0.1"), ("--ai",)),
        ("froc", ("--readers", "fixed", "--cases", "fixed"), ("both fixed",)),
        ("froc", ("--curve", "x"), ("no curve 'x'",)),
        ("froc", ("--cluster", "lesion"), ("--cluster", "lesion cannot be the cluster")),
        ("lroc", ("--cluster", "case"), ("--cluster", "case cannot be the cluster")),
    ],
)  # fmt: skip
def test_bad_options_are_refused(run, command, options, words):
    refused(run(*((LROC, LROC_TRUTH) if command == "lroc" else (MARKS, TRUTH)), *options, name=command), words)


def test_the_truth_must_be_named_and_a_workbook_gets_a_sentence(program, tmp_path):
    path = tmp_path / "marks.xlsx"
    path.write_bytes(b"PK\x03\x04")
    refused(program("froc", path), ("--truth",))
    (tmp_path / "truth.csv").write_text(TRUTH)
    refused(program("froc", path, "--truth", tmp_path / "truth.csv"), ("marks.xlsx", "workbook", "CSV"))
    refused(program("froc", tmp_path / "none.csv", "--truth", tmp_path / "truth.csv"), ("none.csv", "cannot be read"))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text + "\n\n",
        lambda text: text.replace(",nonlesion,", ",NonLesion , "),
        lambda text: text.replace(",lesion,1,", ",lesion,1.0,").replace(",1,1,1\n", ",1.0,1.0,1.0\n"),
        lambda text: text.replace(",nonlesion,,", ",nonlesion,0,"),
    ],
)  # fmt: skip
def test_marks_and_line_ends_of_other_systems_are_read_alike(run, change):
    plain = run(MARKS, TRUTH)
    assert plain[0] == 0
    assert run(change(MARKS), change(TRUTH)) == plain


def test_a_lesion_marked_twice_keeps_the_highest_mark_and_says_so(run):
    higher = MARKS.replace("1,A,3,lesion,1,7", "1,A,3,lesion,1,9")
    code, out, err = run(higher + "1,A,3,lesion,1,4\n", TRUTH)
    assert code == 0
    assert json.loads(out)["theta"] == json.loads(run(higher, TRUTH)[1])["theta"]
    assert "1 mark on a lesion" in err


def test_treatments_stand_in_the_order_of_the_file(run):
    lines = MARKS.splitlines()
    turned = "\n".join([lines[0], *sorted(lines[1:], key=lambda line: line.split(",")[1], reverse=True)]) + "\n"
    first, other = json.loads(run(MARKS, TRUTH)[1]), json.loads(run(turned, TRUTH)[1])
    assert [row["treatment"] for row in other["treatments"]] == ["B", "A"]
    assert other["differences"][0]["estimate"] == -first["differences"][0]["estimate"]


def test_cases_of_a_cluster_are_left_out_together_wherever_the_column_is(run):
    lines = TRUTH.splitlines()
    patients = {"1": "p1", "2": "p1", "3": "p2", "4": "p3", "5": "p2"}
    with_patient = lines[0] + ",patient\n" + "".join(f"{x},{patients[x[0]]}\n" for x in lines[1:])
    marks = MARKS.splitlines()
    marked = marks[0] + ",patient\n" + "".join(f"{x},{patients[x.split(',')[2]]}\n" for x in marks[1:])
    options = ("--cluster", "patient", "--fom", "maxllf")
    code, out, err = run(MARKS, with_patient, *options)
    assert code == 0
    assert "5 cases in 3 clusters" in err
    assert run(marked, TRUTH, *options) == (code, out, err)
    plain = json.loads(run(MARKS, TRUTH, "--fom", "maxllf")[1])
    assert json.loads(out)["theta"] == plain["theta"]
    assert json.loads(out)["components"]["var"] != plain["components"]["var"]
    refused(run(MARKS, TRUTH, *options), ("--cluster", "truth.csv", "'patient'"))
    refused(run(MARKS, with_patient.replace("4,1,2,0.5,p3", "4,1,2,0.5,p4"), *options), ("truth.csv", "row 6", "p3"))
    refused(run(MARKS, with_patient.replace("4,1,2,0.5,p3", "4,1,2,0.5,"), *options), ("truth.csv", "row 6", "empty"))


def test_too_few_cases_for_a_jackknife_are_said_with_a_remedy(run):
    truth = TRUTH.replace("2,0,0,0\n", "2,1,1,1\n")
    refused(run(MARKS, truth), ("wAFROC does not exist once some case", "add some", "cases as fixed"))
    code, out, err = run(MARKS, truth, "--cases", "fixed")
    assert code == 0
    assert "wAFROC does not exist once some case" in err
    assert json.loads(out)["components"]["var"] is None


def test_an_ai_may_have_a_treatment_of_its_own(run):
    text = "\n".join(line.replace("1,B", "AI,algorithm") for line in MARKS.splitlines() if not line.startswith("2,B"))
    code, out, _ = run(text + "\n", TRUTH, "--ai", "AI", "--fom", "hrauc", "--cases", "random")
    assert code == 0
    assert json.loads(out)["n_readers"] == 2
    refused(run(text + "\n", TRUTH, "--ai", "Bob"), ("'Bob'", "1, AI, 2"))
    refused(run(text + "\n", TRUTH), ("Reader AI read nothing in treatment A", "--ai"))
