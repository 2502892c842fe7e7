"""What the portal answers to a request that it cannot serve, in both of Socrata's bodies."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class RefusalError(Exception):
    """A request that ends with an error status and a JSON body."""

    status: int
    code: str
    message: str
    data: dict[str, Any] = field(default_factory=dict)
    is_from_coordinator: bool = False

    def body(self) -> dict[str, Any]:
        """The older body has `code` and `error`, that of the query coordinator `errorCode`."""
        if self.is_from_coordinator:
            return {"message": self.message, "errorCode": self.code, "data": self.data}
        return {"code": self.code, "error": True, "message": self.message, "data": self.data}


def no_such_dataset(dataset: str) -> RefusalError:
    """The portal has no dataset of this id."""
    return RefusalError(404, "dataset.missing", "Not found", {"id": dataset})


def no_such_column(column: str) -> RefusalError:
    """The query names a column that the dataset has not."""
    code = "query.soql.no-such-column"
    message = f"Query coordinator error: {code}; No such column: {column}"
    return RefusalError(400, code, message, {"column": column}, is_from_coordinator=True)


def no_such_function(name: str) -> RefusalError:
    """The query calls a function that SoQL has not."""
    code = "query.soql.no-such-function"
    message = f"Query coordinator error: {code}; No such function: {name}"
    return RefusalError(400, code, message, {"function": name}, is_from_coordinator=True)


def type_mismatch(message: str) -> RefusalError:
    """The query compares or computes what does not go together."""
    code = "query.soql.type-mismatch"
    return RefusalError(
        400, code, f"Query coordinator error: {code}; {message}", is_from_coordinator=True
    )


def malformed(message: str) -> RefusalError:
    """The query cannot be read."""
    return RefusalError(400, "query.compiler.malformed", f"Could not parse SoQL query: {message}")


def wrong_token() -> RefusalError:
    """The request has no token, or a wrong one, where one is required."""
    return RefusalError(403, "permission_denied", "Invalid app_token specified")


def wrong_control(message: str) -> RefusalError:
    """A control call that cannot be obeyed."""
    return RefusalError(400, "control", message)
