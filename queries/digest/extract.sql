-- Grain: one row a table and owner (an extract; null asks for all): the SHA-256 of its rows, in any order.
select "table", owner, sha256(string_agg(line, '' order by line)) as sha256
from (
    select 'extract' as "table", id as owner, sha256(to_json(t)) as line from "extract" as t
    union all
    select 'input' as "table", extract as owner, sha256(to_json(t)) as line from "input" as t
    union all
    select 'finding' as "table", extract as owner, sha256(to_json(t)) as line from "finding" as t
    union all
    select 'subject' as "table", extract as owner, sha256(to_json(t)) as line from "subject" as t
    union all
    select 'exposure' as "table", extract as owner, sha256(to_json(t)) as line from "exposure" as t
    union all
    select 'event' as "table", extract as owner, sha256(to_json(t)) as line from "event" as t
    union all
    select 'adjudication' as "table", extract as owner, sha256(to_json(t)) as line from "adjudication" as t
    union all
    select 'rejected' as "table", extract as owner, sha256(to_json(t)) as line from "rejected" as t
)
where $owner is null or owner = $owner
group by "table", owner
order by "table", owner;
