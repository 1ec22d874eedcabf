"""Location metadata of Azure regions, as `GET /subscriptions/S/locations` answers it.

Source: what `az account list-locations` answers in the public cloud, US Government and China;
"Azure regions list" and "Azure region pairs" of Azure's reliability documentation. Coordinates are
those of the city where that answer was not at hand (Austria, Belgium, Chile, Denmark, Indonesia,
Malaysia, Mexico, New Zealand, Spain, Sweden South, Taiwan, Southeast US, US Government, China).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class RegionMetadata:
    """One region: geography group, geography, place, coordinates in degrees, paired region.

    The paired region is None where there is none.
    """

    group: str
    geography: str
    place: str
    latitude: str
    longitude: str
    pair: str | None = None


_TABLE = """
australiacentral|Asia Pacific|Australia|Canberra|-35.3075|149.1244|australiacentral2
australiacentral2|Asia Pacific|Australia|Canberra|-35.3075|149.1244|australiacentral
australiaeast|Asia Pacific|Australia|New South Wales|-33.86|151.2094|australiasoutheast
australiasoutheast|Asia Pacific|Australia|Victoria|-37.8136|144.9631|australiaeast
austriaeast|Europe|Austria|Vienna|48.2082|16.3738|
belgiumcentral|Europe|Belgium|Brussels|50.8503|4.3517|
brazilsouth|South America|Brazil|Sao Paulo State|-23.55|-46.633|southcentralus
brazilsoutheast|South America|Brazil|Rio|-22.90278|-43.2075|brazilsouth
canadacentral|Canada|Canada|Toronto|43.653|-79.383|canadaeast
canadaeast|Canada|Canada|Quebec|46.817|-71.217|canadacentral
centralindia|Asia Pacific|India|Pune|18.5822|73.9197|southindia
centralus|US|United States|Iowa|41.5908|-93.6208|eastus2
centraluseuap|US|Canary (US)||41.5908|-93.6208|eastus2euap
chilecentral|South America|Chile|Santiago|-33.4489|-70.6693|
denmarkeast|Europe|Denmark|Copenhagen|55.6761|12.5683|
eastasia|Asia Pacific|Asia Pacific|Hong Kong|22.267|114.188|southeastasia
eastus|US|United States|Virginia|37.3719|-79.8164|westus
eastus2|US|United States|Virginia|36.6681|-78.3889|centralus
eastus2euap|US|Canary (US)||36.6681|-78.3889|centraluseuap
francecentral|Europe|France|Paris|46.3772|2.3730|francesouth
francesouth|Europe|France|Marseille|43.8345|2.1972|francecentral
germanynorth|Europe|Germany|Berlin|53.073635|8.806422|germanywestcentral
germanywestcentral|Europe|Germany|Frankfurt|50.110924|8.682127|germanynorth
indonesiacentral|Asia Pacific|Indonesia|Jakarta|-6.2088|106.8456|
israelcentral|Middle East|Israel|Israel|31.2655698|33.4506633|
israelnorthwest|Middle East|Israel|Israel|32.7940|34.9896|
italynorth|Europe|Italy|Milan|45.46888|9.18109|
japaneast|Asia Pacific|Japan|Tokyo, Saitama|35.68|139.77|japanwest
japanwest|Asia Pacific|Japan|Osaka|34.6939|135.5022|japaneast
jioindiacentral|Asia Pacific|India|Nagpur|21.146633|79.08886|jioindiawest
jioindiawest|Asia Pacific|India|Jamnagar|22.470701|70.05773|jioindiacentral
koreacentral|Asia Pacific|Korea|Seoul|37.5665|126.9780|koreasouth
koreasouth|Asia Pacific|Korea|Busan|35.1796|129.0756|koreacentral
malaysiawest|Asia Pacific|Malaysia|Kuala Lumpur|3.1390|101.6869|
mexicocentral|Mexico|Mexico|Querétaro State|20.588818|-100.389888|
newzealandnorth|Asia Pacific|New Zealand|Auckland|-36.84853|174.76349|
northcentralus|US|United States|Illinois|41.8819|-87.6278|southcentralus
northeurope|Europe|Europe|Ireland|53.3478|-6.2597|westeurope
norwayeast|Europe|Norway|Norway|59.913868|10.752245|norwaywest
norwaywest|Europe|Norway|Norway|58.969975|5.733107|norwayeast
polandcentral|Europe|Poland|Warsaw|52.23334|21.01666|
qatarcentral|Middle East|Qatar|Doha|25.551462|51.439327|
southafricanorth|Africa|South Africa|Johannesburg|-25.731340|28.218370|southafricawest
southafricawest|Africa|South Africa|Cape Town|-34.075691|18.843266|southafricanorth
southcentralus|US|United States|Texas|29.4167|-98.5|northcentralus
southindia|Asia Pacific|India|Chennai|12.9822|80.1636|centralindia
southeastasia|Asia Pacific|Asia Pacific|Singapore|1.283|103.833|eastasia
southeastus|US|United States|Georgia|33.7490|-84.3880|
spaincentral|Europe|Spain|Madrid|40.4259|-3.4209|
swedencentral|Europe|Sweden|Gävle|60.67488|17.14127|swedensouth
swedensouth|Europe|Sweden|Malmö|55.6050|13.0038|swedencentral
switzerlandnorth|Europe|Switzerland|Zurich|47.451542|8.564572|switzerlandwest
switzerlandwest|Europe|Switzerland|Geneva|46.204391|6.143158|switzerlandnorth
taiwannorth|Asia Pacific|Taiwan|Taipei|25.0330|121.5654|
uaecentral|Middle East|United Arab Emirates|Abu Dhabi|24.466667|54.366669|uaenorth
uaenorth|Middle East|United Arab Emirates|Dubai|25.266666|55.316666|uaecentral
uksouth|Europe|United Kingdom|London|50.941|-0.799|ukwest
ukwest|Europe|United Kingdom|Cardiff|53.427|-3.084|uksouth
westcentralus|US|United States|Wyoming|40.890|-110.234|westus2
westeurope|Europe|Europe|Netherlands|52.3667|4.9|northeurope
westindia|Asia Pacific|India|Mumbai|19.088|72.868|southindia
westus|US|United States|California|37.783|-122.417|eastus
westus2|US|United States|Washington|47.233|-119.852|westcentralus
westus3|US|United States|Phoenix|33.448376|-112.074036|eastus
usdodcentral|US|US Government|Iowa|41.6005|-93.6091|usdodeast
usdodeast|US|US Government|Virginia|36.6676|-78.3875|usdodcentral
usgovarizona|US|US Government|Arizona|33.4484|-112.0740|usgovtexas
usgovtexas|US|US Government|Texas|29.4241|-98.4936|usgovarizona
usgovvirginia|US|US Government|Virginia|37.3719|-79.8164|usgovtexas
chinaeast|China|China|Shanghai|31.2304|121.4737|chinanorth
chinaeast2|China|China|Shanghai|31.2304|121.4737|chinanorth2
chinaeast3|China|China|Jiangsu|31.9886|118.7727|chinanorth3
chinanorth|China|China|Beijing|39.9042|116.4074|chinaeast
chinanorth2|China|China|Beijing|39.9042|116.4074|chinaeast2
chinanorth3|China|China|Hebei|40.7686|114.8863|chinaeast3
"""


def _parse_row(row: str) -> tuple[str, RegionMetadata]:
    name, group, geography, place, latitude, longitude, pair = (c.strip() for c in row.split("|"))
    return name, RegionMetadata(group, geography, place, latitude, longitude, pair or None)


REGION_METADATA: Mapping[str, RegionMetadata] = MappingProxyType(
    dict(map(_parse_row, _TABLE.strip().splitlines()))
)
"""The metadata of every region of REGIONS, by its name."""
