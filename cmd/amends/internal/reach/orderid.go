package reach

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/workflows"
)

// Naming tells in the help of a command how an order is named.
const Naming = "\n\nAn order is named by its id, or by the beginning of it, at least six characters that no other order's has."

// begun matches the beginning of an order's id that is long enough to name it: six
// characters of a UUID, or more, but not all 36.
var begun = regexp.MustCompile(`^[0-9a-f]{6}[0-9a-f-]{0,29}$`)

// OrderID returns the id of the order that a person names: by its id, by that of its
// workflow, which logs show, or by its beginning, at least six characters, which the read
// model completes if it is that of one order.
func OrderID(std cli.Stdio, cmd *cobra.Command, name string) (string, error) {
	id := strings.TrimPrefix(name, workflows.WorkflowID(""))
	if !begun.MatchString(id) {
		return id, nil
	}
	const shown = 5
	var found []query.Order
	err := ReadModel(std, cmd, func(ctx context.Context, s query.Service) (err error) {
		found, err = beginning(ctx, s, id, shown)
		return err
	})
	switch {
	case err != nil:
		return "", fmt.Errorf("%q is the beginning of an order's id, and the read model, which would complete it, does not answer: give the whole id: %w", id, err)
	case len(found) == 0:
		return "", fmt.Errorf("no order begins with %q; one that was placed a moment ago is found by its whole id", id)
	case len(found) > 1:
		ids := make([]string, len(found))
		for i, o := range found {
			ids[i] = o.ID
		}
		return "", fmt.Errorf("%q is the beginning of several orders, such as %s: give more of the id", id, strings.Join(ids, ", "))
	}
	return found[0].ID, nil
}

// beginning returns the newest orders whose ids begin with a text, at most limit.
func beginning(ctx context.Context, s query.Service, prefix string, limit int) (found []query.Order, err error) {
	f := query.OrderFilter{Text: prefix, Limit: query.MaxPage}
	for {
		page, err := s.Orders(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, o := range page.Orders { // a SKU, for example, may begin with the text too
			if strings.HasPrefix(o.Order.ID, prefix) && len(found) < limit {
				found = append(found, o.Order)
			}
		}
		if f.Cursor = page.Next; f.Cursor == "" || len(found) == limit {
			return found, nil
		}
	}
}

// mostCompletions is the largest number of ids that a completion offers.
const mostCompletions = 20

// CompleteOrder completes an order's id as the first argument, with its status beside it.
func CompleteOrder(std cli.Stdio) cobra.CompletionFunc {
	return cli.First(func(cmd *cobra.Command, typed string) (ids []cobra.Completion, _ error) {
		err := ReadModel(std, cmd, func(ctx context.Context, s query.Service) error {
			found, err := beginning(ctx, s, typed, mostCompletions)
			for _, o := range found {
				ids = append(ids, cobra.CompletionWithDesc(o.ID, string(o.Status)))
			}
			return err
		})
		return ids, err
	})
}
