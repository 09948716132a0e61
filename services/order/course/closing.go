package course

import (
	"encoding/json"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

// view is an order with its saga; package workflows has the same form.
type view struct {
	ID             string             `json:"id"`
	CustomerID     string             `json:"customer_id"`
	Status         order.Status       `json:"status"`
	Reason         order.Reason       `json:"reason,omitempty"`
	Currency       money.Currency     `json:"currency"`
	Total          *order.Total       `json:"total,omitempty"`
	Lines          []order.TakenLine  `json:"lines"`
	NeedsAttention bool               `json:"needs_attention"`
	Attention      []ledger.Attention `json:"attention"`
	Waivers        []ledger.Waiver    `json:"waivers"`
	Repairs        []struct{}         `json:"repairs"`
	Steps          []step             `json:"steps"`
	Parcels        []order.Parcel     `json:"parcels"`
	CreatedAt      time.Time          `json:"created_at"`
	UpdatedAt      time.Time          `json:"updated_at"`
}

// step is a step with its effect that stands right now.
type step struct {
	order.TakenStep

	Exposure string `json:"exposure,omitempty"`
}

// Closing returns the end of r as the given status, with its final view.
func Closing(r order.Record, to order.Status, now time.Time) (order.Closing, error) {
	c := order.Closing{}
	last := "order.confirm"
	if to == order.Cancelled {
		last, c.Reason = "order.cancel", r.Decided
	}
	v := seen(r)
	v.Status, v.Reason, v.UpdatedAt, v.Parcels = to, c.Reason, now, parcels(r.Course, to)
	for i := range v.Steps {
		v.Steps[i].Exposure = "" // after the last step the order holds nothing
	}
	v.Steps = append(v.Steps, done(last, now))
	c.Total = v.Total
	var err error
	c.View, err = encoded(v)
	return c, err
}

// View returns the view of an undecided order: how far it has come, as this service has
// heard.
func View(r order.Record) (json.RawMessage, error) { return encoded(seen(r)) }

func encoded(v view) (json.RawMessage, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fault.Errorf(fault.Bug, fault.Internal, "encode the view of order %s: %w", v.ID, err)
	}
	return data, nil
}

// seen returns an order with the steps that were heard of.
func seen(r order.Record) view {
	v := view{
		ID: r.ID, CustomerID: r.Placement.CustomerID, Status: r.Status, Currency: r.Placement.Currency,
		NeedsAttention: r.NeedsAttention(), Attention: append([]ledger.Attention{}, r.Attention...),
		Waivers: append([]ledger.Waiver{}, r.Waivers...), Repairs: []struct{}{},
		Parcels: parcels(r.Course, r.Status), CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
		Steps: []step{done("order.create", r.CreatedAt)},
	}
	for _, s := range known(r) {
		shown := step{TakenStep: s}
		if e, holds := Exposures[s.Name]; holds && s.State == "done" {
			shown.Exposure = e.Words + amount(r, e.Holds)
		}
		v.Steps = append(v.Steps, shown)
		if s.EndedAt.After(v.UpdatedAt) {
			v.UpdatedAt = s.EndedAt
		}
	}
	for _, l := range r.Placement.Lines {
		v.Lines = append(v.Lines, order.TakenLine{SKU: l.SKU, Quantity: l.Quantity})
	}
	if q := r.Course.Quote; q != nil {
		v.Lines, v.Total = q.Lines, &q.Total
	}
	return v
}

func done(name string, at time.Time) step {
	return step{TakenStep: order.TakenStep{Name: name, State: "done", Attempts: 1, StartedAt: at, EndedAt: at}}
}

// parcels returns those of a course: a cancelled order has none that are booked.
func parcels(c *order.Course, to order.Status) []order.Parcel {
	all := append([]order.Parcel{}, c.Parcels...)
	for i := range all {
		if to == order.Cancelled {
			all[i].State = "cancelled"
		}
	}
	return all
}
