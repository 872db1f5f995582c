"""The connectors of one process, each on its product's API."""

from __future__ import annotations

from shared.contracts.action import ActionClass
from shared.response.connectors import defender_machines, graph_users, sentinel_incidents
from shared.response.connectors.connector import Connector
from shared.response.connectors.defender_indicators import DefenderIndicators
from shared.response.connectors.defender_machines import DefenderMachines
from shared.response.connectors.graph_mail import GraphMail
from shared.response.connectors.graph_users import GraphUsers
from shared.response.connectors.people import People, Tell, no_channel
from shared.response.connectors.product import Product
from shared.response.connectors.sentinel_incidents import SentinelIncidents
from shared.settings import ActionSettings, Settings


def connectors(settings: Settings, tell: Tell = no_channel) -> dict[ActionClass, Connector]:
    """Every connector by its class. Raises ConfigurationError for an address that a token must not be sent to."""
    action = settings.action
    defender = Product(
        "Defender for Endpoint",
        action.defender_url,
        defender_machines.SCOPE,
        roles=defender_machines.ROLES,
        setting="ALUSKORT_ACTION_DEFENDER_URL",
    )
    graph = Product(
        "Microsoft Graph",
        action.graph_url,
        graph_users.SCOPE,
        roles=graph_users.ROLES,
        setting="ALUSKORT_ACTION_GRAPH_URL",
    )
    incidents = SentinelIncidents(resource_manager(action), action.incidents)
    return {
        ActionClass.ENDPOINT: DefenderMachines(defender),
        ActionClass.INDICATOR: DefenderIndicators(defender),
        ActionClass.IDENTITY: GraphUsers(graph),
        ActionClass.MAIL: GraphMail(graph),
        ActionClass.INCIDENT: incidents,
        ActionClass.PEOPLE: People(incidents, tell),
    }


def resource_manager(action: ActionSettings) -> Product:
    """Azure's management API, where Sentinel's incidents are. Raises ConfigurationError as :func:`connectors`."""
    return Product(
        "Sentinel",
        action.management_url,
        sentinel_incidents.SCOPE,
        roles=sentinel_incidents.ROLES,
        setting="ALUSKORT_ACTION_MANAGEMENT_URL",
    )
