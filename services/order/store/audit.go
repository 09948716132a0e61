package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/amends/amends/event/outbox/compare"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/barrier/pages"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	orderaudit "github.com/amends/amends/services/order/audit"
	"github.com/amends/amends/services/order/store/refunds"
	"github.com/amends/amends/services/order/store/rows"
)

var _ orderaudit.Auditor = (*Store)(nil)

// Audit implements [orderaudit.Auditor].
func (s *Store) Audit(ctx context.Context, r audit.Range) (orderaudit.Page, error) {
	page, err := s.audit(ctx, r)
	return page, database.Fault(err)
}

func (s *Store) audit(ctx context.Context, r audit.Range) (orderaudit.Page, error) {
	q := pages.Within(s.db.WithContext(ctx).Table("orders"), "id", r).Select(`id, status, reason, decided, total_minor, total_currency,
		created_at, updated_at, decide_by, needs_attention, waivers, customer_id, noted_at, acknowledgements, refunded_minor, origin,
		(SELECT state FROM courses WHERE order_id = orders.id) AS course,
		(SELECT CAST(coalesce(sum(quantity), 0) AS bigint) FROM order_lines WHERE order_id = orders.id) AS units`)
	if len(r.Sagas) == 0 && r.Limit > 0 {
		q = q.Limit(r.Limit)
	}
	var found []auditRow
	if err := q.Order("id").Find(&found).Error; err != nil {
		return orderaudit.Page{}, fmt.Errorf("read orders: %w", err)
	}
	page := orderaudit.Page{Facts: make([]orderaudit.Fact, len(found))}
	if len(found) == 0 {
		return page, nil
	}
	if last := found[len(found)-1].ID; len(r.Sagas) == 0 && len(found) == r.Limit {
		page.Next, r.To = last, last
	}
	// After the orders: a history with more changes than its order then belongs to an
	// order that was just decided, and is too young to be judged.
	var changes []rows.Change
	err := pages.Within(s.db.WithContext(ctx), "order_id", r).Order("order_id, position").Find(&changes).Error
	if err != nil {
		return orderaudit.Page{}, fmt.Errorf("read order histories: %w", err)
	}
	histories := map[string][]order.Change{}
	for i := range changes {
		c, err := changes[i].Value()
		if err != nil {
			return orderaudit.Page{}, err
		}
		histories[changes[i].OrderID] = append(histories[changes[i].OrderID], c)
	}
	paid, err := refunds.Within(ctx, s.db, r)
	if err != nil {
		return orderaudit.Page{}, err
	}
	telling, err := compare.Sagas(ctx, s.db, r, results(found, histories, paid))
	if err != nil {
		return orderaudit.Page{}, err
	}
	for i := range found {
		if page.Facts[i], err = found[i].fact(histories[found[i].ID], paid[found[i].ID]); err != nil {
			return orderaudit.Page{}, err
		}
		page.Facts[i].Telling = telling[found[i].ID]
	}
	return page, nil
}

// results returns what the service has told of the orders, except for flags: an order
// keeps its present ones only.
func results(orders []auditRow, histories map[string][]order.Change, paid map[string][]order.Refund) (all []compare.Result) {
	for _, r := range orders {
		if r.Origin != "" { // nothing is told of it
			continue
		}
		all = append(all, compare.Result{Saga: r.ID, What: "it is placed", Type: order.PlacedFact.Type(), At: r.CreatedAt})
		for _, c := range histories[r.ID] {
			if c.To != order.Pending {
				fact := order.Record{Status: c.To}.Standing()
				all = append(all, compare.Result{Saga: r.ID, What: "it is " + string(c.To), Type: fact.Type(), At: c.At})
			}
		}
		for _, f := range paid[r.ID] {
			if f.Status == order.RefundDone {
				all = append(all, compare.Result{Saga: r.ID, What: "refund " + f.ID + " is done", Type: order.RefundedFact.Type(), At: f.ClosedAt})
			}
		}
	}
	return all
}

// auditRow is an order without its placement and view, which are large.
type auditRow struct {
	ID             string
	Status         order.Status
	Reason         order.Reason
	Decided        order.Reason
	TotalMinor     *int64
	TotalCurrency  *string
	CreatedAt      time.Time
	UpdatedAt      time.Time
	DecideBy       *time.Time
	NeedsAttention bool
	Waivers        string
	RefundedMinor  int64
	Units          int64
	Course         *string // nil: a workflow takes it on

	Origin           string
	CustomerID       string
	NotedAt          *time.Time
	Acknowledgements string
}

func (r *auditRow) fact(history []order.Change, paid []order.Refund) (orderaudit.Fact, error) {
	f := orderaudit.Fact{
		ID: r.ID, Status: r.Status, Reason: r.Reason, Units: r.Units,
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(), ChangedAt: r.UpdatedAt.UTC(), NeedsAttention: r.NeedsAttention, Customer: r.CustomerID, Refunded: r.RefundedMinor, Origin: r.Origin,
		Wrong: orderaudit.CheckHistory(order.Record{Status: r.Status, Reason: r.Reason, Decided: r.Decided}, history),
	}
	f.AddRefunds(paid)
	if err := f.AddCourse(r.Course, r.Decided); err != nil {
		return f, rows.Unreadable(r.ID, err)
	}
	if r.TotalMinor != nil && r.TotalCurrency != nil {
		total := money.New(*r.TotalMinor, money.Currency(*r.TotalCurrency))
		f.Total = &total
	}
	if r.DecideBy != nil {
		f.DecideBy = r.DecideBy.UTC()
	}
	var looks []ledger.Acknowledgement
	if err := errors.Join(rows.Listed(r.Waivers, &f.Waivers), rows.Listed(r.Acknowledgements, &looks)); err != nil {
		return orderaudit.Fact{}, rows.Unreadable(r.ID, err)
	}
	if r.NotedAt != nil && r.NotedAt.After(f.ChangedAt) {
		f.ChangedAt = r.NotedAt.UTC()
	}
	for _, a := range looks {
		if a.At.After(f.ChangedAt) {
			f.ChangedAt = a.At.UTC()
		}
	}
	for i, w := range f.Waivers {
		f.Waivers[i] = w.Brief()
	}
	return f, nil
}
