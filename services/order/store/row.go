package store

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/order"
)

type orderRow struct {
	ID            string `gorm:"primaryKey"`
	CustomerID    string
	Status        string
	Reason        string
	TotalMinor    *int64 // nil: not quoted, and then no currency either
	TotalCurrency *string
	Placement     string  // JSON
	View          *string // JSON
	Changes       int64   // number of rows of history
	Version       int64   // see [order.Record]
	CreatedAt     time.Time
	UpdatedAt     time.Time `gorm:"autoUpdateTime:false"` // set by the domain, not by GORM

	NeedsAttention bool
	Attention      string     // JSON
	Waivers        string     // JSON
	NotedAt        *time.Time // nil: never
	DecideBy       *time.Time // of the placement; nil: never

	Acknowledgements string // JSON
	Decided          string
	DecidedAt        *time.Time // nil: it was not aborted
	RefundedMinor    int64
	Repairs          string // JSON
}

func (orderRow) TableName() string { return "orders" }

type lineRow struct {
	OrderID  string `gorm:"primaryKey"`
	Position int    `gorm:"primaryKey"`
	SKU      string `gorm:"column:sku"`
	Quantity int64
}

func (lineRow) TableName() string { return "order_lines" }

type changeRow struct {
	OrderID    string `gorm:"primaryKey"`
	Position   int64  `gorm:"primaryKey"`
	FromStatus string
	ToStatus   string
	Reason     string
	At         time.Time
}

func (changeRow) TableName() string { return "order_history" }

// newRows returns the rows of a new order.
func newRows(id string, p order.Placement, now time.Time) (orderRow, []lineRow, error) {
	p.PaymentToken = "" // see the package comment of the order service
	placement, err := json.Marshal(p)
	if err != nil {
		return orderRow{}, nil, fault.Errorf(fault.Bug, fault.Invalid, "encode the placement: %w", err)
	}
	row := orderRow{
		ID: id, Version: 1, CustomerID: p.CustomerID, Status: string(order.Pending),
		Placement: string(placement), CreatedAt: now, UpdatedAt: now,
		Attention: "[]", Waivers: "[]", Acknowledgements: "[]", Repairs: "[]",
	}
	if !p.DecideBy.IsZero() {
		by := p.DecideBy.UTC().Truncate(time.Microsecond)
		row.DecideBy = &by
	}
	lines := make([]lineRow, 0, len(p.Lines))
	for i, l := range p.Lines {
		lines = append(lines, lineRow{OrderID: id, Position: i + 1, SKU: l.SKU, Quantity: l.Quantity})
	}
	return row, lines, nil
}

// take copies the mutable fields of an order.
func (r *orderRow) take(to order.Record) error {
	if r.Status != string(to.Status) {
		r.Changes++
	}
	r.Version, r.Status, r.Reason, r.UpdatedAt = to.Version, string(to.Status), string(to.Reason), to.UpdatedAt
	if to.Total != nil {
		minor, currency := to.Total.Minor, string(to.Total.Currency)
		r.TotalMinor, r.TotalCurrency = &minor, &currency
	}
	if len(to.View) > 0 {
		view := string(to.View)
		r.View = &view
	}
	r.Decided = string(to.Decided)
	if !to.DecidedAt.IsZero() {
		r.DecidedAt = &to.DecidedAt
	}
	r.NeedsAttention, r.RefundedMinor = to.NeedsAttention(), to.Refunded
	if !to.NotedAt.IsZero() {
		r.NotedAt = &to.NotedAt
	}
	var err error
	if r.Attention, err = list(to.Attention); err != nil {
		return err
	}
	if r.Waivers, err = list(to.Waivers); err != nil {
		return err
	}
	if r.Repairs, err = list(to.Repairs); err != nil {
		return err
	}
	r.Acknowledgements, err = list(to.Acknowledgements)
	return err
}

// list encodes items for a JSON column.
func list[T any](items []T) (string, error) {
	if len(items) == 0 {
		return "[]", nil
	}
	data, err := json.Marshal(items)
	if err != nil {
		return "", fault.Errorf(fault.Bug, fault.Invalid, "encode the order's note: %w", err)
	}
	return string(data), nil
}

// listed is list's inverse; no items are nil.
func listed[T any](data string, items *[]T) error {
	err := json.Unmarshal([]byte(data), items)
	if len(*items) == 0 {
		*items = nil
	}
	return err
}

// record returns the order of r, always from the stored JSON, so that a repeat gets the
// same as the first call.
func (r *orderRow) record() (order.Record, error) {
	rec := order.Record{ID: r.ID, Version: r.Version, Refunded: r.RefundedMinor, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC()}
	if err := json.Unmarshal([]byte(r.Placement), &rec.Placement); err != nil {
		return order.Record{}, unreadable(r.ID, err)
	}
	var err error
	if rec.Status, err = order.ParseStatus(r.Status); err != nil {
		return order.Record{}, unreadable(r.ID, err)
	}
	if rec.Reason, err = parseReason(r.Reason); err != nil {
		return order.Record{}, unreadable(r.ID, err)
	}
	if rec.Decided, err = parseReason(r.Decided); err != nil {
		return order.Record{}, unreadable(r.ID, err)
	}
	if r.DecidedAt != nil {
		rec.DecidedAt = r.DecidedAt.UTC()
	}
	if r.TotalMinor != nil && r.TotalCurrency != nil {
		total := money.New(*r.TotalMinor, money.Currency(*r.TotalCurrency))
		rec.Total = &total
	}
	if r.View != nil {
		rec.View = json.RawMessage(*r.View)
	}
	if err := errors.Join(
		listed(r.Attention, &rec.Attention), listed(r.Waivers, &rec.Waivers), listed(r.Acknowledgements, &rec.Acknowledgements),
		listed(r.Repairs, &rec.Repairs),
	); err != nil {
		return order.Record{}, unreadable(r.ID, err)
	}
	if r.NotedAt != nil {
		rec.NotedAt = r.NotedAt.UTC()
	}
	return rec, nil
}

func (r *changeRow) change() (c order.Change, err error) {
	c.At = r.At.UTC()
	if c.From, err = order.ParseStatus(r.FromStatus); err != nil {
		return order.Change{}, unreadable(r.OrderID, err)
	}
	if c.To, err = order.ParseStatus(r.ToStatus); err != nil {
		return order.Change{}, unreadable(r.OrderID, err)
	}
	if c.Reason, err = parseReason(r.Reason); err != nil {
		return order.Change{}, unreadable(r.OrderID, err)
	}
	return c, nil
}

// parseReason reads a column that is empty without a reason.
func parseReason(s string) (order.Reason, error) {
	if s == "" {
		return "", nil
	}
	return order.ParseReason(s)
}

// unreadable is the error of a row that another program wrote, perhaps a newer one. It
// must not look like a refusal, which a parser's fault means elsewhere.
func unreadable(id string, err error) error {
	return fault.Errorf(fault.Bug, fault.Internal, "order %s cannot be read: %w", id, err)
}
