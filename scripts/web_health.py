"""Exit 0 when this container's web server answers its health page; the health check of docker-compose.yml."""

import os
import sys
from urllib.request import Request, urlopen

URL = "http://127.0.0.1:8000/health/"


def main() -> None:
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip()
    try:
        urlopen(Request(URL, headers={"Host": host}), timeout=5).close()
    except OSError as error:
        sys.exit(f"{URL}: {error}")


if __name__ == "__main__":
    main()
