-- One row is a portal row that could not become a record, as it is now.
with

crashes as (

    {{ rows_without_key(source("raw", "crashes"), key="crash_record_id") }}

),

people as (

    {{ rows_without_key(source("raw", "people"), key="person_id") }}

),

vehicles as (

    {{ rows_without_key(source("raw", "vehicles"), key="crash_unit_id") }}

),

fatalities as (

    {{ rows_without_key(source("raw", "fatalities"), key="_record_key") }}

),

final as (

    select * from crashes
    union all
    select * from people
    union all
    select * from vehicles
    union all
    select * from fatalities

)

select * from final
