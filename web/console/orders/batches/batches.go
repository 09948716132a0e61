// Package batches has the page of a batch: one action for many orders.
package batches

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/ask"
	"github.com/amends/amends/web/console/batch"
	"github.com/amends/amends/web/console/trial"
	"github.com/amends/amends/web/console/visit"
	"github.com/amends/amends/web/console/words"
)

// data fills in the page of a batch.
type data struct {
	batch.Batch

	Run   batch.Run
	Kept  bool // it outlives this process
	Token string
	Acts  bool
}

// Dry reports whether the batch only tries its action.
func (d data) Dry() bool { return strings.HasPrefix(d.Action, dryOf) }

// Start does one action to all orders that a form selects: to each, for each of its
// flagged steps, as far as its state allows it at that time.
func Start(v *visit.Visit) error {
	if err := v.R.ParseForm(); err != nil {
		return err //nolint:wrapcheck // shown as such
	}
	orders, action, reason := v.R.PostForm["order"], v.R.PostFormValue("action"), v.R.PostFormValue("reason") //nolint:forbidigo // a field of the request, not the function of the client
	switch {
	case !v.Who.Acts():
		return visit.Refuse("SCOPE_MISSING", "Support sees, operators act", "")
	case len(orders) == 0:
		return visit.Refuse("VALIDATION_FAILED", "No order is selected", "Go back, and select some.")
	case reason == "":
		return visit.Refuse("REASON_MISSING", "The reason is missing", "Go back, and say why.")
	}
	if trial.Wanted(v) { // nothing of it is to be kept
		return goThrough(v, v.Unkept.Start(v.Who.Name, dryOf+action, reason, orders))
	}
	b, err := keep(v, action, reason, orders)
	if err != nil {
		return err
	}
	return goThrough(v, b)
}

// keep keeps the list of a batch. Orders are repaired most when something is down, so one
// that the API cannot keep right now is kept by this process.
func keep(v *visit.Visit, action, reason string, orders []string) (batch.Batch, error) {
	var made contract.Batch
	in := contract.StartBatch{Action: contract.StartBatchAction(action), Reason: reason, Orders: orders}
	switch err := v.Admin.Post(v.Ctx(), "/v1/batches", "", in, &made); {
	case err == nil:
		return ofContract(made), nil
	case ask.StatusOf(err) == http.StatusServiceUnavailable, ask.CodeOf(err) == ask.Missing:
		v.Config.Logger.WarnContext(v.Ctx(), "a batch ends with this process", "error", err)
		return v.Unkept.Start(v.Who.Name, action, reason, orders), nil
	default:
		return batch.Batch{}, err //nolint:wrapcheck // a problem
	}
}

// goThrough goes through a batch in the name of the visitor, and leads to its page.
func goThrough(v *visit.Visit, b batch.Batch) error {
	v.Runs.Go(inName(v, b), b.ID, b.Turn)
	return v.SeeOther("/batches/" + b.ID)
}

// dryOf begins the action of a batch that only tries it.
const dryOf = "dry run of "

// inName returns the person of a visit, in whose name a batch makes its requests.
func inName(v *visit.Visit, b batch.Batch) batch.Person {
	who := *v // the request ends before the batch
	return batch.Person{Name: who.Who.Name, List: listOf(&who, b.ID), Do: func(ctx context.Context, order string) (batch.State, string, error) {
		return doOne(ctx, &who, order, b.Action, b.Reason)
	}}
}

// present returns a client in the name of a person whose session is open, with a token of now.
func present(ctx context.Context, v *visit.Visit) (ask.Client, error) {
	if !v.Sessions.Open(v.Who) {
		return ask.Client{}, batch.ErrEnded
	}
	bearer, err := v.Who.Bearer(ctx, v.Config.Now())
	if err != nil {
		return ask.Client{}, batch.ErrEnded // without a new token it is as good as over
	}
	return ask.Client{Handler: v.Config.Admin, Bearer: bearer, From: v.R.RemoteAddr, Log: v.Config.Logger}, nil
}

// doOne makes the requests of a batch about one order. A session that has ended makes none.
func doOne(ctx context.Context, v *visit.Visit, order, action, reason string) (batch.State, string, error) {
	admin, err := present(ctx, v)
	if err != nil {
		return "", "", err
	}
	path := "/v1/orders/" + url.PathEscape(order)
	var o contract.OperatorsOrder
	if err := admin.Get(ctx, path, nil, &o); err != nil {
		return "", "", err //nolint:wrapcheck // a problem
	}
	action, dry := strings.CutPrefix(action, dryOf)
	made, would := 0, []string(nil)
	for _, a := range words.Deref(o.Actions) {
		if string(a.Action) != action {
			continue
		}
		body := contract.RepairOrder{Action: contract.RepairOrderAction(action), Step: a.Step, Refund: a.Refund, Reason: &reason, DryRun: &dry}
		var after contract.OperatorsOrder
		if err := admin.Post(ctx, path+"/repair", "", body, &after); err != nil {
			return "", "", err //nolint:wrapcheck // a problem
		}
		made, would = made+1, append(would, trial.Effects(words.Deref(after.DryRun))...)
	}
	switch {
	case made == 0:
		return batch.Skipped, "its state does not allow this, or does not need it any more", nil
	case dry:
		return batch.Done, "nothing was changed; it " + cmp.Or(strings.Join(would, "; "), "asks no step, and takes no flag down"), nil
	}
	return await(ctx, admin, path)
}

// patience is how long a batch waits for the effect on one order, so that its page tells the
// effect and not the request.
const patience = 3 * time.Second

// await waits until an order is flagged no more.
func await(ctx context.Context, admin ask.Client, path string) (batch.State, string, error) {
	for until := time.Now().Add(patience); ; {
		var o contract.OperatorsOrder
		if err := admin.Get(ctx, path, nil, &o); err != nil {
			return "", "", err //nolint:wrapcheck // a problem
		}
		if !o.NeedsAttention {
			return batch.Done, "settled: " + o.Status, nil
		}
		if time.Now().After(until) {
			return batch.Done, "attempted: it still needs a person", nil
		}
		select {
		case <-ctx.Done():
			return "", "", ctx.Err()
		case <-time.After(patience / 10):
		}
	}
}

func read(v *visit.Visit) (d data, err error) {
	id := v.R.PathValue("id")
	d = data{Run: v.Runs.Of(id), Token: v.Token(), Acts: v.Who.Acts()}
	if d.Batch, err = v.Unkept.As("").Get(v.Ctx(), id); err == nil {
		return d.running(), nil
	}
	d.Kept = true
	d.Batch, err = apiList{v}.Get(v.Ctx(), id)
	return d.running(), err
}

// running marks the order that this process is busy with.
func (d data) running() data {
	for i, item := range d.Items {
		if d.Run.Active && item.Order == d.Run.Order && item.State == batch.Waiting {
			d.Items[i].State = batch.Running
		}
	}
	return d
}

// Show answers with the page of a batch.
func Show(v *visit.Visit) error {
	d, err := read(v)
	if err != nil {
		return err
	}
	return v.ShowLive("batch", "Batch "+d.ID, visit.Below+"/batches/"+d.ID+"/stream", d)
}

// Stream keeps the page of a batch up to date.
func Stream(v *visit.Visit) error {
	return v.Follow(500*time.Millisecond, func() (string, bool, error) {
		d, err := read(v)
		if err != nil {
			return "", false, err
		}
		html, err := v.Part("batch-live", d)
		return html, d.Over(), err
	})
}

// Steer stops a batch, or resumes it in the name of the one who asks for that.
func Steer(v *visit.Visit) error {
	id, state := v.R.PathValue("id"), batch.Resumed
	if !v.Who.Acts() {
		return visit.Refuse("SCOPE_MISSING", "Support sees, operators act", "")
	}
	if v.R.PostFormValue("do") == "stop" {
		state = batch.Stopped
	}
	b, err := listOf(v, id).Add(v.Ctx(), id, batch.Note{State: state})
	if err != nil {
		return err //nolint:wrapcheck // a problem
	}
	if state == batch.Stopped {
		return v.SeeOther("/batches/" + url.PathEscape(id))
	}
	return goThrough(v, b)
}
