"""What stands where a number cannot: a value with a reason, never nan and never a guess. It knows no statistics."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TooFew:
    """`what` cannot be computed from `got` units: it needs `needed`."""

    what: str
    needed: int
    got: int

    @property
    def reason(self) -> str:
        """A sentence for a reader of the report."""
        return f"{self.what} needs at least {self.needed} unit{'s' if self.needed > 1 else ''}, and has {self.got}"


@dataclass(frozen=True, slots=True)
class Undefined:
    """`what` has no value here, however many units come, until what `because` says has changed."""

    what: str
    because: str

    @property
    def reason(self) -> str:
        """A sentence for a reader of the report."""
        return f"{self.what} is not defined: {self.because}"


Absence = TooFew | Undefined
