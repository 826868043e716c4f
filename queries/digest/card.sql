-- Grain: one row a table and owner (a set of definitions; null asks for all): the SHA-256 of its rows, in any order.
select "table", owner, sha256(string_agg(line, '' order by line)) as sha256
from (
    select 'card' as "table", definitions_sha256 as owner, sha256(to_json(t)) as line from "card" as t
)
where $owner is null or owner = $owner
group by "table", owner
order by "table", owner;
