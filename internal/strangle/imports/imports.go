// Package imports brings the data of a monolith over: products, stock, users and orders.
//
// An import reads the monolith's export page by page, each with a checksum, and writes what is
// not here yet; each item, or page of items, is one transaction. So a run that was killed
// anywhere is run again, and finds what it has done. Every run ends with a comparison: it reads
// the export anew, writes what has come since, and lists the items that differ from ours.
package imports

import (
	"context"
	"fmt"

	"github.com/amends/amends/internal/strangle/monolith"
)

// Report is the result of an import.
type Report struct {
	Kind    string   `json:"kind"`
	All     int      `json:"all"`     // items that the monolith has
	Written int      `json:"written"` // of these, by this run
	Differ  []string `json:"differ"`  // the differences between here and there, in words
}

// Compared returns how the comparison ended: "0 of 200 products differ".
func (r Report) Compared() string {
	return fmt.Sprintf("%d of %d %s differ", len(r.Differ), r.All, r.Kind)
}

// each writes all items of a kind, then compares all.
func each[T any](ctx context.Context, c *monolith.Client, kind string, write func(context.Context, []T) (int, error), differ func(context.Context, T) (string, error)) (Report, error) {
	r := Report{Kind: kind, Differ: []string{}}
	err := monolith.Each(ctx, c, kind, func(items []T) error {
		n, err := write(ctx, items)
		r.Written += n
		return err
	})
	if err != nil {
		return r, err //nolint:wrapcheck // it says which call
	}
	err = monolith.Each(ctx, c, kind, func(items []T) error {
		r.All += len(items)
		for _, item := range items {
			d, err := differ(ctx, item)
			if err == nil && d != "" { // the monolith goes on: it may have come since
				var n int
				if n, err = write(ctx, []T{item}); err == nil && n > 0 {
					r.Written += n
					d, err = differ(ctx, item)
				}
			}
			if err != nil {
				return err
			}
			if d != "" {
				r.Differ = append(r.Differ, d)
			}
		}
		return nil
	})
	return r, err //nolint:wrapcheck // it says which call
}

// unlike compares fields in order, and returns the first that differs in words.
type unlike struct{ about, found string }

func (u *unlike) field(name string, theirs, ours any) {
	if u.found == "" && theirs != ours {
		u.found = fmt.Sprintf("%s: its %s is %v there, %v here", u.about, name, theirs, ours)
	}
}
