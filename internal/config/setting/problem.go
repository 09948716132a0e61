package setting

import (
	"fmt"
	"strings"
)

// Problem is one rule that a configuration breaks.
type Problem struct {
	Key   string // a key of the file, or a variable, as it was written
	Rule  string
	Value string // the value that breaks the rule, secrets masked; "" if there is none to show
}

// String returns the problem as one line.
func (p Problem) String() string {
	line := p.Key + ": " + p.Rule
	if p.Value != "" {
		line += fmt.Sprintf(", is %.100q", p.Value)
	}
	return strings.Join(strings.Fields(line), " ")
}

// Problems are all rules that a configuration breaks.
type Problems []Problem

// Error returns one line per problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// Add adds a problem.
func (p *Problems) Add(key, rule, value string) { *p = append(*p, Problem{key, rule, value}) }

// Err returns p as an error, nil if it is empty.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}
