// Package compare tells whether two answers to the same request say the same, after the
// parts that may differ are made equal, and shows differences without personal data.
package compare

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amends/amends/api/legacy/route"
)

// maxListed is how many differences of one pair of answers are listed.
const maxListed = 20

// Answer is one side's answer.
type Answer struct {
	Status int
	Body   []byte
}

// Difference is a place at which two answers differ, with both values as JSON, redacted;
// "" where a side has none.
type Difference struct{ Pointer, Legacy, Service string }

// Rules compare the answers of a route. It does not change; it is safe for concurrent use.
type Rules struct {
	ignore, unordered []pattern
	tolerance         []tolerated
	anyStatus         bool
}

type tolerated struct {
	pattern

	most route.Tolerance
}

// New returns the rules of a route.
func New(c route.Compare) Rules {
	r := Rules{ignore: patterns(c.Ignore), unordered: patterns(c.Unordered)}
	for _, at := range slices.Sorted(maps.Keys(c.Tolerance)) {
		r.tolerance = append(r.tolerance, tolerated{parse(at), route.ParseTolerance(c.Tolerance[at])})
	}
	return r
}

// DryRun returns the rules for a write that one side only tries: of two successes the status
// does not matter, because the side that does nothing has no 202 to answer.
func (r Rules) DryRun() Rules {
	r.anyStatus = true
	return r
}

// Differences compares two answers. Bodies that are not JSON are compared byte by byte.
func (r Rules) Differences(legacy, service Answer) (all []Difference) {
	if !r.sameStatus(legacy.Status, service.Status) {
		all = append(all, Difference{"status", strconv.Itoa(legacy.Status), strconv.Itoa(service.Status)})
		if legacy.Status >= 400 || service.Status >= 400 {
			return all // a problem and an answer have nothing in common
		}
	}
	if legacy.Status >= 400 {
		return all // problems are written for people
	}
	a, errA := decode(legacy.Body)
	b, errB := decode(service.Body)
	if errA != nil || errB != nil {
		if !bytes.Equal(legacy.Body, service.Body) {
			all = append(all, Difference{"", kind(errA), kind(errB)})
		}
		return all
	}
	r.walk(nil, a, b, &all)
	return all
}

func (r Rules) sameStatus(a, b int) bool { return a == b || r.anyStatus && a/100 == 2 && b/100 == 2 }

// kind names a body that is not shown.
func kind(err error) string {
	if err != nil {
		return "not JSON"
	}
	return "JSON"
}

var errMore = errors.New("more than one value")

// decode returns the value of a body; nothing is a value, too.
func decode(body []byte) (value any, err error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		return nil, fmt.Errorf("read an answer: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errMore
	}
	return value, nil
}

// walk compares the values at a path.
func (r Rules) walk(at []string, a, b any, all *[]Difference) {
	if len(*all) >= maxListed || matches(r.ignore, at) {
		return
	}
	switch x := a.(type) {
	case map[string]any:
		if y, ok := b.(map[string]any); ok {
			r.objects(at, x, y, all)
			return
		}
	case []any:
		if y, ok := b.([]any); ok && len(x) == len(y) {
			r.arrays(at, x, y, all)
			return
		}
	default:
		if a == b || r.near(at, a, b) {
			return
		}
	}
	*all = append(*all, difference(at, a, b))
}

// objects compares two objects. An absent field and null are the same to most clients, and to
// this comparison.
func (r Rules) objects(at []string, a, b map[string]any, all *[]Difference) {
	names := slices.Sorted(maps.Keys(a))
	for name := range b {
		if _, ok := a[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		r.walk(append(slices.Clip(at), name), a[name], b[name], all)
	}
}

func (r Rules) arrays(at []string, a, b []any, all *[]Difference) {
	if matches(r.unordered, at) {
		a, b = r.sorted(at, a), r.sorted(at, b)
	}
	for i := range a {
		r.walk(append(slices.Clip(at), strconv.Itoa(i)), a[i], b[i], all)
	}
}

// sorted returns the elements ordered by their JSON without the parts that are ignored or
// only near each other, so that both sides have the same order if they have the same elements.
func (r Rules) sorted(at []string, all []any) []any {
	type keyed struct {
		key   string
		value any
	}
	list := make([]keyed, len(all))
	for i, v := range all {
		text, _ := json.Marshal(r.certain(append(slices.Clip(at), strconv.Itoa(i)), v)) // it was JSON
		list[i] = keyed{string(text), v}
	}
	slices.SortStableFunc(list, func(a, b keyed) int { return strings.Compare(a.key, b.key) })
	out := make([]any, len(list))
	for i, k := range list {
		out[i] = k.value
	}
	return out
}

// certain returns a value without the fields that need not be equal.
func (r Rules) certain(at []string, v any) any {
	switch x := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, value := range x {
			below := append(slices.Clip(at), name)
			if _, loose := r.tolerated(below); !loose && !matches(r.ignore, below) && value != nil {
				out[name] = r.certain(below, value)
			}
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, value := range x {
			out[i] = r.certain(append(slices.Clip(at), strconv.Itoa(i)), value)
		}
		return out
	case json.Number:
		return spelled(x)
	case string:
		if t, err := time.Parse(time.RFC3339Nano, x); err == nil {
			return t.UTC()
		}
	}
	return v
}

func (r Rules) tolerated(at []string) (route.Tolerance, bool) {
	i := slices.IndexFunc(r.tolerance, func(t tolerated) bool { return t.matches(at) })
	if i < 0 {
		return route.Tolerance{}, false
	}
	return r.tolerance[i].most, true
}

// near reports whether two numbers, or two times, differ by no more than is tolerated. Two
// spellings of one number are the same.
func (r Rules) near(at []string, a, b any) bool {
	most, _ := r.tolerated(at)
	switch x := a.(type) {
	case json.Number:
		y, ok := b.(json.Number)
		m, errX := x.Float64()
		n, errY := y.Float64()
		return ok && (exact(x, y) || errX == nil && errY == nil && most.Number > 0 && math.Abs(m-n) <= most.Number)
	case string:
		y, ok := b.(string)
		s, errX := time.Parse(time.RFC3339Nano, x)
		t, errY := time.Parse(time.RFC3339Nano, y)
		return ok && errX == nil && errY == nil && s.Sub(t).Abs() <= most.Time
	default:
		return false
	}
}
