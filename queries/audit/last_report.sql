-- Grain: at most one row, the detail of the last act that wrote lists of looks.
select detail from audit where "action" = 'report' order by seq desc limit 1;
