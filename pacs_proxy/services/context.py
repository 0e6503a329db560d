"""What a request carries: the objects that answer it and its client's interest."""

from __future__ import annotations

from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from flask import current_app, g

from pacs_proxy.access.audit import Audit
from pacs_proxy.access.door import Door
from pacs_proxy.access.permissions import Principal
from pacs_proxy.access.setup import SetUp
from pacs_proxy.access.verification import Verdicts
from pacs_proxy.archive.catalogue import Keeper
from pacs_proxy.archive.instances import Instances
from pacs_proxy.archive.lineage import Lineage
from pacs_proxy.archive.manifest import Manifests
from pacs_proxy.archive.parcel import Parcels
from pacs_proxy.archive.studies import Studies
from pacs_proxy.archive.traits import StudyTraits
from pacs_proxy.database import Database
from pacs_proxy.ingest.batches import Batches
from pacs_proxy.ingest.conflicts import Conflicts
from pacs_proxy.ingest.deletion import Deletions
from pacs_proxy.ingest.deposit import Depositor
from pacs_proxy.ingest.intake import Intake
from pacs_proxy.ingest.labels import Labels
from pacs_proxy.ingest.packs import Packs
from pacs_proxy.ingest.pipeline import Ingest
from pacs_proxy.ingest.reference import References
from pacs_proxy.ingest.spool import Staging
from pacs_proxy.jobs import Jobs
from pacs_proxy.services.pictures import Pictures
from pacs_proxy.services.shelf import FrameShelf
from pacs_proxy.services.tallies import Tallies
from pacs_proxy.services.thumbnails import Thumbnails
from pacs_proxy.services.warming import Warmer
from pacs_proxy.settings import Settings
from pacs_proxy.upstream.health import Health
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.upstream.watch import Watch

if TYPE_CHECKING:
    from pacs_proxy.access.provider import Provider

KEY = "pacs_proxy"


@dataclass(frozen=True)
class Services:
    """Everything the routes need, made once by `app.create_app`."""

    settings: Settings
    instances: Instances
    studies: Studies
    catalogue: Keeper
    lineage: Lineage
    traits: StudyTraits
    manifests: Manifests
    parcels: Parcels
    exports: BoundedSemaphore
    pictures: Pictures
    warmer: Warmer
    frames: FrameShelf
    thumbnails: Thumbnails
    health: Health
    watch: Watch
    database: Database
    audit: Audit
    verdicts: Verdicts
    door: Door
    setup: SetUp
    provider: Provider | None
    jobs: Jobs
    tallies: Tallies
    staging: Staging
    depositor: Depositor
    ingest: Ingest
    conflicts: Conflicts
    labels: Labels
    intake: Intake
    packs: Packs
    batches: Batches
    deletions: Deletions
    references: References


def services() -> Services:
    """The objects of the application that answers this request."""
    found: Services = current_app.extensions[KEY]
    return found


def interest() -> Interest:
    """This request's interest; it is lost when the client leaves."""
    found: Interest = g.interest
    return found


def principal() -> Principal:
    """Who asks."""
    found: Principal = g.principal
    return found
