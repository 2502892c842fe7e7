"""Texts to clean: those that a rule turns on, and any others, drawn by hypothesis."""

from collections.abc import Sequence
from datetime import datetime

from hypothesis import strategies as st

from tests.cleaner import Cleaner

_BLANKS = " \t\n\r\x01\x1f\x7f\x85\u00a0\u1680\u2003\u2028\u202f\u205f\u3000"
_INVISIBLE = "\u200b\u2060\ufeff"

# What each kind of value must tell from its neighbours.
HARD_TEXTS = [
    # nothing at all, and words for it
    *["", " ", "\t\n", "\u200b", "\u00a0\ufeff", "NULL", "null", " n/a ", "N/A", "NA", "N / A"],
    *["N\u200bU\u200bL\u200bL", "NULL.", "None", "nan", "inf", "-Infinity", "NaN", "1e999"],
    *["UNK", "unknown", " Unknown ", "UN\u212aNOWN", "UNKNOWN.", "U N K", "unk\u0131"],
    # nobody's names, other forms of one letter, what SQL or a template may trip over
    *[".", "`", "-- /", "_", "?", "\u00e9", "e\u0301", "\ufb01", "\u2000x\u2001", "\u212b"],
    *["e\u200b\u0301", "\ufeffA\u2060\u030a"],
    *["e\u200b\u0301", "\u0301", "\u1100\u1161", "a\u0323\u0307", "\U0001f600", "\u00bf", "\u00df"],
    *["o'brien", "'; drop table x; --", "{{ 7 }}", "{% endif %}", "$1", "%s", "%", "\\", '"', "$$"],
    *["a  b", "a\tb", "a\u00a0\u00a0b", "\u3000a\u3000", "a\u200b b", "a,b", '["a"]', "{}", "\\n"],
    # numbers
    *["0", "-0", "+0", "00", "0.0", "-0.0", "1", "+1", "-1", "1.", "1.0", "1.00", "01", "1.5"],
    *["1e2", "1E2", ".5", "5.", "+", "-", "+-1", "--1", "1 0", "1_000", "0x10", "1,000", "80,000"],
    *["80,000.0", "8,0000", "80,00", ",000", "1,000,000", "1000,000", "+80,000", "-1,000", "1,0"],
    *["\u0661\u0662", "\uff11\uff12", "\u00b2", "1\u200b2", "1\u00a0000", "1.0e0", "1e-99", "1e99"],
    *["9" * 18, "9" * 19, "9" * 20, "9" * 400, "-" + "9" * 400, "0" * 400, "0" * 400 + "7"],
    *["1." + "0" * 400, "0." + "0" * 197 + "1", "0." + "0" * 198 + "1", "9" * 197 + "e99", "1e100"],
    *["9223372036854775807", "9223372036854775808", "2147483647", "2147483648", "-2147483649"],
    # flags
    *["Y", "N", "y", "n", "YES", "true", "1\n", "Y.", "\u1e8e", "Y\u0307"],
    # times
    *["2024-02-29", "2023-02-29", "1900-02-29", "2000-02-29", "2024-04-31", "2024-13-01"],
    *["2024-00-01", "2024-01-00", "2024-1-01", "0999-12-31", "1000-01-01", "9999-12-31"],
    *["0000-01-01", "2012-12-31T23:59:59.999999", "2013-01-01", "2013-01-01T00:00"],
    *["2013-01-01 00:00:00.000", "2020-06-01T24:00", "2020-06-01T23:60", "2020-06-01T23:59:60"],
    *["2020-06-01T23:59:59.1234567", "2020-06-01t10:00", "2020-06-01T10", "2020-06-01T10:00:"],
    *["2020-06-01T10:00:00.", "20200601", "2020-06-01T10:00:00Z", "2020-06-01T10:00:00+00:00"],
    *["2020-06-01  10:00", "2020-06-01\t10:00", "2020-03-08T02:30:00", "2020-11-01T01:30:00.500"],
    *["now", "infinity", "epoch", "today", "-2020-01-01", "2020-06-01 10:00 AM"],
    *["6/1/2020", "06/01/2020", "13/1/2020", "2/29/2023", "2/29/2024", "6/1/20", "6/1/12020"],
    *["6/1/2020 12:30 AM", "6/1/2020 12:30 PM", "06/01/2020 12:30:45 am", "6/1/2020 12:30AM"],
    *["6/1/2020 0:30 AM", "6/1/2020 13:30 PM", "6/1/2020 13:30", "6/1/2020 24:00", "6-1-2020"],
    *["6/1/2020 1:30:60", "6/1/2020 1:3 AM", "6/1/2020 1:30 A", "6/1/2020 1:30 AM CST"],
    *["6/1/2020  1:30  pM", "6/1/2020 01:30:00.5", "6/1/0999", "02/30/2020 1:00 PM"],
    # codes
    *["IL", "il", "iL", "ILL", "I", "XX", "I L", "\u0131L", "I1", "60601", "60601.0", "60601-1234"],
    *["606011234", "60601-", "6060", "606012", "60601 1234", "60601.00", "606011234.0"],
    *["60601-1234.0", "0060601", "000", "USDOT 12", "0012A", "00\u0661"],
]  # fmt: skip

# Characters that rules or engines treat in their own ways, more often than chance would bring them.
_TRICKY = (
    _BLANKS + _INVISIBLE + "\u0301\u0327\u00e9\u0130\u0131\u017f\u00df.,`'\"\\%{}$/-+:eEnNuUlL"
)
_ANY = st.characters(exclude_categories=("Cs", "Cn"), exclude_characters="\0")
_DIGITS = st.text("0123456789", max_size=22)
_YEARS = st.integers(0, 10_100).map("{:04}".format) | st.integers(2012, 2027).map(str)
_MONTHS, _DAYS, _HOURS, _MINUTES = (
    st.integers(0, last).map("{:02}".format) | st.integers(0, last).map(str)
    for last in (13, 32, 25, 61)
)

_NUMBERS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "", "", "+", "-"]),
    _DIGITS | st.integers(0, 9_999_999).map("{:,}".format),
    st.sampled_from(["", "", ".", ".0", ".000", ".5"]) | _DIGITS.map(".{}".format),
    st.sampled_from(["", "", "", "e", "E5", "e-7", "e+12", "e123"]),
)
_TIMES = st.sampled_from(["{}:{}", "{}:{}:{}", "{}:{}:{}.{}", "{}", ""]).flatmap(
    lambda form: st.builds(form.format, _HOURS, _MINUTES, _MINUTES, _DIGITS)
)
_ISO_TIMES = st.builds(
    "{}-{}-{}{}{}".format, _YEARS, _MONTHS, _DAYS, st.sampled_from(["T", " ", "", "t"]), _TIMES
)
_US_TIMES = st.builds(
    "{}/{}/{} {}{}".format,
    _MONTHS,
    _DAYS,
    _YEARS,
    _TIMES,
    st.sampled_from(["", " AM", " PM", "am", "Pm", " A"]),
)


def boundary_texts(cleaner: Cleaner) -> list[str]:
    """What stands at and beside each bound of the rules, and listed values in another case."""
    bounds = {
        float(bound)
        for rules in cleaner.rules.values()
        for rule in rules.values()
        for name in ("min", "max")
        if (bound := rule.parameters.get(name)) is not None
    }
    beside = {f"{bound + step:.10g}" for bound in bounds for step in (-1, -0.001, 0, 0.001, 1)}
    listed = [next(iter(values.values())).lower() for values in cleaner.listed.values() if values]
    return sorted({*beside, *listed})


def texts(listed: Sequence[str]) -> st.SearchStrategy[str]:
    """Any text, with a liking for those that look like a value, as the listed ones do."""
    values = st.one_of(
        st.text(_ANY, max_size=10),
        st.text(_TRICKY, max_size=8),
        _NUMBERS,
        _ISO_TIMES,
        _US_TIMES,
        st.sampled_from(HARD_TEXTS),
        st.sampled_from(listed),
        st.sampled_from(listed).map(str.title),
    )
    blanks = st.text(_BLANKS + _INVISIBLE, max_size=2)
    return values | st.builds("{}{}{}".format, blanks, values, blanks)


def around(instant: datetime) -> list[str]:
    """A wall clock's time and what is a microsecond to either side."""
    micro = instant.resolution
    return [(instant + offset).isoformat() for offset in (-micro, 0 * micro, micro)]
