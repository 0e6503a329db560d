"""Data: every option name that Orthanc 1.10.1 to 1.13.0 knows, and some that it never knew."""

from pacs_proxy.doctor.versions import Version

# From the configuration files shipped with 1.10.1, 1.12.7 and 1.13.0, main and advanced.
_TRUTHS = """
AuthenticationEnabled CaseSensitivePN CheckRevisions DeflatedTransferSyntaxAccepted DeidentifyLogs
DicomAlwaysAllowEcho DicomAlwaysAllowFind DicomAlwaysAllowFindWorklist DicomAlwaysAllowGet
DicomAlwaysAllowMove DicomAlwaysAllowStore DicomCheckCalledAet DicomCheckModalityHost
DicomEchoChecksFind DicomModalitiesInDatabase DicomServerEnabled DicomTlsEnabled
DicomTlsRemoteCertificateRequired ExecuteLuaEnabled H265TransferSyntaxAccepted
HttpCompressionEnabled HttpDescribeErrors HttpServerEnabled HttpVerbose HttpsVerifyPeers
IngestTranscodingOfCompressed IngestTranscodingOfUncompressed Jpeg2000TransferSyntaxAccepted
JpegLosslessTransferSyntaxAccepted JpegTransferSyntaxAccepted JpipTransferSyntaxAccepted KeepAlive
LoadPrivateDictionary LogExportedResources MetricsEnabled Mpeg2TransferSyntaxAccepted
Mpeg4TransferSyntaxAccepted OrthancExplorerEnabled OrthancPeersInDatabase PatientLevelEnabled
ReadOnly RemoteAccessAllowed RestApiWriteToFileSystemEnabled RleTransferSyntaxAccepted SaveJobs
SslEnabled SslVerifyPeers StorageCompression StoreDicom StoreMD5ForAttachments StrictAetComparison
SyncStorageArea SynchronousCMove SynchronousZipStream TcpNoDelay TranscodeDicomProtocol
UnknownSopClassAccepted WebDavDeleteAllowed WebDavEnabled WebDavUploadAllowed ZipUseUtf8
"""
_TEXTS = """
BuiltinDecoderTranscoderOrder DatabaseServerIdentifier DefaultEncoding DefaultPrivateCreator
DeidentifyLogsDicomVersion DicomAet DicomDefaultRetrieveMethod DicomScuPreferredTransferSyntax
DicomTlsCertificate DicomTlsPrivateKey DicomTlsTrustedCertificates HttpProxy HttpsCACertificates
IndexDirectory IngestTranscoding Locale MaximumStorageMode Name SslCertificate
SslTrustedClientCertificates StorageAccessOnFind StorageDirectory TemporaryDirectory
"""
_NUMBERS = """
ConcurrentJobs DicomAssociationCloseDelay DicomLossyTranscodingQuality DicomParserCacheSize
DicomParserMemoryCapacity DicomParserThreadsCount DicomPort DicomScpTimeout DicomScuTimeout
DicomThreadsCount DicomTlsMinimumProtocolVersion HttpPort HttpRequestTimeout HttpThreadsCount
HttpTimeout JobsHistorySize KeepAliveTimeout LimitFindInstances LimitFindResults LoaderThreads
LuaHeartBeatPeriod MallocArenaMax MaximumConcurrentDcmtkTranscoders MaximumFileSizeInArchiveMB
MaximumPatientCount MaximumPduLength MaximumRequestBodySizeMB MaximumStorageCacheSize
MaximumStorageSize MediaArchiveSize QueryRetrieveSize SequentialDicomReaderThreadsCount
SequentialDicomReaderWindowCapacity SequentialDicomReaderWindowSize SslMinimumProtocolVersion
StableAge StorageCommitmentReportsSize StorageLoaderThreadsCount StorageMemoryCapacity
TranscoderCacheSize TranscoderMemoryCapacity TranscoderThreadsCount ZipLoaderThreads
"""
_LISTS = """
AcceptedSopClasses DicomTlsCiphersAccepted ExternalDictionaries HttpBindAddresses LuaScripts Plugins
RejectSopClasses RejectedSopClasses SslCiphersAccepted
"""
_OBJECTS = """
DicomModalities Dictionary ExtraMainDicomTags JobsEngineThreadsCount OrthancPeers Pkcs11
RegisteredUsers UserContentType UserMetadata Warnings
"""

KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(_TRUTHS.split(), (bool,)),
    **dict.fromkeys(_TEXTS.split(), (str,)),
    **dict.fromkeys(_NUMBERS.split(), (int,)),
    **dict.fromkeys(_LISTS.split(), (list,)),
    **dict.fromkeys(_OBJECTS.split(), (dict,)),
    # A rule may be a text or a list of texts; truth became a word in 1.13.0.
    "AcceptedTransferSyntaxes": (list, str),
    "OverwriteInstances": (bool, str),
}

SINCE: dict[str, Version] = {
    "AcceptedSopClasses": (1, 12, 6),
    "DicomDefaultRetrieveMethod": (1, 12, 6),
    "DicomParserCacheSize": (1, 13, 0),
    "DicomParserMemoryCapacity": (1, 13, 0),
    "DicomParserThreadsCount": (1, 13, 0),
    "DicomTlsCiphersAccepted": (1, 12, 4),
    "DicomTlsMinimumProtocolVersion": (1, 12, 4),
    "ExtraMainDicomTags": (1, 11, 0),
    "HttpBindAddresses": (1, 12, 10),
    "JobsEngineThreadsCount": (1, 11, 3),
    "KeepAliveTimeout": (1, 11, 3),
    "LoaderThreads": (1, 12, 11),
    "LuaHeartBeatPeriod": (1, 11, 1),
    "MaximumConcurrentDcmtkTranscoders": (1, 12, 6),
    "MaximumFileSizeInArchiveMB": (1, 12, 11),
    "MaximumRequestBodySizeMB": (1, 12, 11),
    "MaximumStorageMode": (1, 11, 2),
    "PatientLevelEnabled": (1, 12, 11),
    "ReadOnly": (1, 12, 5),
    "RejectSopClasses": (1, 12, 6),
    "RejectedSopClasses": (1, 12, 8),
    "RestApiWriteToFileSystemEnabled": (1, 12, 0),
    "SequentialDicomReaderThreadsCount": (1, 13, 0),
    "SequentialDicomReaderWindowCapacity": (1, 13, 0),
    "SequentialDicomReaderWindowSize": (1, 13, 0),
    "StorageLoaderThreadsCount": (1, 13, 0),
    "StorageMemoryCapacity": (1, 13, 0),
    "TranscoderCacheSize": (1, 13, 0),
    "TranscoderMemoryCapacity": (1, 13, 0),
    "TranscoderThreadsCount": (1, 13, 0),
    "Warnings": (1, 11, 0),
    "ZipUseUtf8": (1, 12, 11),
}

# Top-level sections that well-known plugins read; what is inside is theirs to judge.
_SECTIONS = """
AdvancedStorage Authorization AwsS3Storage AzureBlobStorage ConnectivityChecks DelayedDeletion
DicomWeb Gdcm GoogleCloudStorage Housekeeper Indexer Java MultitenantDicom MySQL OHIF Odbc
OrthancExplorer2 PostgreSQL PythonScript PythonVerbose ServeFolders StoneWebViewer Tcia Transfers
VolView WebViewer WholeSlideImaging Worklists
"""
PLUGIN_SECTIONS = frozenset(_SECTIONS.split())

# Names that circulate in blogs and answers and that no Orthanc has ever read, or reads no more.
IMAGINARY: dict[str, str] = {
    "DicomServerTimeout": "no such option; DicomScpTimeout is the one (30 s).",
    "WorkerThreadsCount": (
        "no such option; HttpThreadsCount for HTTP, DicomThreadsCount for DICOM, ConcurrentJobs "
        "for jobs."
    ),
    "HttpRequestMaxSize": "no such option; MaximumRequestBodySizeMB is the one (1.12.11).",
    "MaximumRequestBodySizeMb": "spelt MaximumRequestBodySizeMB (1.12.11).",
    "LimitJobs": "removed in 1.10.1; JobsHistorySize, and ConcurrentJobs for how many run.",
    "AllowFindSopClassesInStudy": "removed in 1.5.1; it has no successor that you need.",
}
