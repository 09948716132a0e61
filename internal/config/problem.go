package config

import (
	"fmt"
	"strings"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	Key   string // as it was written: a key of the file, a flag or a variable
	Rule  string // what is asked for
	Value string // what was found, secrets masked; "" if there is nothing to show
}

// String returns the problem as one line.
func (p Problem) String() string {
	line := p.Key + ": " + p.Rule
	if p.Value != "" {
		line += fmt.Sprintf(", is %.100q", p.Value)
	}
	return strings.Join(strings.Fields(line), " ")
}

// Problems is the error of [Load] and [Config.Validate]: everything that is
// wrong, at once.
type Problems []Problem

// Error returns one line per problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// err returns p as an error, nil if it is empty.
func (p Problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}
