// Package deployed derives from the table of callers which calls a network or a mesh must
// let through, for the manifests below deploy/. The table is that of package policy; a
// manifest that names callers is generated from it or compared with it.
package deployed

import (
	"maps"
	"slices"
	"strings"

	"github.com/amends/amends/internal/identity/policy"
	"github.com/amends/amends/worker/registry"
)

// everywhere are the packages of methods that the workers of every service answer.
var everywhere = []string{"amends.audit.v1.", "amends.event.v1.", "amends.letters.v1."}

const (
	health     = "grpc.health.v1.Health/"
	reflection = "grpc.reflection." // in development only
)

// Rule is who may call a method, package.Service/Method. Every caller has a name: no rule
// is for all.
type Rule struct {
	Method  string
	Callers []string
}

// Rules returns the rules of the methods that a service's workers answer, in the order of
// their names. A caller that may take any step of the service may call the methods of
// steps; which step it takes is checked by the called alone. Health may be asked by those
// that may call something else.
func Rules(service string) (all []Rule) {
	for _, row := range policy.Methods {
		switch {
		case strings.HasPrefix(row.Name, health), strings.HasPrefix(row.Name, reflection):
		case answers(service, row.Name):
			all = append(all, Rule{Method: row.Name, Callers: row.From})
		}
	}
	if takers := takers(service); len(takers) > 0 {
		for _, method := range []string{"Do", "Settle", "Undo"} {
			all = append(all, Rule{Method: policy.Participant + "/" + method, Callers: takers})
		}
	}
	callers := union(all)
	for _, method := range []string{"Check", "Watch"} {
		all = append(all, Rule{Method: health + method, Callers: callers})
	}
	slices.SortFunc(all, func(a, b Rule) int { return strings.Compare(a.Method, b.Method) })
	return all
}

// Callers returns the callers of every service, in the order of their names.
func Callers() map[string][]string {
	all := map[string][]string{}
	for _, service := range registry.Names() {
		all[service] = union(Rules(service))
	}
	return all
}

// answers reports whether the workers of a service answer a typed method.
func answers(service, method string) bool {
	return strings.HasPrefix(method, "amends."+service+".v1.") ||
		slices.ContainsFunc(everywhere, func(prefix string) bool { return strings.HasPrefix(method, prefix) })
}

// takers returns the callers that may take a step of a service.
func takers(service string) []string {
	var rules []Rule
	for _, row := range policy.Steps {
		if strings.HasPrefix(row.Name, service+".") {
			rules = append(rules, Rule{Callers: row.From})
		}
	}
	return union(rules)
}

// union returns the callers of rules, each once.
func union(rules []Rule) []string {
	found := map[string]bool{}
	for _, rule := range rules {
		for _, caller := range rule.Callers {
			found[caller] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}
