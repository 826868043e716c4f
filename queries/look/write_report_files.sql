-- Grain: one row a file of a report.
insert into report_file by name select $look as look, * from rows;
