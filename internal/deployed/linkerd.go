package deployed

import (
	"regexp"
	"slices"
	"strings"

	"github.com/amends/amends/internal/rpc"
	"github.com/amends/amends/worker/registry"
)

// The chart is installed as the release amends in the namespace amends: Linkerd's
// profiles have the namespace in their names.
const (
	release = "amends"
	cluster = ".amends.svc.cluster.local"
)

// mostMatches is how many methods one rule of a GRPCRoute may have in every version of
// the Gateway API.
const mostMatches = 8

// mostTime bounds a call that is no stream, in Linkerd's form. Every call has a deadline of its own,
// which is shorter; this one ends the calls of a caller that has lost its clock.
const mostTime = "30s"

type object = map[string]any

// Linkerd returns Linkerd's policy: for every service a Server that denies, and for each
// group of methods with the same callers a GRPCRoute that these may call.
func Linkerd() (all []any) {
	groups := map[string][]string{}
	for _, service := range registry.Names() {
		all = append(all, server(service))
		for _, same := range grouped(Rules(service)) {
			name := release + "-" + service + "-from-" + strings.Join(same.callers, "-")
			group := release + "-" + strings.Join(same.callers, "-")
			groups[group] = same.callers
			all = append(all, route(name, service, same.methods), authorization(name, group))
		}
	}
	for _, group := range sortedKeys(groups) {
		all = append(all, authentication(group, groups[group]))
	}
	return all
}

// Profiles returns Linkerd's rules for calls: a budget of retries for each service, and
// for each method whether it may be repeated and how long it may take.
func Profiles() (all []any) {
	for _, service := range registry.Names() {
		routes := []object{}
		for _, rule := range Rules(service) {
			routes = append(routes, profile(rule.Method))
		}
		all = append(all, object{
			"apiVersion": "linkerd.io/v1alpha2", "kind": "ServiceProfile",
			"metadata": object{"name": release + "-" + service + cluster, "namespace": release},
			"spec": object{
				"retryBudget": object{"retryRatio": 0.1, "minRetriesPerSecond": 5, "ttl": "10s"},
				"routes":      routes,
			},
		})
	}
	return all
}

// profile returns the rule of one method: what changes something twice is not repeated,
// and a stream has no end of its own.
func profile(method string) object {
	r := object{
		"name":      method,
		"condition": object{"method": "POST", "pathRegex": "/" + regexp.QuoteMeta(method)},
	}
	if rpc.Repeatable(method) {
		r["isRetryable"] = true
	}
	if !rpc.Streams(method) {
		r["timeout"] = mostTime
	}
	return r
}

func server(service string) object {
	return object{
		"apiVersion": "policy.linkerd.io/v1beta3", "kind": "Server",
		"metadata": meta(release + "-" + service),
		"spec": object{
			"podSelector": object{"matchLabels": object{
				"app.kubernetes.io/name": "amends", "app.kubernetes.io/instance": release, "app.kubernetes.io/component": service,
			}},
			"port": "rpc", "proxyProtocol": "gRPC", "accessPolicy": "deny",
		},
	}
}

func route(name, service string, methods []string) object {
	rules := []object{}
	for some := range slices.Chunk(methods, mostMatches) {
		matches := []object{}
		for _, method := range some {
			of, called, _ := strings.Cut(method, "/")
			matches = append(matches, object{"method": object{"type": "Exact", "service": of, "method": called}})
		}
		rules = append(rules, object{"matches": matches})
	}
	return object{
		"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GRPCRoute",
		"metadata": meta(name),
		"spec": object{
			"parentRefs": []object{{"group": "policy.linkerd.io", "kind": "Server", "name": release + "-" + service}},
			"rules":      rules,
		},
	}
}

func authorization(route, group string) object {
	return object{
		"apiVersion": "policy.linkerd.io/v1alpha1", "kind": "AuthorizationPolicy",
		"metadata": meta(route),
		"spec": object{
			"targetRef": object{"group": "gateway.networking.k8s.io", "kind": "GRPCRoute", "name": route},
			"requiredAuthenticationRefs": []object{
				{"group": "policy.linkerd.io", "kind": "MeshTLSAuthentication", "name": group},
			},
		},
	}
}

// authentication is that of callers by their accounts, which the chart makes.
func authentication(group string, callers []string) object {
	refs := []object{}
	for _, caller := range callers {
		refs = append(refs, object{"kind": "ServiceAccount", "name": release + "-" + caller})
	}
	return object{
		"apiVersion": "policy.linkerd.io/v1alpha1", "kind": "MeshTLSAuthentication",
		"metadata": meta(group), "spec": object{"identityRefs": refs},
	}
}

func meta(name string) object { return object{"name": name, "namespace": release} }

// same are methods with the same callers.
type same struct{ callers, methods []string }

// grouped returns the methods of rules by their callers, in the order of the first.
func grouped(rules []Rule) (all []same) {
	for _, rule := range rules {
		i := slices.IndexFunc(all, func(s same) bool { return slices.Equal(s.callers, rule.Callers) })
		if i < 0 {
			i, all = len(all), append(all, same{callers: rule.Callers})
		}
		all[i].methods = append(all[i].methods, rule.Method)
	}
	return all
}
