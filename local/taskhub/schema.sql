-- The task hub's tables. Idempotent: runs at every start of a host.
CREATE SCHEMA IF NOT EXISTS taskhub;

CREATE TABLE IF NOT EXISTS taskhub.instances (
    hub                 text COLLATE "C" NOT NULL,
    instance_id         text COLLATE "C" NOT NULL,
    execution_id        uuid NOT NULL,
    name                text NOT NULL,
    version             text NOT NULL,
    status              text NOT NULL
        CHECK (status IN ('Pending', 'Running', 'Suspended', 'Completed', 'Failed', 'Terminated')),
    input               text,
    output              text,
    custom_status       text,
    parent_instance_id  text,
    parent_execution_id uuid,
    parent_task_id      integer,
    revision            bigint NOT NULL DEFAULT 0,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    PRIMARY KEY (hub, instance_id)
);
CREATE INDEX IF NOT EXISTS instances_by_age ON taskhub.instances (hub, created_at);
CREATE INDEX IF NOT EXISTS instances_not_started ON taskhub.instances (hub) WHERE status = 'Pending';

CREATE TABLE IF NOT EXISTS taskhub.history (
    hub         text COLLATE "C" NOT NULL,
    instance_id text COLLATE "C" NOT NULL,
    position    integer NOT NULL,
    event       text NOT NULL,  -- JSON as sent to the orchestrator; jsonb would change numbers and refuse \u0000
    PRIMARY KEY (hub, instance_id, position),
    FOREIGN KEY (hub, instance_id) REFERENCES taskhub.instances ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS taskhub.inbox (
    message_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hub          text COLLATE "C" NOT NULL,
    instance_id  text COLLATE "C" NOT NULL,
    execution_id uuid,
    event        text NOT NULL,
    FOREIGN KEY (hub, instance_id) REFERENCES taskhub.instances ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS inbox_by_instance ON taskhub.inbox (hub, instance_id, message_id);

CREATE TABLE IF NOT EXISTS taskhub.activities (
    hub          text COLLATE "C" NOT NULL,
    instance_id  text COLLATE "C" NOT NULL,
    task_id      integer NOT NULL,
    execution_id uuid NOT NULL,
    name         text NOT NULL,
    input        text,
    PRIMARY KEY (hub, instance_id, task_id),
    FOREIGN KEY (hub, instance_id) REFERENCES taskhub.instances ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS taskhub.timers (
    hub          text COLLATE "C" NOT NULL,
    instance_id  text COLLATE "C" NOT NULL,
    task_id      integer NOT NULL,
    execution_id uuid NOT NULL,
    fire_at      timestamptz NOT NULL,
    PRIMARY KEY (hub, instance_id, task_id),
    FOREIGN KEY (hub, instance_id) REFERENCES taskhub.instances ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS timers_by_time ON taskhub.timers (hub, fire_at);
