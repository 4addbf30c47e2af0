#!/bin/sh
# An object compiled for a newer instruction set must define no weak symbol: the linker could choose its copy of an inline
# function for the whole program, which would then die on an older CPU.
#   objects_test.sh OBJECT...
status=0
for object in "$@"; do
    weak=$(nm -C "$object" | grep -E '^[0-9a-f]+ [WVu] ')
    if [ -n "$weak" ]; then
        echo "$object defines weak symbols:" >&2
        echo "$weak" >&2
        status=1
    fi
done
exit $status
