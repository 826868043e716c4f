-- Grain: one row a file of a look's report.
select scope, path, sha256 from report_file where look = $look order by scope, path;
