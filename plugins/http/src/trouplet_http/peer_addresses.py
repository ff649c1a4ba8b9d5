"""What kind of peer an IP address is: a public one, a local one, or one that nobody should be sent to.

The tables follow the IANA special-purpose address registries for IPv4 and IPv6. They are kept here because
``ipaddress.is_global`` differs between patch releases of Python, and knows nothing of clouds.

Limits: an IPv4 address in a NAT64 prefix of the network's own cannot be told from a public IPv6 address.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Literal, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Reach: TypeAlias = Literal["public", "local", "refused"]

_LOCAL_4 = tuple(map(IPv4Network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
_LOCAL_6 = tuple(map(IPv6Network, ("::1/128", "fc00::/7")))

_NOT_PUBLIC_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # "this network"; Linux connects 0.0.0.0 to itself
            "169.254.0.0/16",  # link-local, and the metadata services of most clouds
            "192.0.0.0/24",  # protocol assignments; 192.0.0.192 is metadata in Oracle's older cloud
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # relays from 6to4
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
        ),
    )
)
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: leads to the IPv4 address within
            "3fff::/20",  # documentation
        ),
    )
)

# Metadata and host services of clouds that lie among the public and local addresses.
_CLOUD_4 = frozenset(map(IPv4Address, ("100.100.100.200", "168.63.129.16")))  # Alibaba Cloud, Azure
_CLOUD_6 = tuple(
    map(
        IPv6Network,
        (
            "fd00:ec2::/32",  # AWS
            "fd20:ce::254/128",  # Google Cloud
            "fd00:c1::a9fe:a9fe/128",  # Oracle Cloud
            "fd00:42::42/128",  # Scaleway
            "fd00:a9fe:a9fe::1/128",  # Linode
            "fd00:100::100:200/128",  # Alibaba Cloud
        ),
    )
)

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052; what lies in 64:ff9b:1::/48 is a network's own and not public


def parse_address(text: str) -> Address:
    """Return the address that a resolver or a URL names; one that is IPv4 in IPv6's notation becomes IPv4.

    Raises ``ValueError``. A zone (``%eth0``) is dropped: only link-local addresses have one.
    """
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def reach(address: Address) -> Reach:
    """Return where an address leads to: ``local`` means loopback or private, ``refused`` neither that nor public."""
    if isinstance(address, IPv4Address):
        return _reach_4(address)
    if address in _NAT64:
        # The translator would connect: only what is public for everybody may be asked of it.
        return "public" if _reach_4(IPv4Address(int(address) & 0xFFFFFFFF)) == "public" else "refused"
    if any([address in network for network in _CLOUD_6]):
        return "refused"
    if any([address in network for network in _LOCAL_6]):
        return "local"
    public = address in _PUBLIC_6 and not any([address in network for network in _NOT_PUBLIC_6])
    return "public" if public else "refused"


def _reach_4(address: IPv4Address) -> Reach:
    if address in _CLOUD_4 or any([address in network for network in _NOT_PUBLIC_4]):
        return "refused"
    return "local" if any([address in network for network in _LOCAL_4]) else "public"
