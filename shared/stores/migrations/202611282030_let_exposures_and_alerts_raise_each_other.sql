-- depends: 202611281640_keep_what_a_source_says_of_its_incident_and_forget_old_traces

SET LOCAL lock_timeout = '5s';

-- The open exposures of what an alert names, as its investigation found them.
ALTER TABLE incident_alerts ADD COLUMN exposures jsonb NOT NULL DEFAULT '[]';

-- When an alert last named an ATLAS technique: an exposure that serves it is repaired sooner (spec/data-model §5.2).
CREATE TABLE technique_sightings (
    tenant_id text NOT NULL,
    technique text NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, technique)
);
DO $$ BEGIN PERFORM guard_table('technique_sightings', 'SELECT, INSERT, UPDATE'); END $$;
