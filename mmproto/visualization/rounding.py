"""Written numbers whose parts add up to their sum, digit for digit."""

import math
from collections.abc import Sequence
from decimal import Decimal


class Digits:
    """Writes the numbers of one sum, all with the same last place.

    Args:
        largest: The number that gets ``digits`` digits.
        digits: Number of digits; two decimals are the least.
    """

    def __init__(self, largest: float, digits: int = 3) -> None:
        places = math.floor(math.log10(abs(largest))) if largest else 0
        small_or_large = bool(largest) and not 1e-3 <= abs(largest) < 1e4
        self._power = places if small_or_large else 0  # of ten
        self._decimals = max(2, digits - 1 - places + self._power)

    def write(self, value: float) -> str:
        """Write one number."""
        return self._text(self._rounded(value))

    def write_sum(self, parts: Sequence[float], total: float) -> list[str]:
        """Write parts of a sum, the rest, and the sum.

        Args:
            parts: Some parts of the sum.
            total: The sum.

        Returns:
            The rounded parts, the rest (all other parts and the rounding),
            and the sum, which parts and rest add up to exactly.
        """
        written = [self._rounded(part) for part in parts]
        rounded = self._rounded(total)
        rest = rounded - sum(written, Decimal(0))
        return [self._text(number) for number in (*written, rest, rounded)]

    def _rounded(self, value: float) -> Decimal:
        return Decimal(f'{value / 10.0**self._power:.{self._decimals}f}')

    def _text(self, number: Decimal) -> str:
        power = f'e{self._power:+03d}' if self._power else ''
        return f'{number + 0:.{self._decimals}f}{power}'  # no -0.00
