package deployed_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/deployed"
	"github.com/amends/amends/internal/identity"
	"github.com/amends/amends/internal/identity/policy"
	"github.com/amends/amends/internal/rpc"
	"github.com/amends/amends/worker/registry"
)

// TestEveryRowIsDeployed: the rules of all services together are the table.
func TestEveryRowIsDeployed(t *testing.T) {
	t.Parallel()
	found := map[string][]string{}
	for _, service := range registry.Names() {
		for _, rule := range deployed.Rules(service) {
			require.NotContains(t, rule.Callers, "*", "%s of %s: a mesh knows no such caller", rule.Method, service)
			require.NotEmpty(t, rule.Callers, rule.Method)
			found[rule.Method] = rule.Callers
		}
	}
	for _, row := range policy.Methods {
		switch {
		case strings.HasPrefix(row.Name, "grpc.reflection."), row.Name == "grpc.health.v1.Health/List":
			require.NotContains(t, found, row.Name, "it is served in development only")
		case slices.Contains(row.From, "*"):
			require.Contains(t, found, row.Name)
		default:
			require.Equal(t, row.From, found[row.Name], row.Name)
		}
		delete(found, row.Name)
	}
	for method := range found {
		require.True(t, strings.HasPrefix(method, policy.Participant+"/"), "%s is not in the table", method)
	}
}

func TestCallersOfAService(t *testing.T) {
	t.Parallel()
	callers := deployed.Callers()
	require.Len(t, callers, len(registry.Names()))
	require.Equal(t, []string{identity.Gateway, "order", "query", identity.Operator}, sortedAs(callers["payment"], identity.Gateway, "order", "query", identity.Operator))
	require.NotContains(t, callers["payment"], "shipping")
	for service, from := range callers {
		for _, step := range policy.Steps {
			if strings.HasPrefix(step.Name, service+".") {
				require.Subset(t, from, step.From, step.Name)
			}
		}
	}
}

// sortedAs returns all in the order of want, so that a failure shows the difference.
func sortedAs(all []string, want ...string) []string {
	slices.SortFunc(all, func(a, b string) int { return slices.Index(want, a) - slices.Index(want, b) })
	return all
}

func TestOnlyRepeatableMethodsAreRetriedByAMesh(t *testing.T) {
	t.Parallel()
	require.True(t, rpc.Repeatable("amends.order.v1.Order/Get"))
	require.True(t, rpc.Streams("amends.query.v1.Query/Follow"))
	retried := 0
	for _, p := range deployed.Profiles() {
		spec := p.(map[string]any)["spec"].(map[string]any)       //nolint:errcheck,forcetypeassert // a wrong shape fails the test
		for _, route := range spec["routes"].([]map[string]any) { //nolint:errcheck // as above
			method := route["name"].(string) //nolint:errcheck,forcetypeassert // as above
			require.Equal(t, rpc.Repeatable(method), route["isRetryable"] == true, method)
			require.Equal(t, !rpc.Streams(method), route["timeout"] != nil, method)
			if route["isRetryable"] == true {
				retried++
			}
		}
	}
	require.Positive(t, retried)
}

func TestTheFilesAreFresh(t *testing.T) {
	t.Parallel()
	files, err := deployed.Files()
	require.NoError(t, err)
	for path, want := range files {
		have, err := os.ReadFile(filepath.Join("../../deploy", path))
		require.NoError(t, err)
		require.Equal(t, string(want), string(have), "run: go generate ./deploy")
	}
}
