// Package policy decides who may call what. The table is in table.go; a method or a
// step without a row may be called by no caller.
package policy

import (
	"slices"
	"strings"

	"github.com/amends/amends/fault"
)

// Allow returns nil if caller may call a method, package.Service/Method. step is the
// step that a call of [Participant] names, otherwise "". A denial is a fault with code
// DENIED whose message names the rule.
func Allow(caller, method, step string) error {
	rules, name := Methods, method
	if strings.HasPrefix(method, Participant+"/") {
		rules, name = Steps, step
	}
	i := slices.IndexFunc(rules, func(r Row) bool { return r.Name == name })
	switch {
	case i < 0:
		return fault.Errorf(fault.Bug, fault.Denied, "%s may not call %s: the rule is default deny, because no row has it", caller, shown(name))
	case !slices.Contains(rules[i].From, caller) && !slices.Contains(rules[i].From, anybody):
		return fault.Errorf(fault.Bug, fault.Denied, "%s may not call %s: the rule is %s", caller, name, rules[i])
	default:
		return nil
	}
}

// shown returns a name that a caller sent, cut to a length that fits a message.
func shown(name string) string {
	const most = 100
	if name == "" {
		return "a step without a name"
	}
	return strings.ToValidUTF8(name[:min(len(name), most)], "")
}

func join(callers []string) string { return strings.Join(callers, ", ") }
