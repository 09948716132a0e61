// Package sources counts the code that a step of an order costs in each style.
package sources

import (
	"fmt"
	"go/scanner"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/amends/amends/proof/bench/report"
)

// Code is where a step is named.
type Code struct {
	// Files are source files, without tests. Lines are those in them that have an
	// identifier or a text with the name of the step, comments left out.
	Files, Lines int
}

// Step is a step outside of its own service.
type Step struct {
	Name                        string
	Orchestrated, Choreographed Code
}

// named are the steps that are counted, and how their names begin in code.
var named = []struct {
	step  string
	names *regexp.Regexp
}{
	{"inventory.reserve", regexp.MustCompile(`(?i)reserv`)},
	{"payment.authorize", regexp.MustCompile(`(?i)authoriz`)},
	{"shipping.book", regexp.MustCompile(`(?i)book`)},
}

// Folders in which the styles name the steps of others: the workflow and the adapters of
// its activities; the reactions and the part of the order service for them.
var (
	ofWorkflows = []string{"workflows", "activities"}
	ofReactions = []string{"reactions", "services/order/course"}
)

// Steps counts in a source tree. It fails if a step is not named at all: then the folders
// or the names are wrong.
func Steps(tree fs.FS) (all []Step, err error) {
	for _, n := range named {
		s := Step{Name: n.step}
		if s.Orchestrated, err = count(tree, ofWorkflows, n.names); err == nil {
			s.Choreographed, err = count(tree, ofReactions, n.names)
		}
		if err != nil {
			return nil, err
		}
		if s.Orchestrated.Lines == 0 || s.Choreographed.Lines == 0 {
			return nil, fmt.Errorf("%s is named nowhere", n.step)
		}
		all = append(all, s)
	}
	return all, nil
}

// Table has a row for each step.
func Table(all []Step) *report.Table {
	t := report.NewTable("step", "orchestrated: files", "lines", "choreographed: files", "lines")
	for _, s := range all {
		t.Row(s.Name, strconv.Itoa(s.Orchestrated.Files), strconv.Itoa(s.Orchestrated.Lines),
			strconv.Itoa(s.Choreographed.Files), strconv.Itoa(s.Choreographed.Lines))
	}
	return t
}

// count counts in the files of folders, not below them.
func count(tree fs.FS, folders []string, names *regexp.Regexp) (c Code, err error) {
	for _, folder := range folders {
		files, err := fs.Glob(tree, path.Join(folder, "*.go"))
		if err != nil {
			return c, fmt.Errorf("count code: %w", err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := fs.ReadFile(tree, file)
			if err != nil {
				return c, fmt.Errorf("count code: %w", err)
			}
			if n := lines(text, names); n > 0 {
				c.Files, c.Lines = c.Files+1, c.Lines+n
			}
		}
	}
	return c, nil
}

// lines counts the lines of a file that have a name.
func lines(text []byte, names *regexp.Regexp) int {
	file := token.NewFileSet().AddFile("", -1, len(text))
	var s scanner.Scanner
	s.Init(file, text, nil, 0)
	all := map[int]bool{}
	for {
		at, tok, literal := s.Scan()
		switch {
		case tok == token.EOF:
			return len(all)
		case (tok == token.IDENT || tok == token.STRING) && names.MatchString(literal):
			all[file.Line(at)] = true
		}
	}
}
