#!/usr/bin/env python3
"""Prints "PASSED FAILED" test cases from ctest's JUnit file: Catch executables count by case, other tests as one."""
import re
import sys
import xml.etree.ElementTree as ElementTree


def main(path):
    passed = failed = 0
    try:
        cases = ElementTree.parse(path).getroot().iter("testcase")
    except (OSError, ElementTree.ParseError):
        print("0 1")
        return
    for case in cases:
        ok = case.get("status") == "run"
        output = case.findtext("system-out") or ""
        all_passed = re.findall(r"All tests passed \(.* in (\d+) test cases?\)", output)
        some = re.findall(r"test cases: +(\d+) \|(?: +(\d+) passed)?", output)
        if ok:
            passed += int(all_passed[-1]) if all_passed else 1
        elif some:
            total, good = int(some[-1][0]), int(some[-1][1] or 0)
            passed += good
            failed += max(total - good, 1)
        else:
            failed += 1
    print(passed, failed)


if __name__ == "__main__":
    main(sys.argv[1])
