"""Composition root: settings become objects, objects become a Flask application."""

from __future__ import annotations

from pathlib import Path
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from pacs_proxy.access.audit import Audit
from pacs_proxy.access.checkpoint import Checkpoint
from pacs_proxy.access.door import Door
from pacs_proxy.access.journal import Journal
from pacs_proxy.access.setup import SetUp
from pacs_proxy.access.verification import Verdicts
from pacs_proxy.archive import catalogue
from pacs_proxy.archive.catalogue import Keeper
from pacs_proxy.archive.instances import Instances, Limits, Opened
from pacs_proxy.archive.lineage import Lineage
from pacs_proxy.archive.manifest import Manifests
from pacs_proxy.archive.parcel import Parcels
from pacs_proxy.archive.spool import Spool
from pacs_proxy.archive.studies import Studies
from pacs_proxy.archive.traits import StudyTraits
from pacs_proxy.control import Control
from pacs_proxy.database import Database
from pacs_proxy.decoding import Decoder
from pacs_proxy.edge import add, bare, policy
from pacs_proxy.ingest import (
    deletion,
    expiry,
    intake,
    reference,
    settle,
)
from pacs_proxy.ingest.admission import Admission
from pacs_proxy.ingest.batches import Batches
from pacs_proxy.ingest.bygone import Bygone
from pacs_proxy.ingest.conflicts import KIND as REPLACE
from pacs_proxy.ingest.conflicts import Conflicts
from pacs_proxy.ingest.deletion import Deletions
from pacs_proxy.ingest.deposit import Depositor
from pacs_proxy.ingest.expiry import Sweeper
from pacs_proxy.ingest.intake import Intake
from pacs_proxy.ingest.labels import Labels
from pacs_proxy.ingest.packs import Packs
from pacs_proxy.ingest.pipeline import Ingest
from pacs_proxy.ingest.reference import References
from pacs_proxy.ingest.settle import Settler
from pacs_proxy.ingest.spool import Staging
from pacs_proxy.jobs import BIG, PROMPT, REFERENCE, SMALL, Handler, Jobs, Runner
from pacs_proxy.measurements.pledges import KIND as REPORT
from pacs_proxy.measurements.pledges import Pledges
from pacs_proxy.services import chain, problems, uploads
from pacs_proxy.services.auditing import audited
from pacs_proxy.services.context import KEY, Services
from pacs_proxy.services.headers import Hardened
from pacs_proxy.services.hot import Hot
from pacs_proxy.services.internal import Guarded
from pacs_proxy.services.pictures import Pictures
from pacs_proxy.services.routes import ROUTES
from pacs_proxy.services.shelf import FrameShelf
from pacs_proxy.services.tallies import Tallies
from pacs_proxy.services.thumbnails import Thumbnails
from pacs_proxy.services.warming import Bounds, Bring, Warmer
from pacs_proxy.settings import Settings
from pacs_proxy.taking import (
    allowed,
    conversion,
    ingest_rules,
    intake_limits,
    keeping,
    tiff_converter,
)
from pacs_proxy.upstream.attempts import Persistence
from pacs_proxy.upstream.client import Client, prober
from pacs_proxy.upstream.health import Health
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.upstream.pace import Pace
from pacs_proxy.upstream.pool import Node, Pool, authorization
from pacs_proxy.upstream.transport import Transport
from pacs_proxy.upstream.watch import Watch
from pacs_proxy.views import VIEWS

if TYPE_CHECKING:
    from flask import Flask

    from pacs_proxy.access.provider import Provider

# Threads that never wait for an archive that is away: they say so to everybody else.
_SPARE_THREADS = 8
_IMPATIENT_SECONDS = 2.0


def create_app(settings: Settings) -> Flask:
    """The application of one worker process; the spool folder is shared by all of them."""
    app = bare(settings)
    app.extensions[KEY] = build(settings)
    problems.install(app)
    chain.install(app)
    uploads.install(app)
    hot = Hot(app)
    app.wsgi_app = Hardened(hot)  # type: ignore[method-assign]
    if settings.is_data_side:
        app.wsgi_app = Guarded(app.wsgi_app, settings.internal_keys)  # type: ignore[method-assign]
    else:
        hot.offer(app)  # which leads past the guard
    for route in ROUTES:
        add(app, route, audited(route, VIEWS[route.view]))
    return app


def build(settings: Settings) -> Services:
    """The objects behind the routes."""
    folder = Path(settings.spool_path)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    control, watch = Control(folder / "control"), Watch()
    health = Health(control, len(settings.nodes), settings.retry_share, settings.retry_rate)
    client = make_client(settings, health)
    # A page and lock of its own: making room takes milliseconds, counting a retry must not wait.
    spool = Spool(folder, settings.spool_bytes, Control(folder / "room"))
    instances = Instances(client, spool, watch, limits(settings))
    decoder = Decoder(settings.decode_parallel, settings.decode_seconds, settings.decode_bytes)
    pictures = Pictures(instances, spool, decoder)
    database = Database(settings.database_address)
    labels = Labels(database)
    jobs, staging = Jobs(database), Staging(settings.data_path / "uploads")
    admission = Admission(intake_limits(settings), staging.free)
    # Work that can be put off does not wait for an archive that is away; it comes again.
    depositor = Depositor(client.impatient(_IMPATIENT_SECONDS))
    tiffs = tiff_converter(settings)
    rules = ingest_rules(settings, conversion(tiffs, client))
    ingest = Ingest(database, staging, depositor, rules)
    hasty = client.impatient(_IMPATIENT_SECONDS)
    keeper = Keeper(database, hasty, Studies(hasty, instances.describe, instances.digest), jobs)
    checkpoint = Checkpoint(settings.checkpoint_path)
    return Services(
        settings=settings,
        instances=instances,
        studies=Studies(client, instances.describe, instances.digest),
        catalogue=keeper,
        lineage=Lineage(client),
        traits=StudyTraits(client, labels.of),
        manifests=Manifests(client),
        parcels=Parcels(instances),
        exports=BoundedSemaphore(settings.export_streams),
        pictures=pictures,
        warmer=Warmer(brought(instances, pictures), client.delay, watch, ahead(settings)),
        frames=FrameShelf(instances, spool.limit),
        thumbnails=Thumbnails(database, staging, tiffs),
        health=health,
        watch=watch,
        database=database,
        verdicts=Verdicts(database, checkpoint),
        door=Door.of(database, settings.session_idle_seconds, settings.session_seconds),
        setup=SetUp(database, settings.setup_path),
        provider=provider(settings),
        audit=Audit(Journal(database, checkpoint)),
        jobs=jobs,
        tallies=Tallies(database),
        staging=staging,
        depositor=depositor,
        ingest=ingest,
        conflicts=Conflicts(ingest, depositor, client, jobs),
        labels=labels,
        intake=Intake(database, staging, jobs, admission),
        packs=Packs(database, staging, jobs, admission),
        batches=Batches(database, staging, jobs),
        deletions=Deletions(database, jobs, staging, client, instances),
        references=References(database, staging, jobs, admission, allowed(settings)),
    )


def runner(services: Services) -> Runner:
    """What works on jobs in this process; the caller starts it, after the fork."""
    kept = keeping(services.settings)
    bygone = Bygone(services.database, services.staging, kept)
    sweeper = Sweeper(services.database, services.staging, services.jobs, bygone)
    sweeper.ensure()
    ingest, after = services.ingest, services.settings.upload_settle_seconds
    settler = Settler(ingest, services.depositor, services.jobs, after)
    settler.ensure()
    handlers: dict[str, Handler] = {
        expiry.KIND: sweeper,
        catalogue.KIND: services.catalogue,
        deletion.KIND: services.deletions,
        REPLACE: services.conflicts,
        intake.KIND: ingest,
        settle.KIND: settler,
        reference.KIND: services.references,
        REPORT: Pledges(services.jobs, services.depositor),
    }
    given_up: dict[str, Handler] = {
        deletion.KIND: services.deletions.given_up,
        intake.KIND: ingest.given_up,
        reference.KIND: services.references.give_up,
    }
    small = max(1, services.settings.ingest_threads // services.settings.workers)
    lanes = [(PROMPT,), (REFERENCE,), (BIG,), *((PROMPT, SMALL),) * small]
    return Runner(services.jobs, handlers, lanes, given_up, {intake.KIND: ingest.together})


def provider(settings: Settings) -> Provider | None:
    """Whoever vouches for people, if one is set; reading tokens takes half a second to load."""
    if not settings.has_oidc:
        return None
    from pacs_proxy.access.provider import known

    return known(settings)


def make_client(settings: Settings, health: Health) -> Client:
    """The archive's client with this machine's limits."""
    each = max(2, settings.pool_size // settings.workers)
    pools = tuple(Pool(Node.parse(url), each, settings.idle_seconds) for url in settings.nodes)
    pace = Pace(
        settings.first_byte_seconds,
        settings.stall_seconds,
        settings.stall_floor_seconds,
        settings.read_seconds,
        settings.minimum_rate,
    )
    credentials = authorization(settings.orthanc_username, settings.orthanc_password)
    transport = Transport(pools, pace, settings.connect_seconds, credentials)
    waiting = BoundedSemaphore(max(1, settings.threads - _SPARE_THREADS))
    persistence = Persistence(health, policy(settings), prober(transport), waiting)
    return Client(transport, persistence, settings.query_seconds)


def brought(instances: Instances, pictures: Pictures) -> Bring:
    """How an image is opened that a reader is going to ask for."""

    def bring(image: str, is_compact: bool, interest: Interest) -> Opened:
        return (
            pictures.compact(image, interest).opened
            if is_compact
            else instances.open(image, interest)
        )

    return bring


def ahead(settings: Settings) -> Bounds:
    """How much is fetched before anybody asks for it."""
    each = settings.verify_first_bytes
    return Bounds(settings.warm_series, settings.warm_far_seconds, settings.spool_bytes // 4, each)


def limits(settings: Settings) -> Limits:
    """What goes through the spool, and how."""
    return Limits(
        settings.verify_first_bytes,
        settings.minimum_dicom_bytes,
        settings.direct_streams,
        settings.trust_seconds,
    )
