-- Grain: one row, how many report files of a look are on record.
select cast(count(*) as bigint) as n from report_file where look = $look;
