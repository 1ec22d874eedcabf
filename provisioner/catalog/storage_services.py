"""Facts that the file and queue services of a storage account share.

They exist with the account, under the name `default`, and have no DELETE.
"""

from collections.abc import Callable, Mapping

from provisioner.catalog.field import Field
from provisioner.catalog.schema import Model, Shape
from provisioner.catalog.stated_models import NUMBER, TEXT, list_of

CORS: Mapping[str, Field] = {
    "properties": Field(default={}),
    "properties.cors": Field(default={"corsRules": []}, security=True),
    "properties.cors.corsRules": Field(default=(), security=True),
}
"""The facts of cross-origin rules ("Cross-Origin Resource Sharing (CORS) support")."""


def cors_models(
    model: Callable[..., Model], instance: Callable[[str], Shape]
) -> tuple[Model, Model]:
    """Return the models of cross-origin rules in a namespace of models."""
    texts = list_of(TEXT)
    return (
        model("CorsRules", corsRules=list_of(instance("CorsRule"))),
        model(
            "CorsRule",
            allowedOrigins=texts,
            allowedMethods=texts,
            maxAgeInSeconds=NUMBER,
            exposedHeaders=texts,
            allowedHeaders=texts,
        ),
    )
