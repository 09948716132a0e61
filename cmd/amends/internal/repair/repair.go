// Package repair has the command `amends repair`, which sends the repair of an
// order to the admin address of the API.
package repair

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/cmd/amends/internal/admin"
	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/reach"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/internal/show/orderview"
	"github.com/amends/amends/worker/registry"
	"github.com/amends/amends/workflows"
)

// repair holds the arguments and flags of `amends repair`.
type repair struct {
	order, refund, step, action, reason, reference string
	json, dryRun                                   bool
}

func (r repair) acknowledges() bool { return r.action == string(contract.ActionAcknowledge) }

// whole reports whether the repair is of the whole order, and of no step.
func (r repair) whole() bool {
	return r.acknowledges() || r.restarts() || r.action == string(contract.ActionNudge)
}

// restarts reports whether the repair sets the whole saga going again. Such a one is looked at
// before it is made.
func (r repair) restarts() bool {
	return r.action == string(contract.ActionResume) || r.action == string(contract.ActionRerun)
}

// Command returns `amends repair`.
func Command(std cli.Stdio) *cobra.Command {
	var r repair
	cmd := &cobra.Command{
		Use:   "repair ORDER STEP [--refund ID] --action retry|skip --reason WORDS | repair ORDER --action resume|rerun|nudge|acknowledge --reason WORDS",
		Short: "Retry a flagged step of an order, give up on undoing it, set its saga going again, or mark it as reviewed",
		Long: "Retry a flagged step of an order now (retry), or give up on undoing it (skip), which records a waiver\n" +
			"of what the step holds. acknowledge marks a finished order as reviewed: its flags leave the list of\n" +
			"orders that need attention; operator, time and reason are kept. --refund names a refund of the order whose\n" +
			"step it is. nudge has the newest fact of a choreographed order told again now, as the clock of the order\n" +
			"service does from time to time: its services go on from there.\n\n" +
			"resume takes up an undecided order whose workflow was terminated, deleted or timed out, at any age, or a\n" +
			"choreographed order that stands still: a workflow asks first whether the money was taken, and then goes\n" +
			"forward, or undoes everything. rerun resets the order's workflow to its beginning, at any status. Both first\n" +
			"print what they do again and what not; with --dry-run they do no more than that.\n\n" +
			"The command calls the admin address of the API as the operator with the token AMENDS_OPERATOR_TOKEN.\n" +
			"`amends order list --needs-attention` lists flagged orders." + reach.Naming,
		Args: func(cmd *cobra.Command, args []string) error {
			if r.whole() {
				return cli.Exactly("repair --action "+r.action+" needs an order's id", 1)(cmd, args)
			}
			return cli.Exactly("repair needs an order's id and a step", 2)(cmd, args)
		},
		ValidArgsFunction: reach.CompleteOrder(std),
		RunE: func(cmd *cobra.Command, args []string) error {
			if action := contract.RepairOrderAction(r.action); !action.Valid() {
				return fmt.Errorf("repair: --action must be %s, %s, %s, %s, %s or %s, is %q", contract.ActionRetry, contract.ActionSkip,
					contract.ActionResume, contract.ActionRerun, contract.ActionNudge, contract.ActionAcknowledge, r.action)
			}
			if r.dryRun && !r.restarts() {
				return errors.New("repair: --dry-run goes with --action resume and rerun")
			}
			var err error
			if r.order, err = reach.OrderID(std, cmd, args[0]); err != nil {
				return err
			}
			if !r.whole() {
				r.step = args[1]
			}
			c, err := admin.New(std, cmd, "repair")
			if err != nil {
				return err
			}
			if r.restarts() {
				if err := r.preview(cmd.Context(), std.Aside(cmd), c); err != nil || r.dryRun {
					return err
				}
			}
			status, order, err := r.send(cmd.Context(), c, false)
			if err != nil {
				return err
			}
			return r.print(std, cmd, status == http.StatusOK, order)
		},
	}
	cmd.Flags().StringVar(&r.action, "action", "", "retry: make the next attempt now; skip: stop trying to undo the step; resume: take up a stopped saga, or one that stands still; rerun: reset the saga to its beginning; nudge: remind the services of a choreographed order; acknowledge: mark the order as reviewed")
	cmd.Flags().BoolVar(&r.dryRun, "dry-run", false, "only print what a resume or a rerun would do, or why it is refused")
	cmd.Flags().StringVar(&r.refund, "refund", "", "the refund whose step is retried; without it, the step is one of the order")
	cmd.Flags().StringVar(&r.reason, "reason", "", "why, for the record; no personal data")
	cmd.Flags().StringVar(&r.reference, "reference", "", "where the manual fix is documented; required to skip a step that holds money")
	cmd.Flags().BoolVar(&r.json, "json", false, "print the order as JSON")
	cli.Require(cmd, "action", "reason")
	admin.AddFlags(cmd)
	cli.Choices(cmd, "action", string(contract.ActionRetry), string(contract.ActionSkip), string(contract.ActionResume), string(contract.ActionRerun),
		string(contract.ActionNudge), string(contract.ActionAcknowledge))
	return cmd
}

// body returns the body of the request; dry: it only asks what the repair would do.
func (r repair) body(dry bool) contract.RepairOrder {
	body := contract.RepairOrder{Action: contract.RepairOrderAction(r.action), Reason: &r.reason}
	if r.step != "" {
		body.Step = &r.step
	}
	if r.refund != "" {
		body.Refund = &r.refund
	}
	if r.reference != "" {
		body.Reference = &r.reference
	}
	if dry {
		body.DryRun = &dry
	}
	return body
}

// send sends the repair, or only tries it, and returns the status and the order as JSON.
func (r repair) send(ctx context.Context, c admin.Client, dry bool) (status int, order []byte, err error) {
	return c.Do(ctx, http.MethodPost, "/v1/orders/"+url.PathEscape(r.order)+"/repair", r.body(dry))
}

// preview asks whether the repair would be refused, and writes what it will do and what not.
func (r repair) preview(ctx context.Context, s show.Screen, c admin.Client) error {
	_, order, err := r.send(ctx, c, true)
	if err != nil {
		return err
	}
	var view workflows.OrderView
	if err := json.Unmarshal(order, &view); err != nil {
		return fmt.Errorf("repair: the answer is no order: %w", err)
	}
	return orderview.Restart(s, view, r.action == string(contract.ActionRerun))
}

// print writes the outcome of a repair, and the order.
func (r repair) print(std cli.Stdio, cmd *cobra.Command, made bool, order []byte) error {
	if r.json {
		_, err := std.Out.Write(order)
		return err
	}
	var view workflows.OrderView
	if err := json.Unmarshal(order, &view); err != nil {
		return fmt.Errorf("repair: the answer is no order: %w", err)
	}
	said := "done"
	switch {
	case !made && r.restarts():
		said = "it runs again, and has not decided yet"
	case !made:
		said = "recorded, takes effect later"
	case r.acknowledges() && view.NeedsAttention:
		said = "done; it needs attention again" // a flag was raised after the request
	case r.action == string(contract.ActionRetry) && needsAttention(view, r.step, r.refund):
		said = "called again; it still needs attention" // until that call succeeds; the answer does not wait for it
	}
	of := r.step
	if r.whole() {
		of = "the order"
	}
	if _, err := fmt.Fprintf(std.Out, "%s of %s: %s\n\n", r.action, of, said); err != nil {
		return err
	}
	return orderview.Write(std.Screen(cmd), view, registry.Words())
}

func needsAttention(o workflows.OrderView, step, refund string) bool {
	for _, a := range o.Attention {
		if a.Step == step && a.Saga == refund {
			return true
		}
	}
	return false
}
