import errno
import socket


def free_port() -> int:
    """One that is free now; another program may take it before its user does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PortUnusable(Exception):
    """The text says why and what to type instead."""


def require_free_port(port: int) -> None:
    """Raises PortUnusable. Asked before anything is started, so that nothing has to be stopped again."""
    with socket.socket() as probe:
        # A port that a stopped server just left counts as free, as it does for gunicorn.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            reasons = {errno.EADDRINUSE: "is taken by another program", errno.EACCES: "may be used only by root"}
            reason = reasons.get(error.errno or 0, f"cannot be used ({error.strerror})")
            raise PortUnusable(f"Port {port} {reason}. Choose another: make demo PORT=8080") from None
        except OverflowError:
            raise PortUnusable(f"{port} is no port; they go from 1 to 65535.") from None
