-- name: hits_by_session
-- Folding takes out what hides a phrase: compatibility forms, case, invisible characters and repeated spaces.
WITH asked AS (
    SELECT user_id, session_id, ts, token_count, safety_filter_triggered, tool_calls_made, query_text,
        regexp_replace(regexp_replace(lower(normalize(query_text, NFKC)), '[\u00ad\u200b-\u200f\u2060\ufeff]', '', 'g'),
            '\s+', ' ', 'g') ~ ANY(string_to_array(%(phrases)s, E'\n')) AS has_phrase
    FROM orbital_nl_query_logs
    WHERE tenant_id = %(tenant_id)s AND ts >= %(window_start)s AND ts < %(window_end)s
), marked AS (
    SELECT *, min(ts) FILTER (WHERE safety_filter_triggered OR has_phrase)
        OVER (PARTITION BY user_id, session_id) AS first_hit
    FROM asked
)
SELECT user_id, session_id, count(*) AS queries, count(*) FILTER (WHERE safety_filter_triggered) AS hit_count,
    count(*) FILTER (WHERE has_phrase) AS phrase_count,
    count(*) FILTER (WHERE has_phrase AND NOT safety_filter_triggered) AS bypass_count,
    count(*) FILTER (WHERE ts >= first_hit AND jsonb_array_length(tool_calls_made) > 0) AS tool_calls_after,
    min(first_hit) AS first_hit, max(ts) FILTER (WHERE safety_filter_triggered OR has_phrase) AS last_hit,
    max(token_count) AS most_tokens,
    (array_agg(encode(sha256(convert_to(query_text, 'UTF8')), 'hex') ORDER BY ts)
        FILTER (WHERE safety_filter_triggered OR has_phrase))[:10] AS query_sha256
FROM marked WHERE first_hit IS NOT NULL GROUP BY user_id, session_id
