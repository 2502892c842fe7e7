"""The commands for layers of a user's own: their options, and how the results look."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.options import Target
from warehouse.errors import WrongCall
from warehouse.settings import resolve_target

if TYPE_CHECKING:
    from ingestion.layer_preview import Preview
    from ingestion.layers import Layer

# An example is to be told by its beginning; a long text would fold the table.
_LONGEST_EXAMPLE = 40

app = typer.Typer(help="Boundaries or points of your own.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The layer's name.")]


@app.command()
def add(
    file: Annotated[
        Path,
        typer.Argument(
            help="GeoJSON, a zipped shapefile, GeoPackage, FlatGeobuf, or CSV with longitude and"
            " latitude."
        ),
    ],
    name: Annotated[str, typer.Option(help="The layer's name, such as school_zones.")],
    key: Annotated[
        str | None,
        typer.Option(help="The field that tells the features apart; without it, a preview."),
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="The field that names the features for people.")
    ] = None,
    dissolve: Annotated[
        bool, typer.Option("--dissolve", help="Unite the polygons that have one key.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of the layer of this name.")
    ] = False,
    layer: Annotated[
        str | None, typer.Option(help="Which of the layers in the file.", metavar="LAYER_IN_FILE")
    ] = None,
    target: Target = None,
) -> None:
    """Add a file's points or polygons, which the next build joins."""
    from ingestion import layers
    from ingestion.layer_features import read_features
    from ingestion.layer_file import open_layer_file
    from ingestion.layer_geometry import listed
    from ingestion.layer_preview import preview

    where = resolve_target(target)
    layers.check_name(name)
    with open_layer_file(file, layer) as contents:
        if key is None:
            raise _wants_key(file, preview(contents))
        features = read_features(contents, key, label, dissolve=dissolve)
    added = layers.add_layer(where, name, features, replace=replace)
    if features.repaired:
        typer.echo(
            f"{added.repaired} {'polygon was' if added.repaired == 1 else 'polygons were'} invalid"
            f" and repaired: {'key' if added.repaired == 1 else 'keys'} {listed(features.repaired)}"
        )
    typer.echo(
        f"layer {name}: {_count(added)}, key {added.key_column},"
        f" {added.spatial_reference}; '{_build(where)}' joins them"
    )


@app.command("list")
def list_layers(target: Target = None) -> None:
    """List the layers, those too that are not active."""
    from flows import terminal
    from ingestion import layers

    found = layers.list_layers(resolve_target(target))
    if not found:
        typer.echo("no layers yet: 'warehouse layers add FILE --name NAME' adds one")
        return
    terminal.show_table(
        "",
        (
            *("layer", "kind", "features", "key", "label", "source", "spatial reference"),
            *("repaired", "active", "added"),
        ),
        (
            (
                layer.name,
                layer.kind,
                layer.features,
                layer.key_column,
                layer.label_column,
                layer.source,
                layer.spatial_reference,
                layer.repaired,
                "yes" if layer.is_active else "no",
                f"{layer.added_at:%Y-%m-%d %H:%M}",
            )
            for layer in found
        ),
    )
    terminal.console().print("Times are UTC.")


@app.command()
def activate(name: Name, target: Target = None) -> None:
    """Have the next build join a layer again."""
    from ingestion import layers

    where = resolve_target(target)
    layers.set_active(where, name, is_active=True)
    typer.echo(f"layer {name}: active; '{_build(where)}' joins it")


@app.command()
def deactivate(name: Name, target: Target = None) -> None:
    """Keep a layer, but have the next build leave it out."""
    from ingestion import layers

    where = resolve_target(target)
    layers.set_active(where, name, is_active=False)
    typer.echo(f"layer {name}: not active; '{_build(where)}' leaves it out")


@app.command()
def remove(name: Name, target: Target = None) -> None:
    """Delete a layer and its features."""
    from ingestion import layers

    where = resolve_target(target)
    layers.remove_layer(where, name)
    typer.echo(f"layer {name}: removed; '{_build(where)}' leaves it out")


def _wants_key(file: Path, found: "Preview") -> WrongCall:
    """Show the fields, and say which to name."""
    from flows import terminal

    suggested = {found.key: "key", found.label: "label"}
    terminal.show_table(
        f"{found.features} features",
        ("field", "type", "filled", "distinct", "example", "suggested as"),
        (
            (
                field.name,
                field.type,
                # Rounded down, so that only a field without a gap is filled to 100 %.
                f"{100 * field.filled // found.features} %",
                field.distinct,
                (field.example or "")[:_LONGEST_EXAMPLE],
                suggested.get(field.name, ""),
            )
            for field in found.fields
        ),
    )
    if found.key is None:
        return WrongCall(
            f"{file}: no field is filled and distinct in all features: name one with --key, and"
            " add --dissolve to unite the polygons that share a value of it"
        )
    label = f" --label {found.label}" if found.label else ""
    return WrongCall(
        f"{file}: name the field that tells the features apart, such as --key {found.key}{label}"
    )


def _count(layer: "Layer") -> str:
    """How many features, and of which kind."""
    kind = layer.kind if layer.features != 1 else layer.kind.removesuffix("s")
    return f"{layer.features} {kind}"


def _build(target: str) -> str:
    """The command that takes up what was changed."""
    return "warehouse build" if target == "duckdb" else f"warehouse build --target {target}"
