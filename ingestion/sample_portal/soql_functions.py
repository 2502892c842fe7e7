"""The functions of SoQL and what they are in DuckDB."""

from sqlglot import exp

from ingestion.sample_portal import refusals

# A text in which {0}, {1} … are the arguments.
FUNCTIONS = {
    "date_trunc_y": "date_trunc('year', {0})",
    "date_trunc_ym": "date_trunc('month', {0})",
    "date_trunc_ymd": "date_trunc('day', {0})",
    "date_extract_y": "year({0})",
    "date_extract_m": "month({0})",
    "date_extract_d": "day({0})",
    "date_extract_hh": "hour({0})",
    "date_extract_mm": "minute({0})",
    "date_extract_ss": "second({0})",
    "date_extract_dow": "dayofweek({0})",
    "date_extract_woy": "weekofyear({0})",
    "starts_with": "starts_with({0}, {1})",
    "contains": "contains({0}, {1})",
    # metres on a sphere; near enough for a circle in a city
    "within_circle": (
        "2 * 6371008.8 * asin(sqrt("
        "sin(radians(portal_lat({0}) - {1}) / 2) ** 2"
        " + cos(radians({1})) * cos(radians(portal_lat({0})))"
        " * sin(radians(portal_lon({0}) - {2}) / 2) ** 2)) <= {3}"
    ),
    # the box's north-west and south-east corners
    "within_box": ("portal_lat({0}) between {3} and {1} and portal_lon({0}) between {2} and {4}"),
}
SAME_IN_DUCKDB = (
    exp.And, exp.Or, exp.Case, exp.If, exp.Count, exp.Max, exp.Min, exp.Sum, exp.Avg,
    exp.StddevPop, exp.StddevSamp, exp.Upper, exp.Lower, exp.Coalesce, exp.Greatest, exp.Least,
    exp.Abs, exp.Ceil, exp.Floor, exp.Round, exp.Length, exp.Concat, exp.DPipe, exp.Cast,
    exp.TryCast, exp.Trim,
)  # fmt: skip


def translated_function(call: exp.Func) -> exp.Expr:
    """The call as DuckDB has it.

    Raises:
        RefusalError: SoQL has no such function, or not with so many arguments.
    """
    if isinstance(call, exp.Anonymous):
        name, arguments = call.name.lower(), call.expressions
    else:
        name = call.sql_name().lower()
        arguments = [value for value in call.args.values() if isinstance(value, exp.Expr)]
    if template := FUNCTIONS.get(name):
        try:
            text = template.format(*(argument.sql(dialect="duckdb") for argument in arguments))
        except IndexError as error:
            message = f"{name} was given {len(arguments)} arguments"
            raise refusals.type_mismatch(message) from error
        return exp.maybe_parse(f"({text})", dialect="duckdb")
    if isinstance(call, SAME_IN_DUCKDB):
        return call
    raise refusals.no_such_function(name)
