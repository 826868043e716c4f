-- Grain: one row, the number the next look gets.
select cast(coalesce(max(number), 0) + 1 as bigint) as n from look;
