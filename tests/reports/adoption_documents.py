"""The documents that the reports of `azsec adopt` are tested with."""

from provisioner.documents.adoption import (
    AdoptionDocument,
    ChangeLeftDocument,
    HiddenDocument,
    LeftOutDocument,
    NoteDocument,
    Verdict,
    WrittenFileDocument,
)
from provisioner.documents.plan import FieldChangeDocument, FieldKind
from tests.reports.documents import ENVIRONMENT

_GROUP = "/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-contoso-aks"


def _left(tail: str, reason: str) -> LeftOutDocument:
    kind, _, name = tail.rpartition("/")
    resource_type = f"Microsoft.{kind}"
    return LeftOutDocument(
        id=f"{_GROUP}/providers/{resource_type}/{name}", type=resource_type, reason=reason
    )


ADOPTION = AdoptionDocument(
    environment=ENVIRONMENT,
    verdict=Verdict.NOT_PROVEN,
    adopted=42,
    unchanged=41,
    types=17,
    files=(
        WrittenFileDocument(path="environments/prod.yaml", lines=24),
        WrittenFileDocument(path="blueprints/prod.yaml", lines=96),
        WrittenFileDocument(path="blueprints/prod/network.yaml", lines=214),
    ),
    changes=(
        ChangeLeftDocument(
            address="network.routes",
            id=f"{_GROUP}/providers/Microsoft.Network/routeTables/rt-contoso",
            action="adopt",
            reason="exists already, without a mark of azsec, and is taken over",
            fields=(
                FieldChangeDocument(
                    path="properties.routes[default].properties.nextHopIpAddress",
                    kind=FieldKind.CHANGED,
                    declared=True,
                    before="10.0.0.4",
                    after="10.0.0.5",
                ),
            ),
        ),
    ),
    not_expressed=(_left("Web/sites/web", "the cloud lists no api version of it"),),
    left_out=(
        _left("Network/networkInterfaces/nic", "made by Azure for pe, and deleted with it"),
        _left("Network/networkWatchers/nw", "made by Azure in each region that is used"),
    ),
    unlisted=(_left("KeyVault/vaults/gone", "the state lists it"),),
    unreadable=(HiddenDocument(path=f"{_GROUP}/resources", reason="AuthorizationFailed: no"),),
    notes=(
        NoteDocument(
            address="services.web",
            path="properties.siteConfig.appSettings[0].value",
            reason="a secret, which stays only in Azure",
        ),
    ),
    calls=311,
)
PROVEN = ADOPTION.model_copy(
    update={
        "verdict": Verdict.PROVEN,
        "unchanged": 42,
        **dict.fromkeys(("changes", "not_expressed", "unlisted", "unreadable", "notes"), ()),
    }
)
WATCHED = PROVEN.model_copy(update={"observe": True})
PARTIAL = PROVEN.model_copy(update={"verdict": Verdict.PARTIAL, "unreadable": ADOPTION.unreadable})
