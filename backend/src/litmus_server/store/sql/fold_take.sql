-- The oldest batches with their number of events, whichever node they came from. The bound from below keeps the scan off
-- the dead index entries that pile up behind somebody's old snapshot.
select q.batch, q.received_at, clock_timestamp() - q.received_at as age, n.events
from (
    select batch, received_at from fold_queue where received_at >= $1 order by received_at limit $2
) q
cross join lateral (select count(*) as events from event where batch = q.batch) n
order by q.received_at
