-- Grain: one row a timetable, oldest first.
select cron, "zone", since from timetable order by seq;
