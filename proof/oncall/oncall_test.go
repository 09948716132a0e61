//go:build whole

package oncall_test

import (
	"flag"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/bench/report"
	"github.com/amends/amends/proof/whole"
)

var (
	binary = flag.String("binary", "", "the amends that runs; empty: it is built")
	write  = flag.Bool("write", false, "write the table into the runbooks")
)

const runbooks = "../../docs/runbooks/README.md"

// fault is a fault that shares its platform with others.
type fault struct {
	wrong string
	run   func(t *testing.T, s *shift)
}

// The faults of a platform in one process, and those of one with a process for each service.
var (
	joint = []fault{
		{"the provider is silent (`tok_unknown`)", silentProvider},
		{"a workflow is terminated", terminated},
		{"a workflow is deleted", deleted},
		{"stock is changed by SQL", changedStock},
		{"a letter is dead: the event is wrong", deadLetter},
		{"a letter is dead: its listener had a bug", mendedBug},
		{"an event is lost", lostEvent},
	}
	several = []fault{
		{"a service's worker is killed", killedWorker},
		{"the order service's worker is killed", killedOrderWorker},
	}
)

// TestEveryFaultIsNamedAndRepaired meets one fault after the other, for their times are measured.
func TestEveryFaultIsNamedAndRepaired(t *testing.T) { //nolint:paralleltest // it measures times
	bin := *binary
	if bin == "" {
		bin = whole.Build(t)
	}
	var table strings.Builder
	table.WriteString("| wrong | named after | by | as | repaired by | well after |\n|---|---|---|---|---|---|\n")
	meet := func(t *testing.T, p *whole.Platform, all []fault) {
		t.Helper()
		for _, f := range all {
			t.Run(f.wrong, func(t *testing.T) {
				s := &shift{Platform: p, wrong: f.wrong}
				f.run(t, s)
				table.WriteString(s.line())
			})
		}
	}
	t.Run("processes", func(t *testing.T) {
		p := whole.New(bin, t.TempDir())
		p.Split(t, nil)
		meet(t, p, several)
	})
	t.Run("dev", func(t *testing.T) { meet(t, joined(t, bin, t.TempDir()), joint) })
	t.Run("restored", func(t *testing.T) {
		c := keep(t, bin)
		for _, r := range restored {
			t.Run(r.name, func(t *testing.T) { table.WriteString(olderCopy(t, c, r.name, r.words).line()) })
		}
		t.Run("temporal", func(t *testing.T) { table.WriteString(olderEngine(t, c).line()) })
	})
	fmt.Println(table.String())
	if *write && !t.Failed() {
		require.NoError(t, report.Write(runbooks, "oncall", table.String()))
	}
}

// firstObject reads the JSON object that a text begins with, whatever stands behind it.
func firstObject(text string) io.Reader {
	return strings.NewReader(text[max(0, strings.Index(text, "{")):])
}
