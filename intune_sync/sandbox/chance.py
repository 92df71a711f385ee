"""Chance that depends only on the seed and the names given, never on the order of calls."""

import hashlib
import zlib

_MASK = (1 << 64) - 1


def name_number(text: str) -> int:
    """A stable number for a name, to be used as a part of `mix` and `unit`."""
    return zlib.crc32(text.encode())


def mix(*parts: int) -> int:
    """64 well-spread bits from small integers (the finaliser of SplitMix64, once per part)."""
    state = 0x9E3779B97F4A7C15
    for part in parts:
        state = (state + part * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


def unit(*parts: int) -> float:
    """A number in [0, 1)."""
    return mix(*parts) / 18446744073709551616.0


def between(low: float, high: float, *parts: int) -> float:
    return low + (high - low) * unit(*parts)


def hexadecimal(length: int, seed: int, *names: object) -> str:
    """`length` hexadecimal digits, at most 64."""
    text = f"{seed}/" + "/".join(map(str, names))
    return hashlib.blake2b(text.encode(), digest_size=32).hexdigest()[:length]


def guid(seed: int, *names: object) -> str:
    """A GUID in the form of version 5."""
    digits = hexadecimal(32, seed, *names)
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
