"""The evidence of a Microsoft Graph security alert (v2) in Sentinel's entity JSON: one entry a documented type
(`microsoft.graph.security.<name>Evidence`); a type that is not here is kept whole under its own name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from shared.ingestion import entity_json
from shared.ingestion.entity_json import Entity
from shared.ingestion.fields import Fields

NAMESPACE, SUFFIX = "microsoft.graph.security.", "Evidence"


def evidence_entities(alert: Fields) -> list[Entity]:
    """Everything in `evidence`, in order; what stands inside a piece (a device's users, a process's image) as well."""
    return entity_json.several(found for piece in alert.parts("evidence") for found in _read(piece))


def _read(piece: Fields) -> Iterator[Entity]:
    name = piece.text("@odata.type").removeprefix("#").removeprefix(NAMESPACE).removesuffix(SUFFIX)
    if reader := READERS.get(name):
        yield from reader(piece)
    elif columns := NAMED.get(name):
        kind, fields = columns
        yield entity_json.entity(kind, **{field: piece.get(*given) for field, given in fields.items()})
    else:
        yield piece.whole(name or "evidence")


def _device(piece: Fields) -> Iterator[Entity]:
    yield entity_json.host(
        piece.text("hostName", "deviceDnsName"),
        DnsDomain=piece.text("dnsDomain"),
        NTDomain=piece.text("ntDomain"),
        OSFamily=piece.text("osPlatform"),
        OSVersion=piece.text("version"),
        AzureID=piece.text("vmMetadata.resourceId"),
        DeviceId=piece.text("mdeDeviceId"),
        AadDeviceId=piece.text("azureAdDeviceId"),
    )
    names = ("lastIpAddress", "lastExternalIpAddress", "ipInterfaces")
    yield from (entity_json.address(value) for value in piece.texts(*names))
    yield from (_account(user) for user in piece.parts("loggedOnUsers"))


def _account(user: Fields) -> Entity:
    return entity_json.account(
        name=user.text("accountName"),
        domain=user.text("domainName"),
        principal=user.text("userPrincipalName"),
        sid=user.text("userSid"),
        object_id=user.text("azureAdUserId"),
        display=user.text("displayName"),
    )


def _user(piece: Fields) -> Iterator[Entity]:
    yield _account(piece.part("userAccount"))


def _address(piece: Fields) -> Iterator[Entity]:
    yield entity_json.address(
        piece.text("ipAddress"),
        country=piece.text("location.countryName", "countryLetterCode"),
        city=piece.text("location.city"),
    )


def _file_of(details: Fields) -> Entity:
    return entity_json.file(
        name=details.text("fileName"),
        folder=details.text("filePath"),
        digests=(details.text(name) for name in ("md5", "sha1", "sha256", "sha256Ac")),
        size=details.scalar("fileSize"),
    )


def _file(piece: Fields) -> Iterator[Entity]:
    yield _file_of(piece.part("fileDetails"))


def _process(piece: Fields) -> Iterator[Entity]:
    yield entity_json.process(
        pid=piece.scalar("processId"),
        command=piece.text("processCommandLine"),
        created=piece.text("processCreationDateTime"),
        image=_file_of(piece.part("imageFile")),
        owner=_account(piece.part("userAccount")),
        parent=entity_json.process(
            pid=piece.scalar("parentProcessId"),
            created=piece.text("parentProcessCreationDateTime"),
            image=_file_of(piece.part("parentProcessImageFile")),
        ),
    )


def _url(piece: Fields) -> Iterator[Entity]:
    yield entity_json.url(piece.text("url"))


def _mailbox(piece: Fields) -> Iterator[Entity]:
    yield entity_json.entity(
        "mailbox",
        MailboxPrimaryAddress=piece.text("primaryAddress"),
        Upn=piece.text("upn"),
        DisplayName=piece.text("displayName"),
    )
    yield _account(piece.part("userAccount"))


def _message(piece: Fields) -> Iterator[Entity]:
    yield entity_json.entity(
        "mailmessage",
        NetworkMessageId=piece.text("networkMessageId"),
        InternetMessageId=piece.text("internetMessageId"),
        Subject=piece.text("subject"),
        P1Sender=piece.text("p1Sender.emailAddress"),
        P2Sender=piece.text("p2Sender.emailAddress"),
        SenderIP=piece.text("senderIp"),
        Recipient=piece.text("recipientEmailAddress"),
        DeliveryAction=piece.text("deliveryAction"),
        DeliveryLocation=piece.text("deliveryLocation"),
        Threats=piece.texts("threats"),
        Urls=piece.texts("urls"),
    )


def _registry_key(piece: Fields) -> Iterator[Entity]:
    yield entity_json.registry_key(hive=piece.text("registryHive"), key=piece.text("registryKey"))


def _registry_value(piece: Fields) -> Iterator[Entity]:
    yield entity_json.registry_value(
        hive=piece.text("registryHive"),
        key=piece.text("registryKey"),
        name=piece.text("registryValueName"),
        data=piece.text("registryValue"),
    )


def _dns(piece: Fields) -> Iterator[Entity]:
    servers = (part.text("ipAddress") for part in piece.parts("ipAddresses"))
    yield entity_json.domain(piece.text("domainName"), filter(None, servers))
    yield entity_json.host(piece.text("hostIpAddress.deviceDnsName"))


def _digest(piece: Fields) -> Iterator[Entity]:
    yield entity_json.entity("filehash", Algorithm=piece.text("algorithm"), Value=piece.text("value"))


def _connection(piece: Fields) -> Iterator[Entity]:
    for name in ("sourceAddress", "destinationAddress"):
        yield from _address(piece.part(name))


def _session(piece: Fields) -> Iterator[Entity]:
    yield from _user(piece.part("account"))
    yield from _device(piece.part("host"))
    yield entity_json.host(piece.text("deviceName"), OSFamily=piece.text("operatingSystem"))


def _malware(piece: Fields) -> Iterator[Entity]:
    yield entity_json.entity("malware", Name=piece.text("name"), Category=piece.text("category"))
    yield from (found for part in piece.parts("files") for found in _file(part))
    yield from (found for part in piece.parts("processes") for found in _process(part))


def _submission(piece: Fields) -> Iterator[Entity]:
    names = ("NetworkMessageId", "SubmissionId", "Subject", "Sender", "SenderIp", "Recipient", "Submitter")
    yield entity_json.entity("submissionmail", **{name: piece.text(name) for name in names})


def _blob(piece: Fields) -> Iterator[Entity]:
    container = piece.part("blobContainer")
    yield entity_json.entity(
        "blob", Name=piece.text("name"), Url=piece.text("url"), Container=container.text("name", "url")
    )
    yield from (found for part in piece.parts("fileHashes") for found in _digest(part))


def _container(piece: Fields) -> Iterator[Entity]:
    yield entity_json.entity(
        "container",
        Name=piece.text("name", "containerId"),
        ContainerId=piece.text("containerId"),
        Image=piece.text("image.imageId", "image.digestImage.imageId"),
        Command=piece.texts("command"),
        Arguments=piece.texts("args"),
        Pod=piece.text("pod.name"),
    )


READERS: Mapping[str, Callable[[Fields], Iterator[Entity]]] = {
    "analyzedMessage": _message,
    "blob": _blob,
    "cloudLogonSession": _session,
    "container": _container,
    "device": _device,
    "dns": _dns,
    "file": _file,
    "fileHash": _digest,
    "hostLogonSession": _session,
    "ip": _address,
    "mailbox": _mailbox,
    "malware": _malware,
    "networkConnection": _connection,
    "process": _process,
    "registryKey": _registry_key,
    "registryValue": _registry_value,
    "submissionMail": _submission,
    "url": _url,
    "user": _user,
}
# Evidence that is one thing: Sentinel's type, and where each of its fields stands.
Columns = Mapping[str, tuple[str, ...]]
_KUBERNETES: Columns = {
    "Name": ("name",),
    "Namespace": ("namespace.name",),
    "Cluster": ("cluster.cloudResource.resourceName", "namespace.cluster.cloudResource.resourceName"),
}
NAMED: Mapping[str, tuple[str, Columns]] = {
    "amazonResource": (
        "amazon-resource",
        {"Name": ("resourceName",), "AmazonResourceId": ("amazonResourceId",), "ResourceType": ("resourceType",)},
    ),
    "azureResource": (
        "azure-resource",
        {"Name": ("resourceName",), "ResourceId": ("resourceId",), "ResourceType": ("resourceType",)},
    ),
    "blobContainer": ("blob-container", {"Name": ("name",), "Url": ("url",)}),
    "cloudApplication": (
        "cloud-application",
        {"Name": ("displayName",), "AppId": ("appId", "saasAppId"), "InstanceName": ("instanceName",)},
    ),
    "cloudLogonRequest": ("cloud-logon-request", {"Name": ("requestId",)}),
    "containerImage": ("container-image", {"Name": ("imageId",), "Registry": ("registry.registry",)}),
    "containerRegistry": ("container-registry", {"Name": ("registry",)}),
    "googleCloudResource": (
        "gcp-resource",
        {"Name": ("resourceName",), "ResourceId": ("fullResourceName",), "ProjectId": ("projectId",)},
    ),
    "ioTDevice": (
        "iotdevice",
        {
            "DeviceId": ("deviceId",),
            "DeviceName": ("deviceName",),
            "DeviceType": ("deviceType",),
            "Manufacturer": ("manufacturer",),
            "OperatingSystem": ("operatingSystem",),
        },
    ),
    "kubernetesCluster": ("kubernetes-cluster", {"Name": ("cloudResource.resourceName", "distribution")}),
    "kubernetesController": ("kubernetes-controller", _KUBERNETES),
    "kubernetesNamespace": ("kubernetes-namespace", _KUBERNETES),
    "kubernetesPod": ("kubernetes-pod", _KUBERNETES),
    "kubernetesSecret": ("kubernetes-secret", _KUBERNETES),
    "kubernetesService": ("kubernetes-service", _KUBERNETES),
    "kubernetesServiceAccount": ("kubernetes-service-account", _KUBERNETES),
    "mailCluster": (
        "mailcluster",
        {"Query": ("query",), "NetworkMessageIds": ("networkMessageIds",), "MailCount": ("emailCount",)},
    ),
    "nic": ("nic", {"Name": ("macAddress",)}),
    "oauthApplication": (
        "cloud-application",
        {"Name": ("displayName",), "AppId": ("appId",), "ObjectId": ("objectId",), "Publisher": ("publisher",)},
    ),
    "securityGroup": ("security-group", {"Name": ("displayName",), "ObjectGuid": ("securityGroupId",)}),
    "servicePrincipal": (
        "cloud-application",
        {"Name": ("servicePrincipalName",), "AppId": ("appId",), "ObjectId": ("servicePrincipalObjectId",)},
    ),
}
