-- Grain: one row, a timetable that comes into force.
insert into timetable
select cast(coalesce(max(seq), 0) + 1 as bigint), $cron, $zone, $since from timetable;
