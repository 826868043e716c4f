-- Grain: one row, the extract a cut was made of.
select extract from cut where id = $cut;
