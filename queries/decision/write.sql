-- Grain: one row a decision of the board.
insert into decision
select coalesce((select max(seq) from decision), 0) + 1, $rule, $decision, $by, $note, $at;
