"""CSV gives back what went in, and no cell of it is a formula."""

import csv
import io
import math

import pytest

from mmproto.utils.spreadsheet import make_csv, protect, write_text

# what a spreadsheet runs when a cell begins with it
DANGEROUS = [
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '=cmd|"/c calc"!A1',
    ' =1',
    '\t=1',
    '\r=1',
    '＝1',
]
HARMLESS = ['a,b', 'a "b"', 'a\nb', 'a\rb', 'a\r\nb', ' a', '道路', '', '1.5']


def read(text):
    return list(csv.reader(io.StringIO(text, newline='')))


@pytest.mark.parametrize('text', HARMLESS)
def test_texts_survive(text):
    header, row = read(make_csv([text, 'b'], [[text, 1]]))
    assert header == [text, 'b'] and row == [text, '1']


@pytest.mark.parametrize('text', [*DANGEROUS, "'a"])
def test_formulas_begin_with_an_apostrophe_that_can_be_taken_away(text):
    header, row = read(make_csv([text], [[text]]))
    assert header == row == ["'" + text]
    assert row[0][1:] == text


def test_no_two_texts_become_one():
    texts = [*DANGEROUS, *HARMLESS, *("'" + text for text in DANGEROUS)]
    assert len({protect(text) for text in texts}) == len(texts)


def test_numbers_come_back_to_the_last_bit():
    numbers = [0.1, -1 / 3, 5e-324, 1.7976931348623157e308, 1e22, -0.5]
    text = make_csv(['a'] * 6, [numbers])
    assert [float(cell) for cell in read(text)[1]] == numbers
    # numbers are numbers, not text that needs protection
    assert text.splitlines()[1].split(',') == [repr(n) for n in numbers]


def test_lines_and_cells(tmp_path):
    text = make_csv(['a', 'b', 'c'], [[1, None, True], [2.5, 'x', False]])
    assert text == '"a","b","c"\n1,"","true"\n2.5,"x","false"\n'
    write_text(text, tmp_path / 'new' / 'table.csv')
    written = (tmp_path / 'new' / 'table.csv').read_bytes()
    assert written == text.encode('utf-8')


@pytest.mark.parametrize('number', [math.nan, math.inf, -math.inf])
def test_numbers_have_to_be_finite(number):
    with pytest.raises(ValueError, match="column 'road'.*diverged"):
        make_csv(['index', 'road'], [[1, 0.5], [2, number]])
