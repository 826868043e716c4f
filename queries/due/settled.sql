-- Grain: one row: the last due time settled, the data folder at the latest look and as last tried,
-- the latest record. What a clock that has been set right since says of later times is void.
with corrected as (
    select count(*) as times, max("at") as "at" from audit where "action" = 'clock'
)
select
    max(settled) filter (
        where cause = 'schedule' and (corrections = times or settled <= "at")
    ) as settled,
    max_by(folder, seq) filter (where outcome = 'look') as folder,
    max_by(folder, seq) filter (where folder is not null) as tried,
    max(recorded_at) filter (where corrections = times or recorded_at <= "at") as recorded
from due cross join corrected;
