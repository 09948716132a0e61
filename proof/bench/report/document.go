package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Section names a part of docs/benchmarks.md that a command writes.
type Section string

// The sections.
const (
	Bench   Section = "bench"
	Flats   Section = "flat"
	Soak    Section = "soak"
	Savings Section = "savings"
	Styles  Section = "styles" // of a page of its own
)

// page is the initial text of the file. A command owns the text between the marks
// of its section; the rest is written by hand.
const page = `# Benchmarks

The cost of an order, compared in the same run with the least work that the engine
needs for a saga of this size. Each section's figures come from the command that
measured them; the text between them is written by hand.

- *floor-0* is a workflow that does nothing.
- *floor-n* is a saga in the style of the public samples: as many activities as an order
  has steps in other services, one after the other, on one task queue per service,
  each of them one INSERT. Its source is [proof/bench/floor](../proof/bench/floor/floor.go).
- *order* is the whole order, through HTTP, by the load generator of ` + "`amends load`" + `: the
  API in one process, all services in another, and a broker. *order, split* has a process
  for each service, which call each other over gRPC; *order, mtls* has mutual TLS, too.

[proof/bench](../proof/bench/main.go) describes how each figure is measured.

## Against the floor

` + "`make bench`" + ` writes this section.

<!-- bench: begin -->
Not run.
<!-- bench: end -->

## Savings

` + "`make bench-savings`" + ` writes this section.

<!-- savings: begin -->
Not run.
<!-- savings: end -->

## Cost over time

` + "`make bench-flat`" + ` writes this section.

<!-- flat: begin -->
Not run.
<!-- flat: end -->

## Soak

` + "`make soak`" + ` writes this section.

<!-- soak: begin -->
Not run.
<!-- soak: end -->
`

// Write replaces a section of the file. It creates a file that does not exist. The
// file must have the section's marks.
func Write(file string, s Section, text string) error {
	old, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		old, err = []byte(page), nil
	}
	if err != nil {
		return err
	}
	whole, err := replace(string(old), s, text)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	temporary := file + ".new"
	if err := os.WriteFile(temporary, []byte(whole), 0o644); err != nil { //nolint:gosec // a public page
		return err
	}
	return os.Rename(temporary, file)
}

// replace returns the page with another text between the section's marks.
func replace(whole string, s Section, text string) (string, error) {
	begin, end := fmt.Sprintf("<!-- %s: begin -->\n", s), fmt.Sprintf("<!-- %s: end -->", s)
	head, rest, ok := strings.Cut(whole, begin)
	if !ok {
		return "", fmt.Errorf("there is no mark %q", strings.TrimSpace(begin))
	}
	_, tail, ok := strings.Cut(rest, end)
	if !ok {
		return "", fmt.Errorf("there is no mark %q", end)
	}
	return head + begin + strings.TrimRight(text, "\n") + "\n" + end + tail, nil
}
