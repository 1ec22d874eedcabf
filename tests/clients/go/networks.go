package main

import (
	"context"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"
)

// networks returns ten resources of Microsoft.Network, each after what it refers to.
func networks(factory *armnetwork.ClientFactory, subscription string) []resource {
	id := func(kind string) *armnetwork.SubResource {
		return &armnetwork.SubResource{ID: to.Ptr(fmt.Sprintf(
			"/subscriptions/%s/resourceGroups/%s/providers/Microsoft.Network/%s",
			subscription, group, kind))}
	}
	return []resource{
		securityGroup(factory), rule(factory), routeTable(factory), route(factory),
		address(factory), gateway(factory, id), virtualNetwork(factory), subnet(factory, id),
		networkInterface(factory, id), peeredNetwork(factory),
	}
}

func securityGroup(factory *armnetwork.ClientFactory) resource {
	client := factory.NewSecurityGroupsClient()
	return resource{
		name: "network security group",
		put: func(ctx context.Context, changed bool) (any, error) {
			body := armnetwork.SecurityGroup{Location: to.Ptr(location)}
			// A write that leaves a rule out would remove it: what is there is sent back.
			if known, err := client.Get(ctx, group, "nsg", nil); err == nil {
				body = known.SecurityGroup
			}
			body.Tags = tags(changed)
			poller, err := client.BeginCreateOrUpdate(ctx, group, "nsg", body, nil)
			answer, err := wait(ctx, poller, err)
			return answer.SecurityGroup, err
		},
		get: func(ctx context.Context) (any, error) {
			answer, err := client.Get(ctx, group, "nsg", nil)
			return answer.SecurityGroup, err
		},
		remove: func(ctx context.Context) error {
			poller, err := client.BeginDelete(ctx, group, "nsg", nil)
			_, err = wait(ctx, poller, err)
			return err
		},
	}
}

func rule(factory *armnetwork.ClientFactory) resource {
	client := factory.NewSecurityRulesClient()
	return resource{
		name: "security rule",
		put: func(ctx context.Context, changed bool) (any, error) {
			port := "443"
			if changed {
				port = "8443"
			}
			poller, err := client.BeginCreateOrUpdate(ctx, group, "nsg", "web",
				armnetwork.SecurityRule{Properties: &armnetwork.SecurityRulePropertiesFormat{
					Access:                   to.Ptr(armnetwork.SecurityRuleAccessAllow),
					Direction:                to.Ptr(armnetwork.SecurityRuleDirectionInbound),
					Protocol:                 to.Ptr(armnetwork.SecurityRuleProtocolTCP),
					Priority:                 to.Ptr[int32](100),
					SourceAddressPrefix:      to.Ptr("10.0.0.0/8"),
					SourcePortRange:          to.Ptr("*"),
					DestinationAddressPrefix: to.Ptr("*"),
					DestinationPortRange:     to.Ptr(port),
				}}, nil)
			answer, err := wait(ctx, poller, err)
			return answer.SecurityRule, err
		},
		get: func(ctx context.Context) (any, error) {
			answer, err := client.Get(ctx, group, "nsg", "web", nil)
			return answer.SecurityRule, err
		},
		remove: func(ctx context.Context) error {
			poller, err := client.BeginDelete(ctx, group, "nsg", "web", nil)
			_, err = wait(ctx, poller, err)
			return err
		},
	}
}

func routeTable(factory *armnetwork.ClientFactory) resource {
	client := factory.NewRouteTablesClient()
	return resource{
		name: "route table",
		put: func(ctx context.Context, changed bool) (any, error) {
			body := armnetwork.RouteTable{
				Location: to.Ptr(location),
				Properties: &armnetwork.RouteTablePropertiesFormat{
					DisableBgpRoutePropagation: to.Ptr(true)}}
			if known, err := client.Get(ctx, group, "rt", nil); err == nil {
				body = known.RouteTable
			}
			body.Tags = tags(changed)
			poller, err := client.BeginCreateOrUpdate(ctx, group, "rt", body, nil)
			answer, err := wait(ctx, poller, err)
			return answer.RouteTable, err
		},
		get: func(ctx context.Context) (any, error) {
			answer, err := client.Get(ctx, group, "rt", nil)
			return answer.RouteTable, err
		},
		remove: func(ctx context.Context) error {
			poller, err := client.BeginDelete(ctx, group, "rt", nil)
			_, err = wait(ctx, poller, err)
			return err
		},
	}
}

func route(factory *armnetwork.ClientFactory) resource {
	client := factory.NewRoutesClient()
	return resource{
		name: "route",
		put: func(ctx context.Context, changed bool) (any, error) {
			prefix := "10.9.0.0/16"
			if changed {
				prefix = "10.8.0.0/16"
			}
			poller, err := client.BeginCreateOrUpdate(ctx, group, "rt", "drop", armnetwork.Route{
				Properties: &armnetwork.RoutePropertiesFormat{
					AddressPrefix: to.Ptr(prefix),
					NextHopType:   to.Ptr(armnetwork.RouteNextHopTypeNone)}}, nil)
			answer, err := wait(ctx, poller, err)
			return answer.Route, err
		},
		get: func(ctx context.Context) (any, error) {
			answer, err := client.Get(ctx, group, "rt", "drop", nil)
			return answer.Route, err
		},
		remove: func(ctx context.Context) error {
			poller, err := client.BeginDelete(ctx, group, "rt", "drop", nil)
			_, err = wait(ctx, poller, err)
			return err
		},
	}
}

func address(factory *armnetwork.ClientFactory) resource {
	client := factory.NewPublicIPAddressesClient()
	return resource{
		name: "public IP address",
		put: func(ctx context.Context, changed bool) (any, error) {
			poller, err := client.BeginCreateOrUpdate(ctx, group, "pip", armnetwork.PublicIPAddress{
				Location: to.Ptr(location), Tags: tags(changed),
				SKU: &armnetwork.PublicIPAddressSKU{
					Name: to.Ptr(armnetwork.PublicIPAddressSKUNameStandard)},
				Properties: &armnetwork.PublicIPAddressPropertiesFormat{
					PublicIPAllocationMethod: to.Ptr(armnetwork.IPAllocationMethodStatic)}}, nil)
			answer, err := wait(ctx, poller, err)
			return answer.PublicIPAddress, err
		},
		get: func(ctx context.Context) (any, error) {
			answer, err := client.Get(ctx, group, "pip", nil)
			return answer.PublicIPAddress, err
		},
		remove: func(ctx context.Context) error {
			poller, err := client.BeginDelete(ctx, group, "pip", nil)
			_, err = wait(ctx, poller, err)
			return err
		},
	}
}

func gateway(
	factory *armnetwork.ClientFactory, id func(string) *armnetwork.SubResource,
) resource {
	client := factory.NewNatGatewaysClient()
	return resource{
		name: "NAT gateway",
		put: func(ctx context.Context, changed bool) (any, error) {
			poller, err := client.BeginCreateOrUpdate(ctx, group, "nat", armnetwork.NatGateway{
				Location: to.Ptr(location), Tags: tags(changed),
				SKU: &armnetwork.NatGatewaySKU{Name: to.Ptr(armnetwork.NatGatewaySKUNameStandard)},
				Properties: &armnetwork.NatGatewayPropertiesFormat{
					PublicIPAddresses: []*armnetwork.SubResource{id("publicIPAddresses/pip")}}}, nil)
			answer, err := wait(ctx, poller, err)
			return answer.NatGateway, err
		},
		get: func(ctx context.Context) (any, error) {
			answer, err := client.Get(ctx, group, "nat", nil)
			return answer.NatGateway, err
		},
		remove: func(ctx context.Context) error {
			poller, err := client.BeginDelete(ctx, group, "nat", nil)
			_, err = wait(ctx, poller, err)
			return err
		},
	}
}

func virtualNetwork(factory *armnetwork.ClientFactory) resource {
	return space(factory, "virtual network", "vnet", "10.0.0.0/16")
}

func peeredNetwork(factory *armnetwork.ClientFactory) resource {
	return space(factory, "second virtual network", "vnet-two", "10.1.0.0/16")
}

func space(factory *armnetwork.ClientFactory, what, name, prefix string) resource {
	client := factory.NewVirtualNetworksClient()
	return resource{
		name: what,
		put: func(ctx context.Context, changed bool) (any, error) {
			body := armnetwork.VirtualNetwork{
				Location: to.Ptr(location),
				Properties: &armnetwork.VirtualNetworkPropertiesFormat{
					AddressSpace: &armnetwork.AddressSpace{
						AddressPrefixes: []*string{to.Ptr(prefix)}}}}
			if known, err := client.Get(ctx, group, name, nil); err == nil {
				body = known.VirtualNetwork
			}
			body.Tags = tags(changed)
			poller, err := client.BeginCreateOrUpdate(ctx, group, name, body, nil)
			answer, err := wait(ctx, poller, err)
			return answer.VirtualNetwork, err
		},
		get: func(ctx context.Context) (any, error) {
			answer, err := client.Get(ctx, group, name, nil)
			return answer.VirtualNetwork, err
		},
		remove: func(ctx context.Context) error {
			poller, err := client.BeginDelete(ctx, group, name, nil)
			_, err = wait(ctx, poller, err)
			return err
		},
	}
}

func subnet(
	factory *armnetwork.ClientFactory, id func(string) *armnetwork.SubResource,
) resource {
	client := factory.NewSubnetsClient()
	return resource{
		name: "subnet",
		put: func(ctx context.Context, changed bool) (any, error) {
			properties := &armnetwork.SubnetPropertiesFormat{
				AddressPrefix:        to.Ptr("10.0.0.0/24"),
				NetworkSecurityGroup: &armnetwork.SecurityGroup{ID: id("networkSecurityGroups/nsg").ID},
				NatGateway:           id("natGateways/nat"),
			}
			if changed {
				properties.RouteTable = &armnetwork.RouteTable{ID: id("routeTables/rt").ID}
			}
			poller, err := client.BeginCreateOrUpdate(ctx, group, "vnet", "nodes",
				armnetwork.Subnet{Properties: properties}, nil)
			answer, err := wait(ctx, poller, err)
			return answer.Subnet, err
		},
		get: func(ctx context.Context) (any, error) {
			answer, err := client.Get(ctx, group, "vnet", "nodes", nil)
			return answer.Subnet, err
		},
		remove: func(ctx context.Context) error {
			poller, err := client.BeginDelete(ctx, group, "vnet", "nodes", nil)
			_, err = wait(ctx, poller, err)
			return err
		},
	}
}

func networkInterface(
	factory *armnetwork.ClientFactory, id func(string) *armnetwork.SubResource,
) resource {
	client := factory.NewInterfacesClient()
	return resource{
		name: "network interface",
		put: func(ctx context.Context, changed bool) (any, error) {
			poller, err := client.BeginCreateOrUpdate(ctx, group, "nic", armnetwork.Interface{
				Location: to.Ptr(location), Tags: tags(changed),
				Properties: &armnetwork.InterfacePropertiesFormat{
					IPConfigurations: []*armnetwork.InterfaceIPConfiguration{{
						Name: to.Ptr("one"),
						Properties: &armnetwork.InterfaceIPConfigurationPropertiesFormat{
							Subnet: &armnetwork.Subnet{ID: id("virtualNetworks/vnet/subnets/nodes").ID},
						}}}}}, nil)
			answer, err := wait(ctx, poller, err)
			return answer.Interface, err
		},
		get: func(ctx context.Context) (any, error) {
			answer, err := client.Get(ctx, group, "nic", nil)
			return answer.Interface, err
		},
		remove: func(ctx context.Context) error {
			poller, err := client.BeginDelete(ctx, group, "nic", nil)
			_, err = wait(ctx, poller, err)
			return err
		},
	}
}
