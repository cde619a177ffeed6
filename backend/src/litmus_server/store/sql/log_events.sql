-- A batch into the log: the stored assignment judges each event, the narrow table of ids decides what is a duplicate,
-- and the batch is queued for the fold in the same transaction. Answers only the rows that were not accepted.
-- `limit 1` pins the look-up of the assignment to its primary key. Ids are inserted in order: two batches cannot deadlock.
with given as (
    select *
    from unnest($2::uuid[], $3::smallint[], $4::int[], $5::text[], $6::text[], $7::int[], $8::bigint[], $9::timestamptz[],
                $10::smallint[], $11::smallint[], $12::int[], $13::boolean[], $14::text[])
         with ordinality
         as t(event_id, kind, experiment, unit, unit_type, metric, value, occurred_at, claimed, door, key_id, is_bot, metadata, place)
),
judged as materialized (
    select g.*, a.variant, a.epoch, a.assigned_at,
           case
               when g.experiment is null then null
               when a.variant is null then 'not_in_experiment'
               when g.claimed <> a.variant then 'variant_mismatch'
           end as refusal
    from given g
    left join lateral (
        select variant, epoch, assigned_at
        from assignment
        where unit = g.unit and experiment = g.experiment
        limit 1
    ) a on true
),
fresh as (
    insert into event_key (event_id)
    select event_id from judged where refusal is null order by event_id
    on conflict do nothing
    returning event_id
),
logged as (
    insert into event (batch, event_id, kind, experiment, unit, unit_type, metric, value, occurred_at, variant, epoch,
                       claimed, door, key_id, is_bot, metadata)
    select $1, event_id, j.kind, j.experiment, j.unit, j.unit_type, j.metric, j.value,
           case
               when j.occurred_at is null then greatest(now(), j.assigned_at)
               -- Nobody was exposed before the assignment. And a clock that is wrong by less than what `sent_at` corrects
               -- must not put a conversion before the exposure that it followed.
               when j.kind = 1 or j.occurred_at > j.assigned_at - interval '5 seconds' then greatest(j.occurred_at, j.assigned_at)
               else j.occurred_at
           end,
           j.variant, j.epoch, j.claimed, j.door, j.key_id, j.is_bot, j.metadata::jsonb
    from judged j
    join fresh using (event_id)
),
queued as (
    insert into fold_queue (batch)
    select $1 where exists (select from fresh)
)
select j.place::int as place, coalesce(j.refusal, 'duplicate') as refusal
from judged j
left join fresh f using (event_id)
where f.event_id is null
