"""The Durable task hub of the local host: histories, inboxes, activities and timers in PostgreSQL, and its HTTP API.

It owns the schema ``taskhub``; it runs no user code itself, that is the host's FunctionRunner.
"""

from local.taskhub.engine import DurableOptions
from local.taskhub.hub import InstanceFinished, TaskHub
from local.taskhub.instance import Instance, InstanceFilter, Status
from local.taskhub.replay import replay_differences
from local.taskhub.routes import durable_routes
from local.taskhub.runner import FunctionFailed, FunctionRunner
from local.taskhub.wire import client_binding

__all__ = [
    "DurableOptions",
    "FunctionFailed",
    "FunctionRunner",
    "Instance",
    "InstanceFilter",
    "InstanceFinished",
    "Status",
    "TaskHub",
    "client_binding",
    "durable_routes",
    "replay_differences",
]
