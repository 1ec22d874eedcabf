"""The hash of `uniqueString`: 64-bit MurmurHash3 as 13 characters of base 32.

Microsoft documents the function and not its hash. The algorithm is public in Project Kudu
(`Kudu.Core.Helpers.HashHelper.MurmurHash64`); arguments are joined by hyphens. Getting it exactly
right matters: it names storage accounts and vaults, so a different value is a different resource.
The tests have values that Azure returned.
"""

_MASK = 0xFFFF_FFFF
_ONE, _TWO = 0x239B961B, 0xAB0E9789
_THREE, _FOUR = 0x561CCD1B, 0x0BCAA747
_FIVE, _SIX = 0x85EBCA6B, 0xC2B2AE35
_DIGITS = "abcdefghijklmnopqrstuvwxyz234567"


def hash_text(text: str) -> int:
    """Return the unsigned 64-bit hash of the text's UTF-8 bytes."""
    data = text.encode()
    whole = len(data) - len(data) % 8
    low = high = 0
    for place in range(0, whole, 8):
        low = _rotate(low ^ _mix(data[place : place + 4], _ONE, 15, _TWO), 19)
        low = ((low + high) * 5 + _THREE) & _MASK
        high = _rotate(high ^ _mix(data[place + 4 : place + 8], _TWO, 17, _ONE), 13)
        high = ((high + low) * 5 + _FOUR) & _MASK
    if len(data) > whole:
        low ^= _mix(data[whole : whole + 4], _ONE, 15, _TWO)
    if len(data) > whole + 4:
        high ^= _mix(data[whole + 4 :], _TWO, 17, _ONE)
    low, high = low ^ len(data), high ^ len(data)
    low = (low + high) & _MASK
    high = (high + low) & _MASK
    low, high = _finalize(low), _finalize(high)
    low = (low + high) & _MASK
    high = (high + low) & _MASK
    return high << 32 | low


def unique_text(*parts: str) -> str:
    """Return the result of `uniqueString`: 13 lower-case letters and digits."""
    number = hash_text("-".join(parts))
    # 13 digits of five bits are one more than 64: the last is followed by a zero.
    return "".join(_DIGITS[(number << 1) >> shift & 31] for shift in range(60, -1, -5))


def _mix(data: bytes, first: int, turns: int, second: int) -> int:
    word = int.from_bytes(data, "little")
    return _rotate(word * first & _MASK, turns) * second & _MASK


def _rotate(word: int, turns: int) -> int:
    return (word << turns | word >> (32 - turns)) & _MASK


def _finalize(word: int) -> int:
    word = (word ^ word >> 16) * _FIVE & _MASK
    word = (word ^ word >> 13) * _SIX & _MASK
    return word ^ word >> 16
