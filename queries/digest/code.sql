-- Grain: one row a table and owner (the time of drawing; null asks for all): the SHA-256 of its rows.
select "table", owner, sha256(string_agg(line, '' order by line)) as sha256
from (
    select 'code' as "table", drawn_at as owner, sha256(to_json(t)) as line from "code" as t
)
where $owner is null or owner = $owner
group by "table", owner
order by "table", owner;
