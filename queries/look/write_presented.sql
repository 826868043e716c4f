-- Grain: one row a look: what its results.json files said.
insert into presented (look, title, data_until, as_of, closed_sha256, open_sha256)
values ($look, $title, $data_until, $as_of, $closed, $open);
