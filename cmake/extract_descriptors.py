#!/usr/bin/env python3
"""Turns the xds-protos wheel into a FileDescriptorSet, so that protoc can generate C++ from it. Used by EnvoyApi.cmake.

The wheel holds no .proto files, but each generated NAME_pb2.py carries its serialized FileDescriptorProto as one bytes literal.
Only the standard library is used. Files google/protobuf/* are left out: libprotobuf brings them.

usage: extract_descriptors.py WHEEL ROOTS_FILE OUTPUT_SET OUTPUT_LIST
OUTPUT_LIST gets the names of the protos, OUTPUT_LIST.services of those that define a gRPC service.
"""
import ast
import sys
import zipfile


def read_varint(data, pos):
    value = shift = 0
    while True:
        byte = data[pos]
        pos += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, pos


def write_varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def strings(descriptor, field):
    """Values of a length-delimited field of FileDescriptorProto: 3 is dependency, 6 is service."""
    pos = 0
    while pos < len(descriptor):
        tag, pos = read_varint(descriptor, pos)
        kind = tag & 7
        if kind == 0:
            _, pos = read_varint(descriptor, pos)
        elif kind == 2:
            size, pos = read_varint(descriptor, pos)
            if tag >> 3 == field:
                yield descriptor[pos:pos + size]
            pos += size
        else:
            raise ValueError(f"unexpected wire type {kind} in a file descriptor")


def load(wheel, proto):
    """The serialized descriptor of one .proto file."""
    path = proto[:-len(".proto")].replace("-", "_") + "_pb2.py"
    for node in ast.walk(ast.parse(wheel.read(path))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "AddSerializedFile":
            return ast.literal_eval(node.args[0])
    raise ValueError(f"{path} holds no serialized descriptor")


def main(wheel_path, roots_path, set_path, list_path):
    wheel = zipfile.ZipFile(wheel_path)
    names = wheel.namelist()
    roots = []
    with open(roots_path, encoding="utf-8") as lines:
        for line in lines:
            line = line.split("#")[0].strip()
            if line.endswith("/"):
                here = [n for n in names if n.startswith(line) and n.endswith("_pb2.py") and "/" not in n[len(line):]]
                if not here:
                    raise ValueError(f"{roots_path}: no protos in {line}")
                roots += [n[:-len("_pb2.py")] + ".proto" for n in here]
            elif line:
                roots.append(line)

    done, order = set(), []

    def visit(proto):
        if proto in done or proto.startswith("google/protobuf/"):
            return
        done.add(proto)
        descriptor = load(wheel, proto)
        for needed in strings(descriptor, 3):
            visit(needed.decode())
        order.append((proto, descriptor))  # after what it imports, as protoc wants it

    for root in sorted(roots):
        visit(root)
    with open(set_path, "wb") as out:
        for _, descriptor in order:
            out.write(b"\x0a" + write_varint(len(descriptor)) + descriptor)
    with open(list_path, "w", encoding="utf-8") as out:
        out.writelines(proto + "\n" for proto, _ in order)
    with open(list_path + ".services", "w", encoding="utf-8") as out:
        out.writelines(proto + "\n" for proto, descriptor in order if any(strings(descriptor, 6)))


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
