-- First assignments: the first writer wins. Sorted by key, because unsorted batches of two nodes deadlock. The join keeps
-- a node that has not heard of a stop from assigning after it. Exposures ride in the same statement, so in the same
-- transaction and in one round trip; they are queued for the fold under a batch of their own, since a batch of
-- assignments may be sent again and nothing may ever be added to a batch of events.
-- Answers only the rows that did not win: with what is stored for them; with null where another transaction won while this
-- one ran, which this statement's snapshot cannot see, or where nobody may be assigned any more.
-- `limit 1` pins the look-up to the primary key, whatever the planner thinks of the table's size.
with given as (
    select *
    from unnest($1::text[], $2::int[], $3::smallint[], $4::smallint[], $5::int[], $6::int[], $7::int[], $8::int[],
                $9::bigint[], $10::text[], $11::text[], $12::text[], $13::uuid[])
         with ordinality
         as t(unit, experiment, variant, door, epoch, propensity, bucket, key_id, revision, attributes, context, stay_of, exposure,
              place)
),
first as (
    insert into assignment (unit, experiment, variant, door, epoch, propensity, bucket, key_id, revision, attributes, context, stay_of,
                            batch)
    select g.unit, g.experiment, g.variant, g.door, g.epoch, g.propensity, g.bucket, g.key_id, g.revision,
           g.attributes::jsonb, g.context::jsonb, g.stay_of, $14
    from given g
    join experiments x on x.no = g.experiment and x.status = 'running' and x.archived_at is null
    order by g.unit collate "C", g.experiment
    on conflict do nothing
    returning unit, experiment, variant, epoch, assigned_at
),
settled as materialized (
    select g.place, g.unit, g.experiment, g.door, g.key_id, g.exposure, f.unit is not null as won,
           coalesce(f.variant, s.variant) as variant, coalesce(f.epoch, s.epoch) as epoch,
           coalesce(f.assigned_at, s.assigned_at) as assigned_at, s.propensity, s.bucket, s.revision, s.batch
    from given g
    left join first f using (unit, experiment)
    left join lateral (
        select variant, epoch, propensity, bucket, revision, batch, assigned_at
        from assignment
        where f.unit is null and unit = g.unit and experiment = g.experiment
        limit 1
    ) s on true
    where f.unit is null or g.exposure is not null
),
fresh as (
    insert into event_key (event_id)
    select exposure from settled where exposure is not null and variant is not null order by exposure
    on conflict do nothing
    returning event_id
),
logged as (
    insert into event (batch, event_id, kind, experiment, unit, occurred_at, variant, epoch, door, key_id)
    select $15, f.event_id, 1, s.experiment, s.unit, greatest(now(), s.assigned_at), s.variant, s.epoch, s.door, s.key_id
    from settled s
    join fresh f on f.event_id = s.exposure
),
queued as (
    insert into fold_queue (batch)
    select $15 where exists (select from fresh)
)
select place::int as place, variant, epoch, propensity, bucket, revision, batch
from settled
where not won
