"""Classes by what people type."""

from collections.abc import Sequence

from .words import printable


def find_class(name: str, classes: Sequence[str]) -> int:
    """Number of a class.

    Args:
        name: Its name; or its number; or its name in other case, if that is
            the name of one class only.
        classes: Names of all.

    Raises:
        ValueError: If there is no such class, or there are several.
    """
    if name in classes:
        return classes.index(name)
    if name.isdecimal() and int(name) < len(classes):
        return int(name)
    folded = [other.casefold() for other in classes]
    found = folded.count(name.casefold())
    if found == 1:
        return folded.index(name.casefold())
    problem = 'several classes differ from' if found else 'there is no class'
    rest = ' in case only' if found else ''
    raise ValueError(
        f'{problem} {name!r}{rest}; give a number below {len(classes)} or one '
        f'of {", ".join(map(printable, classes))}'
    )
