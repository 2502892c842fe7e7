"""The errors that a person meets: one line that names the thing, the cause and the next step."""


class WarehouseError(Exception):
    """A run that could not be done. The command line prints it and exits with 1."""

    def __str__(self) -> str:
        # Engines and portals answer in several lines; a reader of logs gets one.
        return " ".join(super().__str__().split())


class EngineError(WarehouseError):
    """What DuckDB or PostgreSQL said no to; its own error is the cause of this one."""


class WrongCall(WarehouseError):  # noqa: N818 - the name says whose mistake it is
    """A call with an unknown name, date or file. The command line exits with 2."""
