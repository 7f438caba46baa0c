#!/usr/bin/env python3
"""Packs the descriptors of all of Envoy's v3 API, zlib-compressed behind their length in 8 bytes (little endian), for embedding.
Used by EnvoyDescriptors.cmake: MeshProxyPatch takes any type of Envoy, not only those that C++ classes are generated for.

usage: pack_descriptors.py WHEEL OUTPUT
"""
import re
import sys
import zipfile
import zlib

import extract_descriptors as wheels


def main(wheel_path, output):
    wheel = zipfile.ZipFile(wheel_path)
    roots = [n[:-len("_pb2.py")] + ".proto" for n in wheel.namelist() if re.match(r"(envoy|udpa|xds)/.*_pb2\.py$", n) and "/v2" not in n]
    done, packed = set(), bytearray()

    def visit(proto):
        if proto in done or proto.startswith("google/protobuf/"):
            return
        done.add(proto)
        descriptor = wheels.load(wheel, proto)
        for needed in wheels.strings(descriptor, 3):
            visit(needed.decode())
        packed.extend(b"\x0a" + wheels.write_varint(len(descriptor)) + descriptor)

    for root in sorted(roots):
        visit(root)
    with open(output, "wb") as out:
        out.write(len(packed).to_bytes(8, "little") + zlib.compress(bytes(packed), 9))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
