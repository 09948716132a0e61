package policy_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionv1alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity"
	"github.com/amends/amends/internal/identity/policy"
	"github.com/amends/amends/worker/registry"
)

const root = "../../.."

func TestAllowFollowsTheTable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ caller, method, step, denial string }{
		{"order", "amends.saga.v1.Participant/Do", "payment.capture", ""},
		{"order", "amends.saga.v1.Participant/Settle", "payment.capture", ""},
		{"payment", "amends.saga.v1.Participant/Do", "payment.capture", "payment may not call payment.capture: the rule is payment.capture <- order"},
		{"api", "amends.saga.v1.Participant/Undo", "payment.authorize", "the rule is payment.authorize <- order"},
		{"order", "amends.saga.v1.Participant/Do", "payment.steal", "order may not call payment.steal: the rule is default deny"},
		{"order", "amends.saga.v1.Participant/Do", "", "the rule is default deny"},
		{"order", "amends.saga.v1.Participant/Do", "grpc.health.v1.Health/Check", "the rule is default deny"},
		{"order", "payment.capture", "payment.capture", "the rule is default deny"},
		{"order", "amends.saga.v1.ParticipantX/Do", "payment.capture", "the rule is default deny"},
		{"order", "amends.saga.v1.Participant/Do", "*", "the rule is default deny"},
		{"shipping", "grpc.health.v1.Health/Watch", "", ""},
		{"shipping", "grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "", "the rule is grpc.reflection.v1.ServerReflection/ServerReflectionInfo <- operator"},
	} {
		err := policy.Allow(c.caller, c.method, c.step)
		if c.denial == "" {
			require.NoError(t, err, "%v", c)
			continue
		}
		require.Equal(t, fault.Denied, fault.CodeOf(err), "%v", c)
		require.Equal(t, fault.Bug, fault.KindOf(err), "%v", c)
		require.ErrorContains(t, err, c.denial)
	}
	require.LessOrEqual(t, len(policy.Allow("order", strings.Repeat("x", 5000), "").Error()), 300, "a caller chose the name")
}

// Of an order that no workflow takes forward each service asks for its own part. It learns
// no other one: neither the goods and the payment token nor the address.
func TestAServiceMayAskForNoOtherPartOfAnOrder(t *testing.T) {
	t.Parallel()
	for part, of := range map[string][]string{
		"GetWanted":      {"catalog", "inventory"},
		"GetPayable":     {"payment"},
		"GetDestination": {"shipping"},
		"GetContact":     {"notification"},
	} {
		for _, caller := range append(registry.Names(), identity.Gateway, identity.Operator) {
			err := policy.Allow(caller, "amends.order.v1.Order/"+part, "")
			require.Equal(t, slices.Contains(of, caller), err == nil, "%s %s: %v", caller, part, err)
		}
	}
}

// TestEveryMethodHasARowAndEveryRowAMethod reads the contracts of the whole tree.
func TestEveryMethodHasARowAndEveryRowAMethod(t *testing.T) {
	t.Parallel()
	methods := contracts(t)
	require.Contains(t, methods, policy.Participant+"/Do", "the contracts were found")
	methods = slices.DeleteFunc(methods, func(m string) bool { return strings.HasPrefix(m, policy.Participant+"/") })
	for _, d := range []*grpc.ServiceDesc{&grpc_health_v1.Health_ServiceDesc, &reflectionv1.ServerReflection_ServiceDesc, &reflectionv1alpha.ServerReflection_ServiceDesc} {
		for _, m := range d.Methods {
			methods = append(methods, d.ServiceName+"/"+m.MethodName)
		}
		for _, s := range d.Streams {
			methods = append(methods, d.ServiceName+"/"+s.StreamName)
		}
	}
	require.ElementsMatch(t, methods, names(policy.Methods), "table.go needs a row for each method, and only for these")
}

// contracts returns the methods of every contract, package.Service/Method.
func contracts(t *testing.T) (methods []string) {
	t.Helper()
	pkg := regexp.MustCompile(`(?m)^package ([a-z0-9.]+);`)
	part := regexp.MustCompile(`(?m)^\s*(service|rpc)\s+(\w+)`)
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "node_modules" || d.Name() == "bin"):
			return filepath.SkipDir
		case filepath.Ext(path) != ".proto":
			return nil
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		in := pkg.FindStringSubmatch(string(text))
		require.NotNil(t, in, path)
		service := ""
		for _, m := range part.FindAllStringSubmatch(string(text), -1) {
			if m[1] == "service" {
				service = m[2]
			} else {
				methods = append(methods, in[1]+"."+service+"/"+m[2])
			}
		}
		return nil
	}))
	return methods
}

// TestEveryStepHasARowAndEveryRowAStep reads the declarations of the steps.
func TestEveryStepHasARowAndEveryRowAStep(t *testing.T) {
	t.Parallel()
	require.ElementsMatch(t, steps(t), names(policy.Steps), "table.go needs a row for each step, and only for these")
}

// steps returns the names of the steps that the activities declare.
func steps(t *testing.T) (all []string) {
	t.Helper()
	files, err := filepath.Glob(root + "/activities/*.go")
	require.NoError(t, err)
	declared := regexp.MustCompile(`saga\.Step\[[^{]*\{\s*Name:\s*"([^"]+)"`)
	for _, path := range files {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
			all = append(all, m[1])
		}
	}
	return all
}

// TestEveryCallerExists: a rule for a service that was renamed allows no caller, or a
// new one by accident.
func TestEveryCallerExists(t *testing.T) {
	t.Parallel()
	known := append(registry.Names(), identity.Gateway, identity.Operator, "*")
	for _, row := range slices.Concat(policy.Methods, policy.Steps) {
		require.NotEmpty(t, row.From, row.Name)
		for _, caller := range row.From {
			require.Contains(t, known, caller, row.Name)
		}
	}
	for _, name := range registry.Names() {
		require.True(t, identity.ValidName(name))
	}
}

func names(rows []policy.Row) []string {
	found := map[string]bool{}
	for _, r := range rows {
		found[r.Name] = true
	}
	if len(found) != len(rows) {
		return nil // a name has two rows
	}
	return slices.Sorted(maps.Keys(found))
}
