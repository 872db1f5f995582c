-- 21,000 cases of 200 tenants: `big` has two fifths of them, `middle` 280 and `small` seven. Hosts, alert names and
-- techniques are the same everywhere, thirty cases each, so that what looks for one without its tenant finds them all.
CREATE TEMP TABLE cases AS
SELECT n, n / 30 AS kind,
    CASE WHEN n % 3000 = 1 THEN 'small' WHEN n % 75 = 2 THEN 'middle' WHEN n % 5 < 2 THEN 'big'
        ELSE 'tenant-' || n % 197 END AS tenant_id,
    now() - n * interval '1 minute' AS at
FROM generate_series(0, 20999) AS n;

INSERT INTO investigation_state (investigation_id, tenant_id, alert_id, source, alert_title, severity, state, graph_state,
    alert, created_at, version)
SELECT 'i-' || n, tenant_id, 'a-' || n, 's', 'alert-' || kind, 'high',
    CASE WHEN n % 500 = 1 THEN 'awaiting_human' ELSE 'closed' END, '{"outcome": ""}',
    CASE WHEN n % 50 = 1 THEN '{"flags": ["entities_missing"]}'::jsonb ELSE jsonb_build_object('raw', repeat('x', 900)) END,
    at, 2
FROM cases;
INSERT INTO investigation_transitions (investigation_id, tenant_id, step, version, state_before, state_after, agent, reasoning)
SELECT 'i-' || n, tenant_id, 'step', 1, 'received', 'parsing', 'agent', 'r' FROM cases;
INSERT INTO investigation_findings (investigation_id, tenant_id, step, attempt, round, finding)
SELECT 'i-' || n, tenant_id, 'reason', 1, 1, '{}' FROM cases;
INSERT INTO alert_updates (investigation_id, tenant_id, digest, changed, alert)
SELECT 'i-' || n, tenant_id, 'd', '{}', '{}' FROM cases;
INSERT INTO action_approvals (approval_id, investigation_id, tenant_id, actions, actions_hash, reason, status, requested_at,
    expires_at, decided_at, decided_by)
SELECT 'ap-' || n, 'i-' || n, tenant_id, '[]', 'h', 'r', CASE n % 500 WHEN 1 THEN 'pending' ELSE 'granted' END,
    at, at + interval '40 days', CASE n % 500 WHEN 1 THEN NULL ELSE at END, CASE n % 500 WHEN 1 THEN NULL ELSE 'p' END
FROM cases;
INSERT INTO shadow_modes (tenant_id, rule_key, rule, reason, set_by)
SELECT CASE tenant_id WHEN 'small' THEN 'small' ELSE 'tenant-' || n END, 'rule-' || n, 'rule-' || n, 'r', 'p' FROM cases;
INSERT INTO escalation_budgets (tenant_id, taken) SELECT DISTINCT tenant_id, '{}'::jsonb FROM cases;
INSERT INTO dispositions (disposition_id, tenant_id, investigation_id, approval_id, disposition, reason, decided_by, decided_at)
SELECT 'd-' || n, tenant_id, 'i-' || n, 'ap-' || n, 'false_positive', 'incorrect_rule', 'p', at FROM cases;
INSERT INTO notifications (notification_id, tenant_id, channel, notice, due_at)
SELECT 'n-' || n, tenant_id, 'teams', '{}', now() + CASE n % 1000 WHEN 0 THEN interval '0' ELSE interval '1 hour' END
FROM cases;
INSERT INTO executed_actions (action_id, investigation_id, tenant_id, action, target, status, detail, approved_by,
    next_try_at, undo_at)
SELECT 'x-' || n, 'i-' || n, tenant_id, 'a', 't', CASE WHEN n % 500 = 1 THEN 'running' ELSE 'dry_run' END, 'd', 'p',
    CASE WHEN n % 500 = 1 THEN at END, CASE WHEN n % 500 = 2 THEN at END
FROM cases;
INSERT INTO org_context (tenant_id, entity_type, entity_name, name_key)
SELECT tenant_id, 'host', 'host-' || kind || '.' || n, 'host-' || kind FROM cases;
INSERT INTO protected_assets (tenant_id, name_key, entity_type, entity_name, reason, protected_by)
SELECT tenant_id, 'host-' || n, 'host', 'host-' || n, 'r', 'p' FROM cases;
INSERT INTO outbox (tenant_id, topic, key, value, claimed_until)
SELECT tenant_id, 'audit.events', tenant_id, '{}', CASE n % 1000 WHEN 0 THEN now() + interval '1 hour' END FROM cases;

INSERT INTO audit_chain_state (tenant_id, last_sequence, last_hash)
SELECT tenant_id, count(*) - 1, repeat('0', 64) FROM cases GROUP BY 1;
INSERT INTO audit_verification_progress (tenant_id) SELECT tenant_id FROM audit_chain_state;
INSERT INTO audit_records (tenant_id, sequence_number, audit_id, previous_hash, record_hash, occurred_at, ingested_at,
    event_type, event_category, severity, actor_type, actor_id, investigation_id, alert_id, context, decision, outcome,
    canonical)
SELECT tenant_id, row_number() OVER (PARTITION BY tenant_id ORDER BY n DESC) - 1, 'r-' || n, repeat('0', 64),
    repeat('1', 64), at, at, CASE n % 100 WHEN 1 THEN 'approval.granted' ELSE 'alert.classified' END, 'decision', 'info',
    'agent', 'actor-' || kind, 'i-' || n, 'a-' || n, '{}', '{}', '{}', '{"reasoning": "' || repeat('x', 400) || '"}'
FROM cases;
INSERT INTO audit_verification_log (tenant_id, verification_type, records_checked, from_sequence, to_sequence, chain_valid,
    errors, duration_ms, verified_at)
SELECT tenant_id, 'continuous', 100, 0, 99, true, '[]', 1, at FROM cases;

INSERT INTO fp_patterns (pattern_id, tenant_id, status, approved_by_1, approved_by_2, expires_at, pattern)
SELECT 'p-' || n, tenant_id, CASE n % 100 WHEN 1 THEN 'pending_review' ELSE 'active' END, 'a', 'b', now() + interval '30 days',
    jsonb_build_object('confidence', 0.95, 'alert_name', 'Alert-' || kind, 'alert_name_regex', CASE n % 500 WHEN 1 THEN 'x.*' ELSE '' END)
FROM cases;
INSERT INTO playbook_drafts (playbook_id, tenant_id, draft, status, decided_by, created_at)
SELECT 'pb-' || n, tenant_id, '{}', CASE n % 100 WHEN 1 THEN 'draft' ELSE 'approved' END,
    CASE n % 100 WHEN 1 THEN NULL ELSE 'p' END, at
FROM cases;
INSERT INTO risk_signals (tenant_id, entity_id, investigation_priority, source, observed_at)
SELECT tenant_id, 'host-' || kind, 5, n, at FROM cases;
INSERT INTO ctem_exposures (tenant_id, exposure_key, asset_id, asset_name, asset_zone, severity, status, ctem_score,
    source_tool, exposure, scope, last_seen, sla_deadline)
SELECT tenant_id, 'k-' || n, 'HOST-' || kind, 'HOST-' || kind, 'z', 'high', 'denied', n % 100 / 10.0, 'wiz', '{}',
    'scan-' || kind, at, CASE WHEN n % 1000 = 0 THEN at END FROM cases;
INSERT INTO incident_memory (doc_id, tenant_id, investigation_id, alert_name, alert_product, severity,
    final_classification, outcome, mitre_techniques, summary, happened_at)
SELECT 'd-' || n, tenant_id, 'i-' || n, 'alert-' || kind, 'p', 'high', 'true_positive', 'responded',
    ARRAY['T' || kind % 100], repeat('s', 300), at FROM cases;
INSERT INTO threat_intel_iocs (indicator_type, indicator_value, confidence, severity, sources)
SELECT CASE n % 3 WHEN 0 THEN 'ip' WHEN 1 THEN 'domain' ELSE 'hash' END, 'value-' || n, 90, 'high', '{s}' FROM cases;
INSERT INTO kill_switches (tenant_id, dimension, value, activated_by, reason)
SELECT CASE tenant_id WHEN 'small' THEN 'small' ELSE 'tenant-' || n END, 'pattern', 'p-' || n, 'a', 'r' FROM cases;
INSERT INTO spend_months (month, committed_usd) VALUES ('2026-11-01', 1000);
INSERT INTO spend_ledger (call_id, tenant_id, month, task_type, model_tier, reserved_usd)
SELECT md5(n::text)::uuid, tenant_id, '2026-11-01', 't', 'm', 0.01 FROM cases;

INSERT INTO polled_tables (tenant_id, workspace_id, source_table, read_until, page_rows)
SELECT tenant_id, 'w-' || n, 'SecurityAlert', at, 2000 FROM cases;
INSERT INTO polled_rows (tenant_id, workspace_id, source_table, row_digest, ingested_at)
SELECT tenant_id, 'w', 'SecurityAlert', sha256(n::text::bytea), at FROM cases;
INSERT INTO late_entities (tenant_id, alert_id, next_try_at, outcome)
SELECT CASE tenant_id WHEN 'small' THEN 'small' ELSE 'tenant-' || n / 10 END, 'a-' || n, at,
    CASE n % 50 WHEN 1 THEN NULL ELSE 'found' END
FROM cases;

INSERT INTO incidents (incident_id, tenant_id, title, source, source_incident, merged_into, opened_at)
SELECT 'c-' || n, tenant_id, 'alert-' || kind, 'sentinel', n, CASE n % 10 WHEN 9 THEN 'c-' || n - 9 END, at FROM cases;
INSERT INTO incident_alerts (tenant_id, alert_id, incident_id, investigation_id, source, title, severity, product, tactics,
    techniques, principals, began_at, ended_at, linked_by, reason)
SELECT tenant_id, 'a-' || n, 'c-' || n, 'i-' || n, 'sentinel', 'alert-' || kind, 'high', 'p', '{execution}', '{T1059}',
    ARRAY['host:host-' || kind], at, at, 'rule', 'r'
FROM cases;
INSERT INTO incident_traces (tenant_id, kind, value, alert_id, began_at)
SELECT tenant_id, 'host', 'host-' || kind, 'a-' || n, at FROM cases;
INSERT INTO incident_expected_alerts (tenant_id, alert_id, incident_id) SELECT tenant_id, 'e-' || n, 'c-' || n FROM cases;

INSERT INTO batch_queues (tenant_id, task_type, waiting, due_at)
SELECT CASE n WHEN 3001 THEN 'small' WHEN 3002 THEN 'middle' WHEN 3006 THEN 'big' ELSE 'tenant-' || n END, 't', 1,
    now() + CASE n % 500 WHEN 1 THEN interval '0' ELSE interval '1 hour' END
FROM cases;
INSERT INTO batch_jobs (job_id, tenant_id, task_type, status, batch_api_id, item_count, next_look_at, submitted_at)
SELECT md5('job' || n / 5)::uuid, min(tenant_id), 't', CASE WHEN n / 5 % 100 = 1 THEN 'in_progress' ELSE 'completed' END,
    'b-' || n / 5, 5, now(), max(at)
FROM cases GROUP BY n / 5;
INSERT INTO batch_tasks (task_id, tenant_id, task_type, task, size_bytes, status, job_id, queued_at)
SELECT md5('task' || n)::uuid, tenant_id, CASE n % 100 WHEN 1 THEN 't' ELSE 'another' END, '{}', 2,
    CASE n % 100 WHEN 1 THEN 'queued' WHEN 2 THEN 'submitted' ELSE 'succeeded' END, md5('job' || n / 5)::uuid, at
FROM cases;
SELECT make_telemetry_months(now() - interval '40 days', now());
INSERT INTO databricks_audit (tenant_id, ts, user_id, action, target_resource)
SELECT tenant_id, at, 'u-' || kind, 'deltaTableWrite', 't-' || kind FROM cases;
INSERT INTO orbital_nl_query_logs (tenant_id, ts, user_id, session_id, query_text)
SELECT tenant_id, at, 'u-' || kind, 's-' || n, 'q' FROM cases;
INSERT INTO orbital_inference_logs (tenant_id, ts, edge_node_id, model_version, input_hash, output_hash,
    physics_check_result, confidence_score, inference_latency_ms)
SELECT tenant_id, at, 'n-' || kind, 'm', 'i-' || n, 'o', 'PASS', 0.9, 50 FROM cases;
INSERT INTO orbital_physics_oracle (tenant_id, ts, edge_node_id, constraint_id, check_result, latency_ms, input_hash)
SELECT tenant_id, at, 'n-' || kind, 'c', 'PASS', 20, 'i-' || n FROM cases;
INSERT INTO model_registry (tenant_id, ts, user_id, action, model_name, model_hash, stage)
SELECT tenant_id, at, 'u', 'register', 'm-' || kind, 'h-' || n, 'staging' FROM cases;
INSERT INTO cicd_audit (tenant_id, ts, pipeline_id, trigger_type, commit_hash) SELECT tenant_id, at, 'p', 'push', n FROM cases;
INSERT INTO orbital_api_logs (tenant_id, ts, caller_ip, caller_identity, endpoint, method, response_code)
SELECT tenant_id, at, '192.0.2.1', 'u-' || kind, '/predict', 'GET', 200 FROM cases;
INSERT INTO opcua_telemetry (tenant_id, ts, edge_node_id, data_points_received) SELECT tenant_id, at, 'n-' || kind, n FROM cases;
INSERT INTO partner_api_logs (tenant_id, ts, partner_id, partner_name, direction, payload_size, response_code, mtls_verified)
SELECT tenant_id, at, 'p-' || kind, 'P', 'inbound', n, 200, true FROM cases;
INSERT INTO edge_node_telemetry (tenant_id, ts, edge_node_id, model_weight_hash) SELECT tenant_id, at, 'n-' || kind, 'h' FROM cases;
INSERT INTO atlas_alert_state (tenant_id, dedupe_key, rule_id, signal, entity, bucket_start, first_fired_at, first_alert_id,
    max_confidence, max_severity, triggers)
SELECT tenant_id, 'k-' || n, 'r-' || n % 10, 'rec', 'e-' || n, at, at, 'a-' || n, 0.5, 'high', '{t}' FROM cases;
INSERT INTO atlas_rule_runs (tenant_id, rule_id, ran_until)
SELECT CASE tenant_id WHEN 'small' THEN 'small' ELSE 'tenant-' || n END, 'r-' || n, at FROM cases;
INSERT INTO atlas_tunings (tenant_id, rule_id, version, thresholds, reason, changed_by)
SELECT tenant_id, 'r-' || n % 10, n, '{}', 'r', 'p' FROM cases;
INSERT INTO technique_sightings (tenant_id, technique) SELECT tenant_id, 'AML.T' || n FROM cases;
