// Package orders has the pages about orders: the list, one order with the picture of its saga
// and the actions that it allows, and batches of actions.
package orders

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/picture"
	"github.com/amends/amends/web/console/visit"
	"github.com/amends/amends/web/console/words"
	"github.com/amends/amends/web/look"
)

// orderData fills in the page of one order.
type orderData struct {
	contract.OperatorsOrder

	Picture  picture.Picture
	Rows     []row
	Holds    []string // effects that stand right now, in words
	Holdings contract.Holdings
	Ledger   []booking
	Stock    []stocked
	Parcels  []parcel
	Timeline []contract.TimelineEntry
	Log      []entry
	Refunds  []contract.Refund
	Messages []contract.Notification
	Missing  []string // parts that do not answer
	Engine   string   // the page of the workflow in the engine's Web UI
	Token    string
	Role     contract.OperatorRole
	Trial    *tried // a dry run; nil: none

	// Key is that of the page's forms, so that a repeat of one is one request, and RefundKey
	// that of the refund, so that this holds for a page that is loaded anew, too.
	Key, RefundKey string
}

// row is a step in the table that says the same as the picture.
type row struct {
	contract.Step

	Kind look.Kind
	Word string
	Took string
}

// Show answers with the page of one order.
func Show(v *visit.Visit) error {
	if key := v.R.URL.Query().Get(paid); key != "" {
		v.Intents.Seen(v.Who.Name, v.R.PathValue("id"), key)
	}
	d, err := readOrder(v)
	if err != nil {
		return err
	}
	return show(v, d)
}

func show(v *visit.Visit, d orderData) error {
	return v.ShowLive("order", "Order "+d.Id, visit.Below+"/orders/"+url.PathEscape(d.Id)+"/stream", d)
}

// draw fills in the picture, and the table that says the same.
func (d *orderData) draw(now time.Time) {
	s := picture.Saga{Now: now}
	for _, st := range d.Steps {
		drawn := picture.Step{
			Name: st.Name, State: st.State, Attempts: st.Attempts, Started: words.Deref(st.StartedAt), Ended: words.Deref(st.EndedAt),
			Error: words.Deref(st.Error), Holds: words.Deref(st.Exposure),
			Flagged: slices.ContainsFunc(d.Attention, func(a contract.Attention) bool { return a.Step == st.Name && a.Saga == nil }),
		}
		s.Steps = append(s.Steps, drawn)
		r := row{Step: st}
		r.Kind, r.Word = picture.Mark(drawn)
		switch {
		case drawn.Started.IsZero() || drawn.Ended.Equal(drawn.Started):
		case drawn.Ended.IsZero():
			r.Took = picture.Took(now.Sub(drawn.Started).Truncate(time.Second))
		default:
			r.Took = picture.Took(drawn.Ended.Sub(drawn.Started))
		}
		d.Rows = append(d.Rows, r)
		if drawn.Holds != "" {
			d.Holds = append(d.Holds, drawn.Holds)
		}
	}
	d.Picture = picture.Draw(s)
}

// entry is one line of the history of an order, and who did it.
type entry struct {
	At               time.Time
	What, Step, Note string
	By               string // a person; empty: the platform
	Kind             look.Kind
}

// logOf joins the facts of an order with the words of operators, the newest first.
func logOf(o contract.OperatorsOrder, timeline []contract.TimelineEntry) []entry {
	var all []entry
	for _, e := range timeline {
		kind, _ := picture.Mark(picture.Step{State: e.Step.State})
		all = append(all, entry{At: e.At, What: e.Fact, Step: e.Step.Name, Note: words.Deref(e.Step.Error), Kind: kind})
	}
	for _, a := range o.Attention {
		all = append(all, entry{At: a.Since, What: "flagged", Step: a.Step, Note: a.Code, Kind: look.Warn})
	}
	for _, r := range o.Repairs {
		all = append(all, entry{At: r.At, What: r.Action, Step: r.Step, Note: said(r.Reason, r.Reference), By: r.Operator, Kind: look.Busy})
	}
	for _, w := range o.Waivers {
		all = append(all, entry{At: w.At, What: "waived: " + w.Owed, Step: w.Step, Note: said(w.Reason, w.Reference), By: w.Operator, Kind: look.Warn})
	}
	for _, a := range o.Acknowledgements {
		all = append(all, entry{At: a.At, What: "acknowledged " + words.Plural(len(a.Flags), "flag", "flags"), Note: said(a.Reason, a.Reference), By: a.Operator, Kind: look.Good})
	}
	slices.SortStableFunc(all, func(a, b entry) int { return b.At.Compare(a.At) })
	return all
}

func said(reason string, reference *string) string {
	if reference == nil {
		return reason
	}
	return reason + " (" + *reference + ")"
}

// settled is how long a decided order is still looked at often: facts about its steps come
// a moment later.
const settled = time.Minute

// Stream keeps the page of an order up to date. An order that is over is looked at
// rarely: a refund or another flag may still come.
func Stream(v *visit.Visit) error {
	var over bool
	looked, key := time.Time{}, rand.Text()
	return v.Follow(250*time.Millisecond, func() (string, bool, error) {
		now := time.Now()
		if over && now.Sub(looked) < 5*time.Second {
			return "", false, errUnchanged
		}
		looked = now
		d, err := readOrder(v)
		if err != nil {
			return "", false, err
		}
		over = d.Status != "PENDING" && len(d.Attention) == 0 && v.Config.Now().Sub(d.UpdatedAt) > settled
		d.Key = key // the same, so that the fragment is the same
		html, err := v.Part("order-live", d)
		return html, false, err
	})
}

// errUnchanged stands for a page that was not looked at.
var errUnchanged = errors.New("unchanged")

// Data answers with the order as JSON. The contract has no personal data of the order
// but the customer's id. A look at that is in the audit.
func Data(v *visit.Visit) error {
	personal, asked := v.R.URL.Query().Get("personal") != "", url.Values{}
	if personal {
		asked.Set("personal", "true")
	}
	var o map[string]any
	if err := v.Admin.Get(v.Ctx(), "/v1/orders/"+url.PathEscape(v.R.PathValue("id")), asked, &o); err != nil {
		return err //nolint:wrapcheck // a problem
	}
	if _, ok := o["customer_id"]; ok && !personal {
		o["customer_id"] = "(redacted)"
	}
	text, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return err //nolint:wrapcheck // it was JSON
	}
	v.W.Header().Set("Content-Type", "application/json")
	v.W.Header().Set("Cache-Control", "no-store")
	v.W.WriteHeader(http.StatusOK)
	_, _ = v.W.Write(append(text, '\n')) // the client left
	return nil
}
