{#- Every row of raw is a version of one staged record or is rejected, and every
    key of raw is staged once. Returns the accounts that do not balance. Those of
    records that have not changed since the last build balanced then. -#}
{% test accounts_for_raw(model, raw, key) %}

{%- set dataset = raw.identifier %}
{%- set is_since_last = dataset in keys_of_records() and is_since_last_build() %}

with

in_raw as (

    select
        {{ tidy(key) }} as record_key,
        count(*) as versions
    from {{ raw }}
    {%- if is_since_last %}
    where
        {{ is_read(dataset) }}
        and {{ may_be_of_changed_keys(dataset, key, key) }}
    {%- endif %}
    group by {{ tidy(key) }}

),

accounted as (

    select
        coalesce(sum(versions), 0) as all_rows,
        count(record_key) as all_keys
    from in_raw
    {%- if is_since_last %}
    where
        record_key is null
        or {{ is_of_changed_keys(dataset, key, "record_key") }}
    {%- endif %}

),

staged as (

    select
        count(*) as all_records,
        coalesce(sum(version_count), 0) as all_versions
    from {{ model }}
    {%- if is_since_last %}
    where
        {{ is_read(dataset) }}
        and {{ is_of_changed_keys(dataset, key, key) }}
    {%- endif %}

),

rejected as (

    select coalesce(sum(version_count), 0) as all_rejected
    from {{ ref("rejected_rows") }}
    where
        dataset = '{{ dataset }}'
    {%- if is_since_last %}
        and {{ is_read(dataset) }}
    {%- endif %}

)

select
    accounted.all_rows,
    accounted.all_keys,
    staged.all_records,
    staged.all_versions,
    rejected.all_rejected
from accounted
cross join staged
cross join rejected
where
    accounted.all_keys <> staged.all_records
    or accounted.all_rows <> staged.all_versions + rejected.all_rejected

{% endtest %}
