-- Grain: one row, when somebody said, after the last look, that the clock is right (null: never).
select max_by("at", seq) as "at"
from audit
where "action" = 'clock'
    and seq > (select coalesce(max(seq), 0) from audit where "action" = 'look');
