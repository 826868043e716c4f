-- Grain: one row, how many times a due time was settled: 0 or 1. What a clock that has been set
-- right since says of later times is void.
with corrected as (
    select count(*) as times, max("at") as "at" from audit where "action" = 'clock'
)
select cast(count(*) as bigint) as n
from due cross join corrected
where settled = $due_at and (corrections = times or settled <= "at");
