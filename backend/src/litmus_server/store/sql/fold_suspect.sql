-- All events of a batch that cannot be folded, as suspects. Bots are not folded anyway.
insert into fold_fault (event_id, batch, error)
select event_id, batch, '' from event where batch = $1 and not is_bot order by occurred_at, event_id
returning event_id
