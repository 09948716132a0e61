package route

import (
	"bytes"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// File is the content of a file of routes.
type File struct {
	// Upstreams are programs behind the gateway: names, and addresses such as
	// http://127.0.0.1:9901. A request never names an address.
	Upstreams map[string][]string `yaml:"upstreams"`
	Routes    []Route             `yaml:"routes"`
}

// Read parses a file and checks it with [File.Check].
func Read(content []byte) (File, error) {
	var f File
	d := yaml.NewDecoder(bytes.NewReader(content))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil {
		return File{}, fmt.Errorf("read the routes: %w", err)
	}
	if problems := f.Check(); len(problems) > 0 {
		return File{}, problems
	}
	return f, nil
}

// Write returns the file as YAML.
func (f File) Write() ([]byte, error) {
	content, err := yaml.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("write the routes: %w", err)
	}
	return content, nil
}

// Find returns the route of a name.
func (f File) Find(name string) (Route, bool) {
	i := slices.IndexFunc(f.Routes, func(r Route) bool { return r.Name == name })
	if i < 0 {
		return Route{}, false
	}
	return f.Routes[i], true
}

// With returns a copy of the file with a route, in the place of one of its name or last.
func (f File) With(r Route) File {
	f.Routes = slices.Clone(f.Routes)
	if i := slices.IndexFunc(f.Routes, func(o Route) bool { return o.Name == r.Name }); i >= 0 {
		f.Routes[i] = r
	} else {
		f.Routes = append(f.Routes, r)
	}
	return f
}

// Problem is one rule that a file breaks. Field is a pointer into its route, "" for others.
type Problem struct{ Route, Field, Rule string }

// Problems are all rules that a file breaks.
type Problems []Problem

// Error returns one line for each problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = strings.TrimSpace(one.Route+one.Field) + ": " + one.Rule
	}
	return strings.Join(lines, "\n")
}

var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// Check returns every rule that the file breaks, conflicts of its patterns included.
func (f File) Check() (all Problems) {
	for _, name := range slices.Sorted(maps.Keys(f.Upstreams)) {
		if !validName.MatchString(name) {
			all = append(all, Problem{"upstreams." + name, "", "must be named by lower-case letters, digits and dashes"})
		}
		if len(f.Upstreams[name]) == 0 {
			all = append(all, Problem{"upstreams." + name, "", "must have an address"})
		}
		for _, address := range f.Upstreams[name] {
			if !validAddress(address) {
				all = append(all, Problem{"upstreams." + name, "", "must have addresses such as http://127.0.0.1:9901"})
			}
		}
	}
	seen := map[string]bool{}
	for _, r := range f.Routes {
		if seen[r.Name] {
			all = append(all, Problem{r.Name, "/name", "must not be used twice"})
		}
		seen[r.Name] = true
		all = append(all, f.check(r)...)
	}
	if len(all) == 0 {
		_, all = compile(f)
	}
	return all
}

func validAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && !strings.HasSuffix(u.Host, ":") && u.User == nil && strings.Trim(u.Path, "/")+u.RawQuery+u.Fragment == ""
}

// check returns the rules that one route breaks.
func (f File) check(r Route) (all Problems) {
	rule := func(holds bool, field, text string) {
		if !holds {
			all = append(all, Problem{r.Name, field, text})
		}
	}
	rule(validName.MatchString(r.Name), "/name", "must be 1 to 64 lower-case letters, digits and dashes")
	rule(len(r.Match) > 0, "/match", "must have a pattern such as GET /v1/products/{sku}")
	rule(slices.Contains([]Mode{Legacy, Shadow, Canary, Service}, r.Mode), "/mode", "must be legacy, shadow, canary or service")
	rule(r.Percent >= 0 && r.Percent <= 100, "/percent", "must be from 0 to 100")
	rule(f.Upstreams[r.Upstream] != nil, "/upstream", "must be the name of an upstream")
	rule(r.Timeout >= 100*time.Millisecond && r.Timeout <= time.Minute, "/timeout", "must be from 100ms to 60s")
	rule(r.Gate.Compared >= 0 && r.Gate.Compared <= 1_000_000, "/gate/compared", "must be from 0 to 1000000")
	rule(share(r.Gate.Differing), "/gate/differing", "must be from 0 to 1")
	rule(share(r.Gate.Errors), "/gate/errors", "must be from 0 to 1")
	rule(r.Gate.Least >= 1 && r.Gate.Least <= 1_000_000, "/gate/least", "must be from 1 to 1000000")
	rule(r.Gate.Window >= time.Second && r.Gate.Window <= time.Minute, "/gate/window", "must be from 1s to 60s")
	rule(r.Gate.Slow >= 100*time.Millisecond && r.Gate.Slow <= time.Minute, "/gate/slow", "must be from 100ms to 60s")
	for _, at := range slices.Concat(r.Compare.Ignore, r.Compare.Unordered, slices.Sorted(maps.Keys(r.Compare.Tolerance))) {
		rule(at != "" && (strings.HasPrefix(at, "/") || !strings.ContainsAny(at, "/*")), "/compare", "must have names of fields, or pointers such as /lines/*/id")
	}
	for _, most := range r.Compare.Tolerance {
		rule(ParseTolerance(most) != Tolerance{}, "/compare/tolerance", "must have numbers or durations above 0, such as 0.5 or 2s")
	}
	return all
}

func share(x float64) bool { return x >= 0 && x <= 1 }
