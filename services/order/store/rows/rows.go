// Package rows is how the order service keeps orders in its database.
package rows

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/order"
)

// Order is the row of an order.
type Order struct {
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
	Origin           string // see [order.Legacy]
}

// TableName returns the name of the orders.
func (Order) TableName() string { return "orders" }

// OfAccount is the SQL condition of orders that are those of the account that they name, see
// [order.AccountOf], and of imported ones: no guest has placed these.
const OfAccount = `(orders.origin <> '' OR length(orders.id) = 36 AND substr(orders.id, 15, 1) <> '4')`

// Line is a line of an order's placement.
type Line struct {
	OrderID  string `gorm:"primaryKey"`
	Position int    `gorm:"primaryKey"`
	SKU      string `gorm:"column:sku"`
	Quantity int64
}

// TableName returns the name of the lines.
func (Line) TableName() string { return "order_lines" }

// Change is a change of an order's status.
type Change struct {
	OrderID    string `gorm:"primaryKey"`
	Position   int64  `gorm:"primaryKey"`
	FromStatus string
	ToStatus   string
	Reason     string
	At         time.Time
}

// TableName returns the name of the changes.
func (Change) TableName() string { return "order_history" }

// New returns the rows of a new order.
func New(id string, p order.Placement, now time.Time) (Order, []Line, error) {
	p.PaymentToken = "" // see the package comment of the order service
	placement, err := json.Marshal(p)
	if err != nil {
		return Order{}, nil, fault.Errorf(fault.Bug, fault.Invalid, "encode the placement: %w", err)
	}
	row := Order{
		ID: id, Version: 1, CustomerID: p.CustomerID, Status: string(order.Pending),
		Placement: string(placement), CreatedAt: now, UpdatedAt: now,
		Attention: "[]", Waivers: "[]", Acknowledgements: "[]", Repairs: "[]",
	}
	if !p.DecideBy.IsZero() {
		by := p.DecideBy.UTC().Truncate(time.Microsecond)
		row.DecideBy = &by
	}
	lines := make([]Line, 0, len(p.Lines))
	for i, l := range p.Lines {
		lines = append(lines, Line{OrderID: id, Position: i + 1, SKU: l.SKU, Quantity: l.Quantity})
	}
	return row, lines, nil
}

// Take copies the mutable fields of an order.
func (r *Order) Take(to order.Record) error {
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

// Listed is the inverse of list; no items are nil.
func Listed[T any](data string, items *[]T) error {
	err := json.Unmarshal([]byte(data), items)
	if len(*items) == 0 {
		*items = nil
	}
	return err
}

// Record returns the order of r, always from the stored JSON, so that a repeat gets the
// same as the first call.
func (r *Order) Record() (order.Record, error) {
	rec := order.Record{ID: r.ID, Version: r.Version, Refunded: r.RefundedMinor, Origin: r.Origin, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC()}
	if err := json.Unmarshal([]byte(r.Placement), &rec.Placement); err != nil {
		return order.Record{}, Unreadable(r.ID, err)
	}
	var err error
	if rec.Status, err = order.ParseStatus(r.Status); err != nil {
		return order.Record{}, Unreadable(r.ID, err)
	}
	if rec.Reason, err = parseReason(r.Reason); err != nil {
		return order.Record{}, Unreadable(r.ID, err)
	}
	if rec.Decided, err = parseReason(r.Decided); err != nil {
		return order.Record{}, Unreadable(r.ID, err)
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
		Listed(r.Attention, &rec.Attention), Listed(r.Waivers, &rec.Waivers), Listed(r.Acknowledgements, &rec.Acknowledgements),
		Listed(r.Repairs, &rec.Repairs),
	); err != nil {
		return order.Record{}, Unreadable(r.ID, err)
	}
	if r.NotedAt != nil {
		rec.NotedAt = r.NotedAt.UTC()
	}
	return rec, nil
}

// Value returns the change of r.
func (r *Change) Value() (c order.Change, err error) {
	c.At = r.At.UTC()
	if c.From, err = order.ParseStatus(r.FromStatus); err != nil {
		return order.Change{}, Unreadable(r.OrderID, err)
	}
	if c.To, err = order.ParseStatus(r.ToStatus); err != nil {
		return order.Change{}, Unreadable(r.OrderID, err)
	}
	if c.Reason, err = parseReason(r.Reason); err != nil {
		return order.Change{}, Unreadable(r.OrderID, err)
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

// Unreadable is the error of a row that another program wrote, perhaps a newer one. It
// must not look like a refusal, which a parser's fault means elsewhere.
func Unreadable(id string, err error) error {
	return fault.Errorf(fault.Bug, fault.Internal, "order %s cannot be read: %w", id, err)
}
