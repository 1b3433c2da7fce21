"""Input that cannot be used, with a message for the user who sent it."""

from collections.abc import Mapping
from typing import Any, ClassVar


class InputRefused(ValueError):
    """A value that cannot be read, with a `code` for programs and a `message` for the reader.

    Subclasses list a translated sentence for each code in `messages`; `params` fill its gaps.
    """

    messages: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, code: str, **params: Any) -> None:
        self.code = code
        self.params = params
        super().__init__(code)

    @property
    def message(self) -> str:
        """The sentence in the language of the moment."""
        sentence = str(self.messages[self.code])
        return sentence % self.params if self.params else sentence

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (type(self), self.code, self.params)


def _rebuilt(kind: type[InputRefused], code: str, params: dict[str, Any]) -> InputRefused:
    return kind(code, **params)
