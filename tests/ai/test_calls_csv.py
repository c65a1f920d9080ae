import pytest

from core.ai.calls_csv import parse
from core.errors import InvalidInput


def test_calls_with_and_without_probabilities_are_read():
    rows = parse(b"\xef\xbb\xbfcase;call;prob_normal;prob_cap;prob_covid\n1;covid;0,1;0,2;0,7\n2;;;;\n3;CAP;;;\n")
    assert [(r.case_number, r.call) for r in rows] == [(1, "covid"), (2, None), (3, "cap")]
    assert rows[0].probabilities == {"normal": 0.1, "cap": 0.2, "covid": 0.7}
    assert rows[1].failure
    assert rows[2].probabilities == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "column case"),
        (b"case,label\n1,cap\n", "column call"),
        (b"case,call\n", "no rows"),
        (b"case,call\nx,cap\n", "row 2: column case"),
        (b"case,call\n1,flu\n", "row 2: column call"),
        (b"case,call\n1,cap\n1,cap\n", "row 3: case 1 stands twice"),
        (b"case,call,prob_normal,prob_cap,prob_covid\n1,cap,0.5,,0.5\n", "every class"),
        (b"case,call,prob_normal,prob_cap,prob_covid\n1,cap,0.5,0.5,0.5\n", "sum to 1"),
        (b"case,call,prob_normal,prob_cap,prob_covid\n1,cap,1.5,0,0\n", "prob_normal"),
        (b"case,call,prob_normal,prob_cap,prob_covid\n1,cap,a,0,0\n", "prob_normal"),
        (b"\xff\xfe\x00", "UTF-8"),
    ],
)
def test_a_bad_file_is_refused_whole_and_says_where(text: bytes, said: str):
    with pytest.raises(InvalidInput, match=said):
        parse(text)
