"""Who runs the private servers: PostgreSQL refuses to be root."""

import os
import pwd
from functools import cache
from typing import TypedDict


class DropTo(TypedDict, total=False):
    """Keyword arguments for subprocess."""

    user: int
    group: int
    extra_groups: list[int]


@cache
def server_account() -> pwd.struct_passwd | None:
    """`nobody` when this process is root; None when the servers run as the person who started them."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def drop_privileges() -> DropTo:
    account = server_account()
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
