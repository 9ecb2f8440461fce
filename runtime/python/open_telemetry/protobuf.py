"""Fields of protobuf messages, each as the bytes of its tag and its value. https://protobuf.dev/programming-guides/encoding/"""

import struct

_ONE_BYTE = [bytes((value,)) for value in range(128)]


def _varint(value):
    if value < 128:
        return _ONE_BYTE[value]
    written = bytearray()
    while value > 127:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def integer(field, value):
    """A number of 64 bits, negative ones in two's complement."""
    return _varint(field << 3) + _varint(value & 0xFFFF_FFFF_FFFF_FFFF)


def double(field, value):
    return _varint(field << 3 | 1) + struct.pack("<d", value)


def fixed64(field, value):
    return _varint(field << 3 | 1) + struct.pack("<Q", value)


def data(field, value):
    """Bytes, or a message that has been written."""
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def text(field, value):
    # A lone half of a surrogate pair is no character, and no reason to lose the rest.
    return data(field, value.encode("utf-8", "replace"))
