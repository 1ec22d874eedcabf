"""The commands of az that are run, what each prints, and how it exits.

Written against az 2.91. They are in order: most look at what an earlier one made. `{group}` and the
like are filled in by the session. Names are of this session alone, so that a server that has been
used before does.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """A command of az without its first word, and what is right.

    `prints` is a regular expression that is searched in stdout, or in stderr where `exits` is not
    0; runs of blanks there count as one.
    """

    line: str
    prints: str = "^ ?$"
    exits: int = 0


SIGNING_IN = (
    Command("cloud register -n {cloud} --endpoint-resource-manager {endpoint}"),
    Command("cloud set -n {cloud}"),
    Command("cloud show --query endpoints.activeDirectory -o tsv", "^{endpoint}/? ?$"),
    Command("login --service-principal -u {client} -p {secret} -t {tenant} --query [0].state -o "
            "tsv",
            "^Enabled"),
    Command("account show --query [tenantId,user.name,user.type] -o tsv",
            "^{tenant} {client} servicePrincipal"),
    Command("logout"),
    Command("login --service-principal -u {client} --federated-token {assertion} -t {tenant} "
            "--query [0].id -o tsv", "^{subscription}"),
    Command("logout"),
    Command("login --service-principal -u {client} --certificate {certificate} -t {tenant} "
            "--query [0].id -o tsv", "^{subscription}"),
    Command("account list --query [].state -o tsv", "Enabled"),
    Command("account list-locations --query \"[?name=='westeurope'].displayName\" -o tsv",
            "^West Europe"),
    Command("account get-access-token --query tokenType -o tsv", "^Bearer"),
    Command("account list --all --query [].tenantId -o tsv", "{tenant}"),
    Command("rest --method get --url {endpoint}/tenants?api-version=2022-12-01 "
            "--query value[].tenantId -o tsv", "^{tenant}"),
    Command("login --service-principal -u {client} -p {secret} -t {subscription}",
            "AADSTS90002|authority", exits=1),
)  # fmt: skip

DIRECTORY = (
    Command("ad sp show --id {client} --query displayName -o tsv", "^local operator"),
    Command("ad sp list --filter \"displayName eq 'local operator'\" --query [].appId -o tsv",
            "^{client}"),
    Command("ad user show --id operator@local.invalid --query displayName -o tsv",
            "^Local Operator"),
    Command("ad user list --query length(@) -o tsv", "^1"),
    Command("ad group list --query length(@) -o tsv", "^0"),
    Command("ad app list --app-id {client} --query [].displayName -o tsv", "^local operator"),
    Command("ad group show -g nobody", "nobody", exits=1),
)  # fmt: skip

GROUPS = (
    Command("group create -n {group} -l westeurope --tags s={tag} "
            "--query properties.provisioningState -o tsv", "^Succeeded"),
    Command("group show -n {group} --query location -o tsv", "^westeurope"),
    Command("group update -n {group} --set tags.stage=two --query tags.stage -o tsv", "^two"),
    Command("group list --query \"[?name=='{group}'].name\" -o tsv", "^{group}"),
    Command("group list --tag s={tag} --query [].name -o tsv", "^{group} ?$"),
    Command("group exists -n {group}", "^true"),
    Command("group exists -n {group}-none", "^false"),
    Command("group show -n {group}-none", "ResourceGroupNotFound", exits=3),
    Command("tag create --resource-id {scope} --tags a=1 s={tag} --query properties.tags.a -o tsv",
            "^1"),
    Command("tag update --resource-id {scope} --operation Merge --tags b=2 "
            "--query properties.tags.b -o tsv", "^2"),
    Command("provider show -n Microsoft.Network --query registrationState -o tsv", "^Registered"),
    Command("provider list --query \"[?namespace=='Microsoft.KeyVault'].registrationState\" -o tsv",
            "^Registered"),
)  # fmt: skip

NETWORKS = (
    Command("network nsg create -g {group} -n nsg --query NewNSG.provisioningState -o tsv",
            "^Succeeded"),
    Command("network nsg rule create -g {group} --nsg-name nsg -n web --priority 100 --access "
            "Allow "
            "--protocol Tcp --destination-port-ranges 443 --query destinationPortRange -o tsv",
            "^443"),
    Command("network nsg rule update -g {group} --nsg-name nsg -n web "
            "--destination-port-ranges 8443 --query destinationPortRange -o tsv", "^8443"),
    Command("network nsg rule list -g {group} --nsg-name nsg --query [].name -o tsv", "^web ?$"),
    Command("network nsg rule show -g {group} --nsg-name nsg -n web --query priority -o tsv",
            "^100"),
    Command("network route-table create -g {group} -n rt --query provisioningState -o tsv",
            "^Succeeded"),
    Command("network route-table route create -g {group} --route-table-name rt -n drop "
            "--address-prefix 10.9.0.0/16 --next-hop-type None --query nextHopType -o tsv",
            "^None"),
    Command("network vnet create -g {group} -n vnet --address-prefixes 10.0.0.0/16 "
            "--query newVNet.provisioningState -o tsv", "^Succeeded"),
    Command("network vnet subnet create -g {group} --vnet-name vnet -n nodes "
            "--address-prefixes 10.0.0.0/24 --network-security-group nsg --route-table rt "
            "--query addressPrefix -o tsv", r"^10\.0\.0\.0/24"),
    Command("network vnet subnet list -g {group} --vnet-name vnet --query [].name -o tsv",
            "^nodes ?$"),
    Command("network vnet update -g {group} -n vnet --set tags.team=a --query tags.team -o tsv",
            "^a"),
    Command("network vnet create -g {group} -n spoke --address-prefixes 10.1.0.0/16 "
            "--query newVNet.name -o tsv", "^spoke"),
    Command("network vnet peering create -g {group} -n to-spoke --vnet-name vnet "
            "--remote-vnet spoke --allow-vnet-access --query peeringState -o tsv", "^Initiated"),
    Command("network vnet peering create -g {group} -n to-vnet --vnet-name spoke "
            "--remote-vnet vnet --allow-vnet-access --query peeringState -o tsv", "^Connected"),
    Command("network public-ip create -g {group} -n pip --sku Standard "
            "--query publicIp.provisioningState -o tsv", "^Succeeded"),
    Command("network nat gateway create -g {group} -n nat --public-ip-addresses pip "
            "--query provisioningState -o tsv", "^Succeeded"),
    Command("network vnet subnet update -g {group} --vnet-name vnet -n nodes --nat-gateway nat "
            "--query natGateway.id -o tsv", "/natGateways/nat"),
    Command("network nic create -g {group} -n nic --vnet-name vnet --subnet nodes "
            "--query NewNIC.ipConfigurations[0].privateIPAddress -o tsv", r"^10\.0\.0\."),
    Command("network private-dns zone create -g {group} -n corp.example "
            "--query provisioningState -o tsv", "^Succeeded"),
    Command("network private-dns link vnet create -g {group} -z corp.example -n hub -v vnet "
            "-e false --query provisioningState -o tsv", "^Succeeded"),
    Command("network private-dns record-set a add-record -g {group} -z corp.example -n db "
            "-a 10.0.0.9 --query aRecords[0].ipv4Address -o tsv", r"^10\.0\.0\.9"),
    Command("network private-dns record-set list -g {group} -z corp.example "
            "--query sort([].name) -o tsv", "^@ db ?$"),
    Command("network vnet delete -g {group} -n spoke-none"),
)  # fmt: skip

RIGHTS = (
    Command("role definition list -n Contributor --query [].roleName -o tsv", "^Contributor ?$"),
    Command("role assignment create --assignee-object-id {principal} --assignee-principal-type "
            "ServicePrincipal --role Reader --scope {scope} --query principalId -o tsv",
            "^{principal}"),
    Command("role assignment list --scope {scope} --query [].roleDefinitionName -o tsv",
            "^Reader ?$"),
    Command("role assignment create --assignee {client} --role Contributor --scope {scope} "
            "--query principalType -o tsv", "^ServicePrincipal"),
    Command("role assignment delete --assignee {client} --role Contributor --scope {scope}"),
    Command("role assignment delete --assignee {principal} --role Reader --scope {scope}",
            "Cannot find user or service principal", exits=1),
    Command("lock create -n keep -g {group} --lock-type CanNotDelete --query level -o tsv",
            "^CanNotDelete"),
    Command("group delete -n {group} -y", "ScopeLocked", exits=1),
    Command("lock delete -n keep -g {group}"),
)  # fmt: skip

SERVICES = (
    Command("identity create -g {group} -n id-workload --query location -o tsv", "^westeurope"),
    Command("identity federated-credential create -g {group} --identity-name id-workload -n pod "
            "--issuer https://issuer.example --subject system:serviceaccount:a:b "
            "--query subject -o tsv", "^system:serviceaccount:a:b"),
    Command("monitor log-analytics workspace create -g {group} -n law-{tag} "
            "--query provisioningState -o tsv", "^Succeeded"),
    Command("keyvault create -g {group} -n kv-{tag} --query properties.vaultUri -o tsv",
            "^https://kv-{tag}"),
    Command("keyvault update -g {group} -n kv-{tag} --public-network-access Disabled "
            "--query properties.publicNetworkAccess -o tsv", "^Disabled"),
    Command("keyvault delete -g {group} -n kv-{tag}"),
    Command("keyvault purge -n kv-{tag}"),
    Command("acr create -g {group} -n acr{tag} --sku Premium --query provisioningState -o tsv",
            "^Succeeded"),
    Command("acr show -n acr{tag} --query sku.name -o tsv", "^Premium"),
    Command("aks create -g {group} -n aks --no-ssh-key --node-count 1 --node-vm-size "
            "Standard_D4ds_v5 --enable-managed-identity --query provisioningState -o tsv",
            "^Succeeded"),
    Command("aks nodepool add -g {group} --cluster-name aks -n batch --node-count 1 "
            "--node-vm-size Standard_D4ds_v5 --query provisioningState -o tsv", "^Succeeded"),
    Command("aks nodepool scale -g {group} --cluster-name aks -n batch --node-count 2 "
            "--query count -o tsv", "^2"),
    Command("aks nodepool list -g {group} --cluster-name aks --query sort([].name) -o tsv",
            "^batch nodepool1 ?$"),
    Command("aks get-versions -l westeurope --query length(values) -o tsv", "^[1-9]"),
    Command("aks get-upgrades -g {group} -n aks --query name -o tsv", "^default"),
    Command("aks get-credentials -g {group} -n aks -f {folder}/kubeconfig"),
    Command("aks stop -g {group} -n aks"),
    Command("aks show -g {group} -n aks --query powerState.code -o tsv", "^Stopped"),
    Command("aks start -g {group} -n aks"),
    Command("aks nodepool delete -g {group} --cluster-name aks -n batch"),
)  # fmt: skip

LOOKING_BACK = (
    Command("resource list -g {group} --query \"[?name=='vnet'].type\" -o tsv",
            "^Microsoft.Network/virtualNetworks"),
    Command("resource show -g {group} -n nsg --resource-type "
            "Microsoft.Network/networkSecurityGroups "
            "--query name -o tsv", "^nsg"),
    Command("resource tag -g {group} -n nsg --resource-type "
            "Microsoft.Network/networkSecurityGroups "
            "--tags x=y --query tags.x -o tsv", "^y"),
    Command("monitor activity-log list -g {group} --offset 1h --max-events 500 "
            "--query \"[?operationName.value=='Microsoft.Network/virtualNetworks/write'] | "
            "[0].caller\" -o tsv", "^[0-9a-f-]+"),
    Command("rest --method get --url {endpoint}{scope}?api-version=2024-11-01 --query name -o tsv",
            "^{group}"),
    Command("aks delete -g {group} -n aks -y"),
    Command("group delete -n {group} -y"),
    Command("group exists -n {group}", "^false"),
    Command("logout"),
)  # fmt: skip

SESSION = (*SIGNING_IN, *DIRECTORY, *GROUPS, *NETWORKS, *RIGHTS, *SERVICES, *LOOKING_BACK)
