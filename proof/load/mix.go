package load

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/services/order"
)

// Kind is the intended way of an order.
type Kind string

// The kinds. The first is the rest of the mix.
const (
	Plain         Kind = "plain"         // everything goes well
	Declined      Kind = "declined"      // the payment is refused, when authorizing or at the pivot
	OutOfStock    Kind = "out_of_stock"  // a product that is sold out
	Undeliverable Kind = "undeliverable" // no carrier goes there
	Cancelled     Kind = "cancelled"     // the customer cancels as soon as it is acknowledged
	Slow          Kind = "slow"          // the payment provider takes 3 s
	Duplicate     Kind = "duplicate"     // placed twice at once with one key
)

// Choreographed is no kind: it is the share of the orders, whatever their kind, that are
// placed without a workflow. Without it, the platform's own style counts.
const Choreographed Kind = "choreographed"

// kinds in the order of tables.
var kinds = []Kind{Plain, Declined, OutOfStock, Undeliverable, Cancelled, Slow, Duplicate}

// Mix is the share of the orders of each kind, in per cent. The rest up to 100 is
// plain. Beside them it may have [Choreographed].
type Mix map[Kind]float64

// DefaultMix is the mix of `amends load`: a fifth of the orders is not plain.
func DefaultMix() Mix {
	return Mix{Declined: 5, OutOfStock: 3, Undeliverable: 2, Cancelled: 5, Slow: 1, Duplicate: 5}
}

// ParseMix reads the output of [Mix.String]: declined=5,out_of_stock=3. The empty
// string is the empty mix: all orders are plain.
func ParseMix(s string) (Mix, error) {
	m := Mix{}
	if strings.TrimSpace(s) == "" {
		return m, nil
	}
	var problems []error
	for part := range strings.SplitSeq(s, ",") {
		name, share, found := strings.Cut(strings.TrimSpace(part), "=")
		kind := Kind(name)
		percent, err := strconv.ParseFloat(share, 64)
		if !found || err != nil {
			problems = append(problems, fmt.Errorf("mix: %q is not KIND=PERCENT", part))
			continue
		}
		if _, twice := m[kind]; twice {
			problems = append(problems, fmt.Errorf("mix: %s is given twice", kind))
		}
		m[kind] = percent
	}
	return m, errors.Join(append(problems, m.Validate())...)
}

// Validate returns every problem, one per line.
func (m Mix) Validate() error {
	var problems []error
	var sum float64
	for _, kind := range m.kinds() {
		percent := m[kind]
		if !slices.Contains(kinds[1:], kind) && kind != Choreographed {
			problems = append(problems, fmt.Errorf("mix: there is no kind %q, only %s", kind, join(slices.Concat(kinds[1:], []Kind{Choreographed}))))
		}
		if !(percent >= 0 && percent <= 100) {
			problems = append(problems, fmt.Errorf("mix: %s must be 0 to 100 per cent, is %g", kind, percent))
		}
		if kind != Choreographed {
			sum += percent
		}
	}
	if sum > 100 {
		problems = append(problems, fmt.Errorf("mix: must be at most 100 per cent together, is %g", sum))
	}
	return errors.Join(problems...)
}

// String writes the mix as [ParseMix] reads it.
func (m Mix) String() string {
	var parts []string
	for _, kind := range m.kinds() {
		parts = append(parts, fmt.Sprintf("%s=%g", kind, m[kind]))
	}
	return strings.Join(parts, ",")
}

// kinds returns the kinds of the mix, the known ones in their order.
func (m Mix) kinds() []Kind {
	var all []Kind
	for kind := range m {
		all = append(all, kind)
	}
	slices.SortFunc(all, func(a, b Kind) int {
		x, y := slices.Index(kinds, a), slices.Index(kinds, b)
		if x != y {
			return x - y
		}
		return strings.Compare(string(a), string(b))
	})
	return all
}

// kind returns the kind of an order whose draw is 0 to 100.
func (m Mix) kind(draw float64) Kind {
	for _, kind := range kinds[1:] {
		if draw < m[kind] {
			return kind
		}
		draw -= m[kind]
	}
	return Plain
}

// style returns the style of an order whose draw is 0 to 100; empty: that of the platform.
func (m Mix) style(draw float64) client.Style {
	share, given := m[Choreographed]
	switch {
	case !given:
		return ""
	case draw < share:
		return client.Style(order.Choreographed)
	default:
		return client.Style(order.Orchestrated)
	}
}

func join(kinds []Kind) string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}
