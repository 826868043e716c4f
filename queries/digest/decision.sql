-- Grain: one row a table and owner (the time of writing; null asks for all): the SHA-256 of its rows.
select "table", owner, sha256(string_agg(line, '' order by line)) as sha256
from (
    select 'decision' as "table", decided_at as owner, sha256(to_json(t)) as line from "decision" as t
)
where $owner is null or owner = $owner
group by "table", owner
order by "table", owner;
