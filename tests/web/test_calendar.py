"""The due as a calendar's entry: nothing that a title holds can leave its line."""

from countermand.web.selfservice import calendar


def test_a_hostile_title_stays_in_its_line_of_the_calendar() -> None:
    text = calendar.entry("x", "A;b,c\\\r\nBEGIN:VALARM " + "ü" * 80, 0, 0, "example.org")
    assert text.count("BEGIN:VALARM\r\n") == 1
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "SUMMARY:A\\;b\\,c\\\\  BEGIN:VALARM" in text
