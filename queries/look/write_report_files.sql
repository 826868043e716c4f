-- Grain: one row a file of a report. A report that was gone and is written again counts from then.
insert or replace into report_file by name select $look as look, * from rows;
