"""Joins two network namespaces by a link with a delay: `delay.py SPACE IP/LEN SPACE IP/LEN MILLISECONDS`.

Forwards packets between a TUN device in each, since many kernels come without netem. Runs until it is ended.
"""
import ctypes
import fcntl
import heapq
import os
import select
import struct
import subprocess
import sys
import time

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000


def tun(space: str, address: str) -> int:
    """A TUN device in the namespace, up and with that address; its file descriptor."""
    handle = os.open(f"/var/run/netns/{space}", os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(handle, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f"cannot enter {space}")
    os.close(handle)
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", b"slow", IFF_TUN | IFF_NO_PI))
    subprocess.run(["ip", "addr", "add", address, "dev", "slow"], check=True)
    subprocess.run(["ip", "link", "set", "slow", "up"], check=True)
    return device


def main() -> None:
    one, two = tun(*sys.argv[1:3]), tun(*sys.argv[3:5])
    delay = float(sys.argv[5]) / 1000
    print("ready", flush=True)
    waiting: list[tuple[float, int, int, bytes]] = []
    number = 0
    while True:
        rest = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        for device in select.select([one, two], [], [], rest)[0]:
            due = time.monotonic() + delay
            number += 1
            heapq.heappush(waiting, (due, number, two if device == one else one, os.read(device, 65536)))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, device, packet = heapq.heappop(waiting)
            os.write(device, packet)


if __name__ == "__main__":
    main()
