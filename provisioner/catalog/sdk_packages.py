"""The PyPI package that has the types of a resource provider.

Most packages are named after their namespace (`Microsoft.Search`: azure-mgmt-search). Here are
those that are not, and the types that have a package of their own. Source: the URLs in the
operations of the packages, and the index of the Azure SDK for Python ("Azure libraries package
index").
"""

from collections.abc import Mapping

from provisioner.model.diagnostic import nearest

_PREFIX = "azure-mgmt-"
_PACKAGES: Mapping[str, str] = {
    "microsoft.alertsmanagement": "alertsmanagement",
    "microsoft.app": "appcontainers",
    "microsoft.authorization": "authorization",
    "microsoft.authorization/locks": "resource-locks",
    "microsoft.authorization/policyassignments": "resource-policy",
    "microsoft.authorization/policydefinitions": "resource-policy",
    "microsoft.authorization/policyexemptions": "resource-policy",
    "microsoft.authorization/policysetdefinitions": "resource-policy",
    "microsoft.cache": "redis",
    "microsoft.cache/redisenterprise": "redisenterprise",
    "microsoft.consumption": "consumption",
    "microsoft.containerservice/fleets": "containerservicefleet",
    "microsoft.dbformysql": "mysqlflexibleservers",
    "microsoft.dbforpostgresql": "postgresqlflexibleservers",
    "microsoft.devices": "iothub",
    "microsoft.documentdb": "cosmosdb",
    "microsoft.insights": "monitor",
    "microsoft.insights/components": "applicationinsights",
    "microsoft.insights/webtests": "applicationinsights",
    "microsoft.insights/workbooks": "applicationinsights",
    "microsoft.machinelearningservices": "machinelearningservices",
    "microsoft.managedidentity": "msi",
    "microsoft.monitor": "monitor",
    "microsoft.network/dnsforwardingrulesets": "dnsresolver",
    "microsoft.network/dnsresolverdomainlists": "dnsresolver",
    "microsoft.network/dnsresolverpolicies": "dnsresolver",
    "microsoft.network/dnsresolvers": "dnsresolver",
    "microsoft.network/dnszones": "dns",
    "microsoft.network/frontdoors": "frontdoor",
    "microsoft.network/networkexperimentprofiles": "frontdoor",
    "microsoft.network/frontdoorwebapplicationfirewallpolicies": "frontdoor",
    "microsoft.network/privatednszones": "privatedns",
    "microsoft.network/trafficmanagerprofiles": "trafficmanager",
    "microsoft.operationalinsights": "loganalytics",
    "microsoft.recoveryservices": "recoveryservices",
    "microsoft.recoveryservices/vaults/backupfabrics": "recoveryservicesbackup",
    "microsoft.recoveryservices/vaults/backuppolicies": "recoveryservicesbackup",
    "microsoft.resources/deployments": "resource-deployments",
    "microsoft.resources/deploymentscripts": "resource-deploymentscripts",
    "microsoft.resources/deploymentstacks": "resource-deploymentstacks",
    "microsoft.resources/templatespecs": "resource-templatespecs",
    "microsoft.signalrservice": "signalr",
    "microsoft.signalrservice/webpubsub": "webpubsub",
}
"""By namespace or type, in lower case: the longest that a name begins with counts."""


_NAMES = """
advisor agfood agricultureplatform agrifood aigateway aiinfraoptimization
alertprocessingrules alertsmanagement apicenter apimanagement app appcomplianceautomation
appconfiguration appcontainers applicationinsights appnetwork appplatform
arizeaiobservabilityeval artifactsigning astro attestation authorization automanage
automation avs azureadb2c azurearcdata azurelargeinstance azurestack azurestackhci
azurestackhcivm baremetalinfrastructure batch batchai billing billingbenefits billingtrust
botservice carbonoptimization cdn certificateregistration changeanalysis chaos cloudhealth
cognitiveservices commerce common communication commvaultcontentstore compute
computebulkactions computefleet computelimit computerecommender computeschedule
computeworkloadmanager confidentialledger confluent connectedcache connectedvmware
consumption containerinstance containerorchestratorruntime containerregistry
containerregistrytasks containerservice containerserviceaimanager containerservicefleet
containerservicesafeguards cosmosdb cosmosdbforpostgresql costmanagement customproviders
dashboard databasewatcher databox databoxedge databricks datadog datafactory
datalake-analytics datalake-store datamigration dataprotection datashare defendereasm
dellstorage dependencymap deploymentmanager desktopvirtualization devcenter devhub
deviceregistry deviceupdate devopsinfrastructure devspaces devtestlabs digitaltwins
disconnectedoperations discovery dns dnsresolver documentdb domainregistration durabletask
dynatrace edgeactions edgegateway edgeoperator edgeorder edgezones education elastic
elasticsan enclave eventgrid eventhub extendedlocation fabric fileshares fluidrelay
frontdoor graphservices guestconfig hanaonazure hardwaresecuritymodules hdinsight
hdinsightcontainers healthbot healthcareapis healthdataaiservices horizondb hybridcompute
hybridconnectivity hybridcontainerservice hybridkubernetes hybridnetwork imagebuilder
impactreporting informaticadatamanagement iotcentral iotfirmwaredefense iothub
iothubprovisioningservices iotoperations keyvault kubernetesconfiguration
kubernetesconfiguration-extensions kubernetesconfiguration-extensiontypes
kubernetesconfiguration-fluxconfigurations kubernetesconfiguration-privatelinkscopes kusto
labservices lambdatesthyperexecute largeinstance loadtesting loganalytics logic logz
machinelearningcompute machinelearningservices maintenance managedapplications
managednetworkfabric managedops managedservices managementgroups managementpartner maps
marketplace marketplaceordering media migrationassessment migrationdiscoverysap mixedreality
mobilenetwork mongocluster mongodbatlas monitor monitorslis monitorworkspaces msi
mysqlflexibleservers napsteromniagentapi neonpostgres netapp network networkanalytics
networkcloud networkfunction newrelicobservability nginx notificationhubs oep
onlineexperimentation operationsmanagement oracledatabase orbital paloaltonetworksngfw
peering pineconevectordb planetarycomputer platformvalidation playwright playwrighttesting
policyinsights portal portalservicescopilot postgresqlflexibleservers powerbidedicated
powerbiembedded powerplatform privatedns programenrollment prometheusrulegroups providerhub
purestorageblock purview quantum qumulo quota rdbms recoveryservices recoveryservicesbackup
recoveryservicesbackup-passivestamp recoveryservicesdatareplication
recoveryservicessiterecovery redhatopenshift redhatopenshifthcp redis redisenterprise
regionmove relationships relay reservations resiliencemanagement resource resource-bicep
resource-changes resource-databoundaries resource-deployments resource-deploymentscripts
resource-deploymentstacks resource-features resource-links resource-locks
resource-managedapplications resource-policy resource-privatelinks resource-subscriptions
resource-templatespecs resourceconnector resourcegraph resourcehealth resourcemover
scheduler scvmm search secretsstoreextension security securitydevops securityinsight
selfhelp serialconsole servermanager servicebus servicefabric servicefabricmanagedclusters
servicegroups servicelinker servicenetworking signalr sitemanager sphere springappdiscovery
sql sqlvirtualmachine standbypool storage storageactions storagecache storagediscovery
storageimportexport storagemover storagepool storagesync streamanalytics subscription
support synapse terraform testbase timeseriesinsights trafficmanager trustedsigning
videoanalyzer virtualenclaves vmwarecloudsimple voiceservices web webpubsub weightsandbiases
workloadmonitor workloadorchestration workloads workloadssapvirtualinstance
"""
_PUBLISHED = frozenset(_NAMES.split())
"""The packages that Microsoft publishes, without their common prefix (November 2026).

No other name is ever proposed: a misspelt one may be a package of somebody else (typosquatting).
"""


def install_hint(package: str, version: str = "") -> str:
    """Return what to do where a package is not installed, as a sentence.

    The install command for a package that Microsoft publishes, of a `version` if one is wanted; for
    any other name the nearest ones.
    """
    product = package.removeprefix(_PREFIX)
    if package.startswith(_PREFIX) and product in _PUBLISHED:
        wanted = f"{package}=={version}" if version else package
        return f"Install it beside azsec: pip install {wanted}."
    return (
        f"Microsoft is not known to publish {package}: nothing of that name is proposed. "
        + nearest(package, [_PREFIX + each for each in sorted(_PUBLISHED)])
    )


def package_for(type_name: str) -> str | None:
    """Return the package that has a type, by the table or by the naming rule.

    None where Microsoft publishes no package of that name.
    """
    name = type_name.lower()
    steps = name.split("/")
    for end in range(len(steps), 0, -1):
        found = _PACKAGES.get("/".join(steps[:end]))
        if found is not None:
            return _PREFIX + found
    publisher, _, product = steps[0].partition(".")
    product = product.replace(".", "")
    return _PREFIX + product if publisher == "microsoft" and product in _PUBLISHED else None
