// Creates, reads back, updates and destroys 14 resources with the Go SDK of Azure, unchanged, against
// the cloud that the environment names: the variables of `azsec local env`.
//
// Prints a line a resource and step, and a summary; exits with 1 where anything differs.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v6"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/keyvault/armkeyvault"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
)

const (
	group    = "rg-go"
	location = "westeurope"
)

// A resource: how it is written, read and deleted. put sends the body, changed where the step is an
// update; get and put return what Azure answered.
type resource struct {
	name   string
	put    func(ctx context.Context, changed bool) (any, error)
	get    func(ctx context.Context) (any, error)
	remove func(ctx context.Context) error
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	resources, err := open()
	if err != nil {
		fmt.Println("failed ", err)
		os.Exit(1)
	}
	wrong := 0
	check := func(step, name string, err error) {
		if err != nil {
			wrong++
			fmt.Printf("WRONG   %s %s: %v\n", step, name, err)
			return
		}
		fmt.Printf("right   %s %s\n", step, name)
	}
	for _, each := range resources {
		check("create", each.name, each.create(ctx))
	}
	for _, each := range resources {
		check("settle", each.name, each.settle(ctx))
	}
	for _, each := range resources {
		check("update", each.name, each.update(ctx))
	}
	for index := len(resources) - 1; index >= 0; index-- {
		check("destroy", resources[index].name, resources[index].destroy(ctx))
	}
	fmt.Printf("%d resources, %d steps, %d wrong\n", len(resources), 4*len(resources), wrong)
	if wrong > 0 {
		os.Exit(1)
	}
}

// create writes the resource, which was not there before, and reads back what the write answered.
func (r resource) create(ctx context.Context) error {
	if _, err := r.get(ctx); !isNotFound(err) {
		return fmt.Errorf("expected 404 before it is created, got %v", err)
	}
	return r.write(ctx, false)
}

// settle writes the resource again as it is: nothing of it may differ.
func (r resource) settle(ctx context.Context) error {
	before, err := r.get(ctx)
	if err != nil {
		return err
	}
	if err := r.write(ctx, false); err != nil {
		return err
	}
	after, err := r.get(ctx)
	if err != nil {
		return err
	}
	return differ(before, after)
}

// update changes the resource, and sees that the change is there.
func (r resource) update(ctx context.Context) error {
	before, err := r.get(ctx)
	if err != nil {
		return err
	}
	if err := r.write(ctx, true); err != nil {
		return err
	}
	after, err := r.get(ctx)
	if err != nil {
		return err
	}
	if differ(before, after) == nil {
		return errors.New("the update changed nothing")
	}
	return nil
}

func (r resource) destroy(ctx context.Context) error {
	if err := r.remove(ctx); err != nil {
		return err
	}
	if _, err := r.get(ctx); !isNotFound(err) {
		return fmt.Errorf("expected 404 after it was deleted, got %v", err)
	}
	return nil
}

func (r resource) write(ctx context.Context, changed bool) error {
	answered, err := r.put(ctx, changed)
	if err != nil {
		return err
	}
	read, err := r.get(ctx)
	if err != nil {
		return err
	}
	return differ(answered, read)
}

// differ returns an error that names what is different in two answers. Of a write and a read Azure
// says the same but for what changes with each write.
func differ(left, right any) error {
	return differAt("", plain(left), plain(right))
}

func differAt(path string, left, right any) error {
	a, isMap := left.(map[string]any)
	b, alike := right.(map[string]any)
	if isMap && alike {
		for name := range union(a, b) {
			if err := differAt(path+"."+name, a[name], b[name]); err != nil {
				return err
			}
		}
		return nil
	}
	c, isList := left.([]any)
	d, alike := right.([]any)
	if isList && alike && len(c) == len(d) {
		for index := range c {
			if err := differAt(fmt.Sprintf("%s[%d]", path, index), c[index], d[index]); err != nil {
				return err
			}
		}
		return nil
	}
	if !reflect.DeepEqual(left, right) {
		return fmt.Errorf("%s was %v and is %v", path, left, right)
	}
	return nil
}

func union(a, b map[string]any) map[string]bool {
	names := map[string]bool{}
	for name := range a {
		names[name] = true
	}
	for name := range b {
		names[name] = true
	}
	return names
}

var volatile = map[string]bool{"etag": true, "systemData": true, "resourceGuid": true,
	"lastModifiedAt": true, "eTag": true}

func plain(value any) any {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	var read any
	if err := json.Unmarshal(text, &read); err != nil {
		return err.Error()
	}
	return without(read)
}

func without(value any) any {
	switch found := value.(type) {
	case map[string]any:
		kept := map[string]any{}
		for name, each := range found {
			if !volatile[name] {
				kept[name] = without(each)
			}
		}
		return kept
	case []any:
		kept := make([]any, len(found))
		for index, each := range found {
			kept[index] = without(each)
		}
		return kept
	}
	return value
}

func isNotFound(err error) bool {
	var answered *azcore.ResponseError
	return errors.As(err, &answered) && answered.StatusCode == http.StatusNotFound
}

// wait polls an operation to its end.
func wait[T any](ctx context.Context, poller *runtime.Poller[T], err error) (T, error) {
	if err != nil {
		var none T
		return none, err
	}
	// A second is the least that the SDK takes.
	return poller.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: time.Second})
}

func variable(name string) string {
	value := os.Getenv(name)
	if value == "" {
		fmt.Println("failed  the variable", name, "is not set: eval \"$(azsec local env)\"")
		os.Exit(1)
	}
	return value
}

func open() ([]resource, error) {
	endpoint := variable("AZSEC_LOCAL_ENDPOINT")
	options := policy.ClientOptions{Cloud: cloud.Configuration{
		ActiveDirectoryAuthorityHost: variable("AZURE_AUTHORITY_HOST"),
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: endpoint, Audience: endpoint},
		},
	}}
	credential, err := azidentity.NewClientSecretCredential(
		variable("AZURE_TENANT_ID"), variable("AZURE_CLIENT_ID"), variable("AZURE_CLIENT_SECRET"),
		&azidentity.ClientSecretCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: true,
		})
	if err != nil {
		return nil, err
	}
	subscription := variable("AZURE_SUBSCRIPTION_ID")
	settings := &arm.ClientOptions{ClientOptions: options}
	network, err := armnetwork.NewClientFactory(subscription, credential, settings)
	if err != nil {
		return nil, err
	}
	groups, err := armresources.NewResourceGroupsClient(subscription, credential, settings)
	if err != nil {
		return nil, err
	}
	vaults, err := armkeyvault.NewVaultsClient(subscription, credential, settings)
	if err != nil {
		return nil, err
	}
	service, err := armcontainerservice.NewClientFactory(subscription, credential, settings)
	if err != nil {
		return nil, err
	}
	resources := []resource{resourceGroup(groups)}
	resources = append(resources, networks(network, subscription)...)
	return append(resources, vault(vaults), cluster(service), pool(service)), nil
}

// tags are what most updates change.
func tags(changed bool) map[string]*string {
	if changed {
		return map[string]*string{"team": to.Ptr("platform"), "stage": to.Ptr("two")}
	}
	return map[string]*string{"team": to.Ptr("platform")}
}

func resourceGroup(client *armresources.ResourceGroupsClient) resource {
	return resource{
		name: "resource group",
		put: func(ctx context.Context, changed bool) (any, error) {
			answer, err := client.CreateOrUpdate(ctx, group, armresources.ResourceGroup{
				Location: to.Ptr(location), Tags: tags(changed)}, nil)
			return answer.ResourceGroup, err
		},
		get: func(ctx context.Context) (any, error) {
			answer, err := client.Get(ctx, group, nil)
			return answer.ResourceGroup, err
		},
		remove: func(ctx context.Context) error {
			poller, err := client.BeginDelete(ctx, group, nil)
			_, err = wait(ctx, poller, err)
			return err
		},
	}
}

func vault(client *armkeyvault.VaultsClient) resource {
	const name = "kv-go-clients"
	return resource{
		name: "key vault",
		put: func(ctx context.Context, changed bool) (any, error) {
			poller, err := client.BeginCreateOrUpdate(ctx, group, name,
				armkeyvault.VaultCreateOrUpdateParameters{
					Location: to.Ptr(location), Tags: tags(changed),
					Properties: &armkeyvault.VaultProperties{
						TenantID:                to.Ptr(variable("AZURE_TENANT_ID")),
						EnableRbacAuthorization: to.Ptr(true),
						SKU: &armkeyvault.SKU{Family: to.Ptr(armkeyvault.SKUFamilyA),
							Name: to.Ptr(armkeyvault.SKUNameStandard)},
					}}, nil)
			answer, err := wait(ctx, poller, err)
			return answer.Vault, err
		},
		get: func(ctx context.Context) (any, error) {
			answer, err := client.Get(ctx, group, name, nil)
			return answer.Vault, err
		},
		remove: func(ctx context.Context) error {
			if _, err := client.Delete(ctx, group, name, nil); err != nil {
				return err
			}
			poller, err := client.BeginPurgeDeleted(ctx, name, location, nil)
			_, err = wait(ctx, poller, err)
			return err
		},
	}
}

func cluster(factory *armcontainerservice.ClientFactory) resource {
	client := factory.NewManagedClustersClient()
	return resource{
		name: "cluster",
		put: func(ctx context.Context, changed bool) (any, error) {
			body := armcontainerservice.ManagedCluster{
				Location: to.Ptr(location),
				Identity: &armcontainerservice.ManagedClusterIdentity{
					Type: to.Ptr(armcontainerservice.ResourceIdentityTypeSystemAssigned)},
				Properties: &armcontainerservice.ManagedClusterProperties{
					DNSPrefix: to.Ptr("aks"),
					AgentPoolProfiles: []*armcontainerservice.ManagedClusterAgentPoolProfile{{
						Name: to.Ptr("sys"), Count: to.Ptr[int32](1),
						Mode:   to.Ptr(armcontainerservice.AgentPoolModeSystem),
						VMSize: to.Ptr("Standard_D4ds_v5")}},
				}}
			// A write that leaves a pool out would remove it: what is there is sent back.
			if known, err := client.Get(ctx, group, "aks", nil); err == nil {
				body = known.ManagedCluster
			}
			body.Tags = tags(changed)
			poller, err := client.BeginCreateOrUpdate(ctx, group, "aks", body, nil)
			answer, err := wait(ctx, poller, err)
			return answer.ManagedCluster, err
		},
		get: func(ctx context.Context) (any, error) {
			answer, err := client.Get(ctx, group, "aks", nil)
			return answer.ManagedCluster, err
		},
		remove: func(ctx context.Context) error {
			poller, err := client.BeginDelete(ctx, group, "aks", nil)
			_, err = wait(ctx, poller, err)
			return err
		},
	}
}

func pool(factory *armcontainerservice.ClientFactory) resource {
	client := factory.NewAgentPoolsClient()
	return resource{
		name: "node pool",
		put: func(ctx context.Context, changed bool) (any, error) {
			count := to.Ptr[int32](1)
			if changed {
				count = to.Ptr[int32](3)
			}
			poller, err := client.BeginCreateOrUpdate(ctx, group, "aks", "batch",
				armcontainerservice.AgentPool{
					Properties: &armcontainerservice.ManagedClusterAgentPoolProfileProperties{
						Count: count, VMSize: to.Ptr("Standard_D4ds_v5"),
						Mode: to.Ptr(armcontainerservice.AgentPoolModeUser)}}, nil)
			answer, err := wait(ctx, poller, err)
			return answer.AgentPool, err
		},
		get: func(ctx context.Context) (any, error) {
			answer, err := client.Get(ctx, group, "aks", "batch", nil)
			return answer.AgentPool, err
		},
		remove: func(ctx context.Context) error {
			poller, err := client.BeginDelete(ctx, group, "aks", "batch", nil)
			_, err = wait(ctx, poller, err)
			return err
		},
	}
}
