-- depends: 202611281620_find_cases_that_were_judged_in_shadow_mode

SET LOCAL lock_timeout = '5s';

-- In the source's own words, such as Sentinel's Active and TruePositive; empty where it says nothing.
ALTER TABLE incidents ADD COLUMN source_status text NOT NULL DEFAULT '',
    ADD COLUMN source_classification text NOT NULL DEFAULT '';

-- A timer removes the traces that are too old to link anything.
GRANT DELETE ON incident_traces TO aluskort_app;
CREATE INDEX incident_traces_by_age ON incident_traces (began_at);
