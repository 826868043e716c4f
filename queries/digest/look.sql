-- Grain: one row a table and owner (a look; null asks for all): the SHA-256 of its rows, in any order.
select "table", owner, sha256(string_agg(line, '' order by line)) as sha256
from (
    select 'look' as "table", cast(number as varchar) as owner, sha256(to_json(t)) as line from "look" as t
    union all
    select 'verdict' as "table", cast(look as varchar) as owner, sha256(to_json(t)) as line from "verdict" as t
    union all
    select 'seen' as "table", cast(look as varchar) as owner, sha256(to_json(t)) as line from "seen" as t
    union all
    select 'flag' as "table", cast(look as varchar) as owner, sha256(to_json(t)) as line from "flag" as t
    union all
    select 'presented' as "table", cast(look as varchar) as owner, sha256(to_json(t)) as line from "presented" as t
    union all
    select 'staleness' as "table", cast(look as varchar) as owner, sha256(to_json(t)) as line from "staleness" as t
)
where $owner is null or owner = $owner
group by "table", owner
order by "table", owner;
